/** What is said of limits at once, against all choices. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anyKnapsack, costOf, tryAll } from '../../../test/knapsacks.ts';
import { reachNearly } from './knapsack-reach.ts';

const usesOf = (knapsack: Parameters<typeof costOf>[0], choice: readonly number[]) =>
  costOf(knapsack, choice).map((cost, i) => cost / knapsack.limits[i]!);

it.each([1, 2, 3])('bounds what %i limits are used for, and calls none out of reach that a choice keeps', (limits) => {
  fc.assert(
    fc.property(anyKnapsack(limits), (knapsack) => {
      fc.pre(knapsack.limits.every((limit) => limit > 0));
      const { choice, most, lowerBound } = reachNearly(knapsack);
      expect(Math.max(...usesOf(knapsack, choice))).toBeCloseTo(most, 9);
      expect(lowerBound).toBeLessThanOrEqual(most + 1e-9);
      if (tryAll(knapsack) < Infinity) expect(lowerBound).toBeLessThanOrEqual(1 + 1e-9);
    }),
  );
});

it('knows that two limits exclude each other', () => {
  const items = [
    { loss: 0, costs: [1, 9] },
    { loss: 0, costs: [9, 1] },
  ];
  const { most, lowerBound } = reachNearly({ layers: [items, items], limits: [4, 4] });
  expect(lowerBound).toBeGreaterThan(1);
  expect(most).toBeCloseTo(2.5, 9);
});
