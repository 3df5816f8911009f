import { expect, test } from 'vitest';
import type { Knapsack } from './knapsack-problem.ts';
import { solverAside } from './solver-aside.ts';
import { solverHere } from './solver-here.ts';

const item = (loss: number, cost: number) => ({ loss, costs: [cost] });
const knapsack: Knapsack = {
  layers: [
    [item(0, 10), item(1, 5), item(3, 1)],
    [item(0, 8), item(2, 2)],
  ],
  limits: [8],
};

test('another thread finds the same', async () => {
  const aside = solverAside();
  expect(await aside.best(knapsack)).toEqual(await solverHere.best(knapsack));
  const tight = { ...knapsack, limits: [1] };
  expect(await aside.best(tight)).toBeUndefined();
  expect(await aside.closest(tight)).toEqual(await solverHere.closest(tight));
});

test('the signal ends the search', async () => {
  const controller = new AbortController();
  const found = solverAside(controller.signal).best(knapsack);
  controller.abort(new Error('enough'));
  await expect(found.then(() => 'found')).rejects.toThrow('enough');
});
