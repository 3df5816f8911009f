import { expect, it } from 'vitest';
import { median, medianRatio } from './median.ts';

it('median of odd and even counts', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

it('ratios are formed within rounds', () => {
  // a slow second round falls on both
  expect(medianRatio([2, 20, 2], [1, 10, 1])).toBe(2);
});
