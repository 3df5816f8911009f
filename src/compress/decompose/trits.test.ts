import { describe, expect, it } from 'vitest';
import { Random } from '../../ir/index.ts';
import { improveChannels } from './correlated.ts';
import { errorOf, improveWb, improveWc } from './improve.ts';
import { poseProblem } from './options.ts';
import { Terms } from './terms.ts';
import { descendTrits } from './trits.ts';

describe('coordinate descent over trits', () => {
  it('changes a trit where that lowers the error, and follows with the gradient', () => {
    // E(c) = -2 g.c + c'Qc with Q = [[1, 0.5], [0.5, 1]], g = [0.8, 0.7]: the first step takes c = [1, 0] (-0.6), then
    // g = [-0.2, 0.2]; no other trit helps: 0.2 / 1 < 0.5
    const trits = Int8Array.of(0, 0);
    const gradients = Float64Array.of(0.8, 0.7);
    expect(descendTrits(trits, gradients, Float64Array.of(1, 0.5, 0.5, 1), 1)).toBe(1);
    expect([...trits]).toEqual([1, 0]);
    expect(gradients[0]).toBeCloseTo(-0.2, 12);
    expect(gradients[1]).toBeCloseTo(0.2, 12);
  });

  it('takes several rows apart, and leaves terms that are zero alone', () => {
    // two terms, three rows: [terms, rows]
    const trits = Int8Array.of(1, 0, 0, 1, 1, 1);
    const gradients = Float64Array.of(-1.8, 9, 0, 9, -0.4, 9);
    expect(descendTrits(trits, gradients, Float64Array.of(1, 0, 0, 0), 3)).toBe(1);
    expect([...trits]).toEqual([-1, 0, 0, 1, 1, 1]);
  });
});

function randomCase(seed: number, correlated: boolean) {
  const random = new Random(seed);
  const [filters, inputs, count] = [7, 6, 5];
  const weights = Float64Array.from({ length: filters * inputs }, () => random.normal());
  const root = Float64Array.from({ length: inputs * inputs }, () => random.normal());
  const covariance = new Float64Array(inputs * inputs);
  for (let i = 0; i < inputs; i++)
    for (let j = 0; j < inputs; j++)
      for (let k = 0; k < inputs; k++) covariance[i * inputs + j]! += root[i * inputs + k]! * root[j * inputs + k]!;
  const problem = poseProblem(weights, filters, inputs, {
    width: count,
    rowWeights: Float64Array.from({ length: filters }, () => random.float()),
    ...(correlated ? { covariance } : { columnWeights: Float64Array.from({ length: inputs }, () => random.float()) }),
  });
  const terms = new Terms(filters, inputs, count);
  const trits = (n: number) => Int8Array.from({ length: n }, () => random.int(3) - 1);
  for (let k = 0; k < count; k++) terms.add({ x: trits(filters), y: trits(inputs), scale: random.normal() });
  return { problem, terms };
}

describe.each([false, true])('improvement (covariance: %s)', (correlated) => {
  const steps = {
    Wc: { improve: improveWc, factor: (terms: Terms) => terms.x },
    Wb: { improve: correlated ? improveChannels : improveWb, factor: (terms: Terms) => terms.y },
  };

  const cases = Object.entries(steps).flatMap(([name, step]) => [0, 0.3].map((price) => [name, price, step] as const));
  it.each(cases)('of %s at the price %d ends where no single trit helps, lower than it began', (_, price, step) => {
    let fell = 0;
    for (let seed = 0; seed < 10; seed++) {
      const { problem, terms } = randomCase(seed, correlated);
      const factor = step.factor(terms);
      const worth = () => errorOf(terms, problem) + price * factor.reduce((sum, v) => sum + Math.abs(v), 0);
      const before = worth();
      // channels are improved term by term: repeat until the first terms have seen the last
      for (let round = 0; round < 20; round++) step.improve(terms, problem, price);
      const after = worth();
      expect(after).toBeLessThanOrEqual(before + 1e-12);
      if (after < before) fell++;
      for (let at = 0; at < factor.length; at++) {
        const kept = factor[at]!;
        for (const other of [-1, 0, 1]) {
          factor[at] = other;
          expect(worth()).toBeGreaterThan(after - 1e-9);
        }
        factor[at] = kept;
      }
    }
    expect(fell).toBe(10);
  });
});
