import { describe, expect, it } from 'vitest';
import type { Moments } from './moments.ts';
import { bestBias, dampen, filterErrors, refit } from './refit.ts';

const of = (...values: number[]) => Float64Array.from(values);

/** One input of variance 2 and mean 1; one output of variance 5 and mean 4. */
const single = (cross: number): Moments => ({
  filters: 1,
  inputs: 1,
  xMean: of(1),
  yMean: of(4),
  covariance: of(2),
  cross: of(cross),
  variance: of(5),
});

/** Two inputs with covariance [[2, 1], [1, 3]], two outputs: y = [[1, 2], [0, -1]] x. */
const pair: Moments = {
  filters: 2,
  inputs: 2,
  xMean: of(1, -1),
  yMean: of(0, 0),
  covariance: of(2, 1, 1, 3),
  // rows of W times the covariance
  cross: of(2 + 2, 1 + 6, -1, -3),
  // w C w': (1, 2) . (4, 7) and (0, -1) . (-1, -3)
  variance: of(18, 3),
};

describe('filterErrors', () => {
  it('is Var[y] - 2 w Cov[x, y] + w Cov[x] w', () => {
    expect([...filterErrors(of(1), single(3))]).toEqual([5 - 2 * 3 + 2]);
    expect([...filterErrors(of(1, 2, 0, 0), pair)]).toEqual([0, 3]);
    // (1, 1): 18 - 2 (4 + 7) + (2 + 1 + 1 + 3)
    expect([...filterErrors(of(1, 1, 0, -1), pair)]).toEqual([3, 0]);
  });
});

describe('dampen', () => {
  it('adds to the diagonal in units of its mean', () => {
    expect([...dampen(pair, 0.2)]).toEqual([2.5, 1, 1, 3.5]);
  });
});

describe('bestBias', () => {
  it('makes the means equal', () => {
    expect([...bestBias(of(1.5), single(3))]).toEqual([4 - 1.5]);
    expect([...bestBias(of(1, 2, 0, -1), pair)]).toEqual([-(1 - 2), -1]);
  });
});

describe('refit', () => {
  it('takes the weakest ridge where both halves say the same', () => {
    const half = single(3);
    const { weights, strength } = refit(of(1), { all: half, halves: [half, half] });
    expect(strength).toBe(1e-4);
    // 1 + (3 - 2) / (2 + 1e-4 * 2)
    expect(weights[0]).toBeCloseTo(1 + 1 / 2.0002, 12);
  });

  it('finds the weights of a linear layer from other ones', () => {
    const { weights } = refit(of(0, 0, 0, 0), { all: pair, halves: [pair, pair] });
    for (const [i, w] of [1, 2, 0, -1].entries()) expect(weights[i]).toBeCloseTo(w, 3);
  });

  it('stays near the weights where the halves contradict each other', () => {
    // slopes 1.5 and 0.5: what one half gains, the other loses twice
    const { weights, strength } = refit(of(1), { all: single(2), halves: [single(3), single(1)] });
    expect(strength).toBe(100);
    expect(weights[0]).toBe(1);
  });
});
