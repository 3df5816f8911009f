/** The quick answer beside the solver's: limits kept, bounds that hold, and a loss that is near. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyKnapsack, costOf, drawKnapsack, tryAll } from '../../../test/knapsacks.ts';
import { solveKnapsack } from './knapsack.ts';
import { solveNearly } from './knapsack-nearly.ts';

describe('solveNearly', () => {
  it.each([1, 2, 3])('keeps %i limits and bounds the optimum of small instances', (limits) => {
    fc.assert(
      fc.property(anyKnapsack(limits), (knapsack) => {
        const found = solveNearly(knapsack);
        if (!found) return;
        const optimum = tryAll(knapsack);
        expect(found.loss).toBeGreaterThanOrEqual(optimum);
        expect(found.lowerBound).toBeLessThanOrEqual(optimum + 1e-9);
        for (const [i, cost] of costOf(knapsack, found.choice).entries()) {
          expect(cost).toBeLessThanOrEqual(knapsack.limits[i]!);
        }
      }),
    );
  });

  it('finds a choice wherever there is one under one limit', () => {
    fc.assert(
      fc.property(anyKnapsack(1), (knapsack) => {
        expect(solveNearly(knapsack) === undefined).toBe(tryAll(knapsack) === Infinity);
      }),
    );
  });

  it('exchanges what prices cannot see', () => {
    // on the hull are losses 9 and 2 only
    const layer = (loss: number) => [
      { loss: 9, costs: [0] },
      { loss, costs: [5] },
      { loss: 2, costs: [6] },
    ];
    const knapsack = { layers: [layer(5.5), layer(5)], limits: [10] };
    expect(solveNearly(knapsack)!.choice).toEqual([1, 1]);
  });

  it('is near the optimum of large instances', async () => {
    for (const limits of [1, 2, 3]) {
      const knapsack = drawKnapsack(limits, 15, 20, limits);
      const near = solveNearly(knapsack)!;
      const { loss } = (await solveKnapsack(knapsack))!;
      expect(near.loss / loss).toBeLessThan(1.03);
      expect(near.lowerBound).toBeLessThanOrEqual(loss);
      expect(near.lowerBound / loss).toBeGreaterThan(0.95);
      expect(solveNearly(knapsack)).toEqual(near);
    }
  });
});
