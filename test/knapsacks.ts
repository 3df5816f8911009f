/** Knapsacks for tests, and brute force to hold solvers to. */

import fc from 'fast-check';
import type { Item, Knapsack } from '../src/compress/planning/knapsack-problem.ts';
import { Random } from '../src/ir/index.ts';

export const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** The least loss within the limits, by trying all choices; Infinity where there is none. */
export function tryAll({ layers, limits }: Knapsack): number {
  const from = (l: number, used: readonly number[]): number => {
    if (used.some((cost, i) => cost > limits[i]!)) return Infinity;
    if (l === layers.length) return 0;
    return Math.min(
      ...layers[l]!.map(
        ({ loss, costs }) =>
          loss +
          from(
            l + 1,
            used.map((cost, i) => cost + costs[i]!),
          ),
      ),
    );
  };
  return from(
    0,
    limits.map(() => 0),
  );
}

export const costOf = ({ layers, limits }: Knapsack, choice: readonly number[]) =>
  limits.map((_, i) => sum(choice.map((j, l) => layers[l]![j]!.costs[i]!)));

/** Whole numbers, so that sums are exact and ties frequent. */
export const anyKnapsack = (limits: number) =>
  fc
    .record({
      layers: fc.array(
        fc.array(
          fc.record({ loss: fc.nat(50), costs: fc.array(fc.nat(20), { minLength: limits, maxLength: limits }) }),
          { minLength: 1, maxLength: 6 },
        ),
        { minLength: 1, maxLength: 5 },
      ),
      tightness: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: limits, maxLength: limits }),
    })
    .map(({ layers, tightness }): Knapsack => {
      const extreme = (i: number, of: (...values: number[]) => number) =>
        sum(layers.map((items) => of(...items.map((x) => x.costs[i]!))));
      const between = (i: number, x: number) => extreme(i, Math.min) * (1 - x) + extreme(i, Math.max) * x;
      return { layers, limits: tightness.map((x, i) => Math.round(between(i, x))) };
    });

/** Losses fall and costs rise with quality, as those of filter banks do, differently for each layer and limit. */
export function drawKnapsack(seed: number, layerCount: number, items: number, limits: number): Knapsack {
  const random = new Random(seed, 'knapsack', layerCount, items, limits);
  const layers = Array.from({ length: layerCount }, () => {
    const [size, sensitivity] = [0.2 + 3 * random.float(), 0.01 + random.float() ** 3];
    return Array.from({ length: items }, (): Item => {
      const quality = random.float();
      const costs = Array.from({ length: limits }, (_, i) => size * (0.1 + quality * (1 + 0.3 * i * random.float())));
      return { loss: sensitivity * (1 - quality) ** 2 * (0.8 + 0.4 * random.float()), costs };
    });
  });
  const costs = (i: number) => layers.map((all) => all.map((item) => item.costs[i]!));
  const least = (i: number) => sum(costs(i).map((all) => Math.min(...all)));
  const mean = (i: number) => sum(costs(i).map((all) => sum(all) / all.length));
  return { layers, limits: Array.from({ length: limits }, (_, i) => (least(i) + mean(i)) / 2) };
}
