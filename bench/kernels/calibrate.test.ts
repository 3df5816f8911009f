import { expect, it } from 'vitest';
import { fitOnes } from './calibrate.ts';

it('finds the costs that explain times exactly', () => {
  const costs = [0.5, 0, 20];
  const work = [
    [10, 3, 1],
    [200, 5, 1],
    [30, 100, 2],
    [7, 1, 5],
    [90, 9, 3],
  ];
  const time = (row: readonly number[]) => row.reduce((sum, count, i) => sum + count * costs[i]!, 0);
  const { unitCosts, error } = fitOnes(work.map((row) => row.map((count) => count / time(row))));
  expect(unitCosts[0]).toBeCloseTo(0.5, 3);
  expect(unitCosts[1]).toBeCloseTo(0, 3);
  expect(unitCosts[2]).toBeCloseTo(20, 1);
  expect(error).toBeLessThan(1e-3);
});

it('gives no negative costs', () => {
  const { unitCosts } = fitOnes([
    [1, 3],
    [1, -1],
    [1, 2],
  ]);
  for (const cost of unitCosts) expect(cost).toBeGreaterThanOrEqual(0);
});
