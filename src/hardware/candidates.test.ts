import { expect, test } from 'vitest';
import { checkArray } from '../accelerator/index.ts';
import { arraysOf, defaultSweep, nameArray } from './candidates.ts';

test('the default sweep has arrays that are possible, each once, with names of their own', () => {
  const arrays = arraysOf(defaultSweep);
  for (const array of arrays) expect(() => checkArray(array)).not.toThrow();
  expect(new Set(arrays.map(nameArray)).size).toBe(arrays.length);
  // MACs only, and three sizes of adders in two forms, for three numbers of MACs
  expect(arrays).toHaveLength(3 * (1 + 3 * 2));
});

test('what no array can have is left out', () => {
  // 5 trits to a byte need inputs in fives, and rates are divisors of the lanes
  const sweep = { ...defaultSweep, macs: [1], inputs: [4, 5], ternary: ['five-trits'] as const, macRate: [2, 3] };
  expect(arraysOf(sweep).map(nameArray)).toEqual(['16 x 1 MAC at 2, 5 inputs at 4, five-trits']);
});
