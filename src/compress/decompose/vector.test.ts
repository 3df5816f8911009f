import { describe, expect, it } from 'vitest';
import { Random } from '../../ir/index.ts';
import { TernaryVector } from './vector.ts';

const ones = (n: number) => new Float64Array(n).fill(1);
const bestFor = (weights: Float64Array, s: number[], otherCount = 1, unitCost = Number.POSITIVE_INFINITY) => {
  const vector = new TernaryVector(weights);
  vector.fit(Float64Array.from(s), otherCount, unitCost);
  return vector;
};

/** The largest value of `judge` over all ternary vectors that are not zero. */
function bruteForce(n: number, judge: (v: number[]) => number): number {
  let best = 0;
  for (let code = 1; code < 3 ** n; code++) {
    best = Math.max(best, judge(Array.from({ length: n }, (_, i) => (Math.floor(code / 3 ** i) % 3) - 1)));
  }
  return best;
}

describe('the best ternary vector', () => {
  it('is the best prefix of the sorted magnitudes', () => {
    // 9 / 1, (3 + 2)^2 / 2 = 12.5, (3 + 2 + 0.5)^2 / 3 = 10.08
    const vector = bestFor(ones(3), [0.5, -3, 2]);
    expect([...vector.trits]).toEqual([0, -1, 1]);
    expect([vector.count, vector.mass]).toEqual([2, 2]);
  });

  it('weighs', () => {
    // (2 x 3)^2 / 2 = 18, (6 + 8 x 1)^2 / 10 = 19.6, (14 + 0.5)^2 / 11 = 19.11
    const vector = bestFor(Float64Array.of(8, 2, 1), [1, -3, 0.5]);
    expect([...vector.trits]).toEqual([1, -1, 0]);
    expect([vector.count, vector.mass]).toEqual([2, 10]);
  });

  it('is sparser where additions are counted', () => {
    // per addition, the other vector having one: 9 / (1 + 1) = 4.5, 12.5 / (2 + 1) = 4.17
    expect([...bestFor(ones(3), [0.5, -3, 2], 1, 0).trits]).toEqual([0, -1, 0]);
    // and with a unit cost of 10: 9 / 12 = 0.75, 12.5 / 13 = 0.96, 10.08 / 14 = 0.72
    expect([...bestFor(ones(3), [0.5, -3, 2], 1, 10).trits]).toEqual([0, -1, 1]);
  });

  // with a unit cost, prefixes of the sorted magnitudes are exact for equal weights only
  it.each([
    ['by weight', Number.POSITIVE_INFINITY],
    ['per addition', 3],
  ])('is what trying all of them finds, %s', (_, unitCost) => {
    for (let seed = 0; seed < 20; seed++) {
      const random = new Random(seed);
      const s = Array.from({ length: 6 }, () => random.normal());
      const weights = ones(6).map(() => (unitCost === 3 ? 1 : random.float()));
      weights[4] = 0;
      const judge = (v: ArrayLike<number>) => {
        let [sum, mass, count] = [0, 0, 0];
        for (let i = 0; i < 6; i++) {
          if (v[i] === 0 || weights[i] === 0) continue;
          sum += weights[i]! * v[i]! * s[i]!;
          mass += weights[i]!;
          count++;
        }
        if (count === 0) return 0;
        return sum ** 2 / mass / (unitCost === 3 ? count + 2 + unitCost : 1);
      };
      const vector = bestFor(weights, s, 2, unitCost);
      expect(vector.trits[4]).toBe(0);
      expect(judge(vector.trits)).toBeCloseTo(bruteForce(6, judge), 12);
    }
  });

  it('is zero for zero', () => {
    const vector = bestFor(ones(3), [0, 0, 0]);
    expect([[...vector.trits], vector.count]).toEqual([[0, 0, 0], 0]);
  });
});

it('reports what changed', () => {
  const vector = new TernaryVector(Float64Array.of(1, 10, 1));
  vector.assign(Int8Array.of(1, 1, 0));
  // (10 x 4)^2 / 10 = 160, with the third (40 + 4)^2 / 11 = 176, with the first too 45^2 / 12 = 168.75
  expect(vector.fit(Float64Array.of(1, -4, 4), 1, Number.POSITIVE_INFINITY)).toBe(true);
  expect([...vector.trits]).toEqual([0, -1, 1]);
  // changes -1, -2, 1 times weights 1, 10, 1, on rows [1, 2], [3, 4], [5, 6]
  const out = new Float64Array(2);
  vector.addChange(Float64Array.of(1, 2, 3, 4, 5, 6), 2, out);
  expect([...out]).toEqual([-1 - 60 + 5, -2 - 80 + 6]);
  expect(vector.changeAlong(Int8Array.of(1, 1, -1))).toBe(-1 - 20 - 1);
  expect(vector.dot(Float64Array.of(7, 2, 3))).toBe(-20 + 3);
  expect(vector.fit(Float64Array.of(1, -4, 4), 1, Number.POSITIVE_INFINITY)).toBe(false);
});
