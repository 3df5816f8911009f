import { expect, test } from 'vitest';
import { checkArray } from '../accelerator/index.ts';
import { arraysOf, defaultSweep, nameArray } from './candidates.ts';

test('the default sweep has arrays that are possible, each once, with names of their own', () => {
  const arrays = arraysOf(defaultSweep).arrays;
  for (const array of arrays) expect(() => checkArray(array)).not.toThrow();
  expect(new Set(arrays.map(nameArray)).size).toBe(arrays.length);
  // MACs only, and three sizes of adders in two forms, for three numbers of MACs
  expect(arrays).toHaveLength(3 * (1 + 3 * 2));
});

test('what no array can have is said', () => {
  // 5 trits to a byte need inputs in fives, and rates are divisors of the lanes
  const sweep = { ...defaultSweep, macs: [1], inputs: [4, 5], ternary: ['five-trits'] as const, macRate: [2, 3] };
  const { arrays, refused } = arraysOf(sweep);
  expect(arrays.map(nameArray)).toEqual(['16 x 1 MAC at 2, 5 inputs at 4, five-trits']);
  expect(refused).toEqual([
    {
      name: '16 x 1 MAC at 2, 4 inputs at 4, five-trits',
      reason: 'inputs: expected inputs times adders to be a multiple of 5 for five trits a byte, found 4',
    },
    ...[4, 5].map((inputs) => ({
      name: `16 x 1 MAC at 3, ${inputs} inputs at 4, five-trits`,
      reason: 'macRate: expected a divisor of 16 lanes, found 3',
    })),
  ]);
});

test('rates and copies that are not asked for fit the lanes and the inputs', () => {
  const { arrays, refused } = arraysOf({ ...defaultSweep, lanes: 6, macs: [4], inputs: [0, 3, 9], ternary: ['lists'] });
  expect(refused).toEqual([]);
  expect(arrays.map(nameArray)).toEqual([
    '6 x 4 MACs at 3',
    '6 x 4 MACs at 3, 3 inputs at 3, lists',
    '6 x 4 MACs at 3, 9 inputs at 3, lists in 3 copies',
  ]);
});
