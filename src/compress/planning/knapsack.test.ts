/** The knapsack beside brute force on small instances, and within its bound on large ones. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyKnapsack, costOf, drawKnapsack, sum, tryAll } from '../../../test/knapsacks.ts';
import { findClosest, solveKnapsack } from './knapsack.ts';
import type { Item } from './knapsack-problem.ts';

describe('solveKnapsack', () => {
  it('finds what greed misses', async () => {
    // of a limit of 10, the best single step (loss 9 to 2 for 6 units) keeps both layers from stepping (5 units each)
    const layer = (loss: number): Item[] => [
      { loss: 9, costs: [0] },
      { loss, costs: [5] },
      { loss: 2, costs: [6] },
    ];
    const solution = await solveKnapsack({ layers: [layer(3), layer(4)], limits: [10] });
    expect(solution).toEqual({ choice: [1, 1], loss: 7, lowerBound: 7 });
  });

  it.each([1, 2, 3, 4])('finds the optimum of small instances under %i limits', async (limits) => {
    await fc.assert(
      fc.asyncProperty(anyKnapsack(limits), async (knapsack) => {
        const optimum = tryAll(knapsack);
        const solution = await solveKnapsack(knapsack);
        if (optimum === Infinity) {
          expect(solution).toBeUndefined();
          return;
        }
        expect(solution!.loss).toBe(optimum);
        expect(solution!.lowerBound).toBe(optimum);
        expect(sum(solution!.choice.map((j, l) => knapsack.layers[l]![j]!.loss))).toBe(optimum);
        for (const [i, cost] of costOf(knapsack, solution!.choice).entries()) {
          expect(cost).toBeLessThanOrEqual(knapsack.limits[i]!);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keeps the limits and finds the optimum of large instances', async () => {
    for (const limits of [1, 2, 4]) {
      const knapsack = drawKnapsack(limits, 20, 40, limits);
      const { choice, loss, lowerBound } = (await solveKnapsack(knapsack))!;
      expect(lowerBound).toBe(loss);
      for (const [i, cost] of costOf(knapsack, choice).entries()) {
        expect(cost).toBeLessThanOrEqual(knapsack.limits[i]! * (1 + 1e-11));
      }
    }
  });

  it('is never worse than the k-th items of all layers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), fc.integer({ min: 1, max: 4 }), fc.nat(19), async (seed, limits, k) => {
        const { layers } = drawKnapsack(seed, 12, 20, limits);
        const choice = layers.map(() => k);
        // exactly what the uniform choice costs
        const solution = await solveKnapsack({
          layers,
          limits: costOf({ layers, limits: Array(limits).fill(0) }, choice),
        });
        expect(solution!.loss).toBeLessThanOrEqual(sum(layers.map((items) => items[k]!.loss)));
      }),
      { numRuns: 8 },
    );
  });

  it('gives the same plan for the same input', async () => {
    const solve = () => solveKnapsack(drawKnapsack(7, 12, 20, 3));
    expect(await solve()).toEqual(await solve());
  });

  it('takes limits that leave nothing but the cheapest choice', async () => {
    const layers = [0.1, 0.2, 0.3].map((x) => [1, 2, 3].map((k) => ({ loss: 4 - k, costs: [k * x, (4 - k) * x] })));
    // 0.1 + 0.2 + 0.3 is not 0.6 in binary
    expect(await solveKnapsack({ layers, limits: [0.6, 100] })).toEqual({ choice: [0, 0, 0], loss: 9, lowerBound: 9 });
    expect(await solveKnapsack({ layers, limits: [0.5999, 100] })).toBeUndefined();
    // each limit within reach, not both
    expect(await solveKnapsack({ layers, limits: [0.6, 0.6] })).toBeUndefined();
  });

  it('takes the first of equal items', async () => {
    const same = { loss: 1, costs: [1] };
    const layer = [{ loss: 5, costs: [0] }, same, same, { loss: 1, costs: [2] }, same];
    expect((await solveKnapsack({ layers: [layer, layer, layer], limits: [3] }))!.choice).toEqual([1, 1, 1]);
  });

  it('refuses a choice that exceeds a limit by less than the solver can tell', async () => {
    for (const excess of [3e-12, 1e-11]) {
      for (let seed = 1; seed <= 6; seed++) {
        const knapsack = drawKnapsack(seed, 2 + (seed % 4), 8, 2);
        const best = await solveKnapsack(knapsack);
        const limits = costOf(knapsack, best!.choice).map((cost) => cost * (1 - excess));
        const other = (await solveKnapsack({ ...knapsack, limits }))!;
        expect(other.loss).toBeGreaterThan(best!.loss);
        for (const [i, cost] of costOf(knapsack, other.choice).entries()) {
          expect(cost).toBeLessThanOrEqual(limits[i]! * (1 + 1.01e-12));
        }
      }
    }
  });

  it('knows losses and costs of any scale', async () => {
    const knapsack = drawKnapsack(5, 8, 10, 2);
    const plain = await solveKnapsack(knapsack);
    for (const [of, scale] of [
      ['loss', 1e-9],
      ['loss', 1e9],
      ['costs', 1e-6],
      ['costs', 1e9],
    ] as const) {
      const lossScale = of === 'loss' ? scale : 1;
      const costScale = of === 'costs' ? scale : 1;
      const layers = knapsack.layers.map((items) =>
        items.map(({ loss, costs }) => ({ loss: loss * lossScale, costs: costs.map((cost) => cost * costScale) })),
      );
      const limits = knapsack.limits.map((limit) => limit * costScale);
      expect((await solveKnapsack({ layers, limits }))!.choice).toEqual(plain!.choice);
    }
    // one layer that must not be touched beside the others
    const sacred = [
      { loss: 1e8, costs: [0, 0] },
      { loss: 0, costs: [0.01, 0.01] },
    ];
    const beside = await solveKnapsack({ ...knapsack, layers: [...knapsack.layers, sacred] });
    expect(beside!.choice.at(-1)).toBe(1);
    expect(beside!.loss).toBeLessThan(1.1 * plain!.loss);
  });

  it('ends with a choice and its bound where it may not search to the end', async () => {
    const knapsack = drawKnapsack(2, 30, 60, 2);
    const best = (await solveKnapsack(knapsack))!;
    // nothing is searched: the choice that is nearest to the limits, and the bound of the relaxation
    const { choice, loss, lowerBound } = (await solveKnapsack(knapsack, { gap: 0, nodes: 0 }))!;
    expect(costOf(knapsack, choice).every((cost, i) => cost <= knapsack.limits[i]!)).toBe(true);
    expect(loss).toBeGreaterThan(best.loss);
    expect(lowerBound).toBeLessThan(best.loss);
    expect(lowerBound).toBeGreaterThan(0.9 * best.loss);
    const rough = (await solveKnapsack(knapsack, { gap: 0.05, nodes: 1000 }))!;
    expect(rough.loss - rough.lowerBound).toBeLessThan(0.05 * rough.loss);
    expect(rough.lowerBound).toBeLessThanOrEqual(best.loss);
  });
});

describe('findClosest', () => {
  it('makes the largest share of a limit as small as it can be', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }).chain(anyKnapsack), async ({ layers, limits: drawn }) => {
        const limits = drawn.map((limit) => limit + 1);
        const knapsack = { layers, limits };
        const excess = (choice: readonly number[]) =>
          Math.max(...costOf(knapsack, choice).map((cost, i) => cost / limits[i]!));
        const all = layers.reduce<number[][]>(
          (choices, items) => choices.flatMap((choice) => items.map((_, j) => [...choice, j])),
          [[]],
        );
        expect(excess(await findClosest(knapsack))).toBeCloseTo(Math.min(...all.map(excess)), 9);
      }),
      { numRuns: 50 },
    );
  });
});
