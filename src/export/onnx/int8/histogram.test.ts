import { expect, it } from 'vitest';
import { f32 } from '../../../ir/index.ts';
import { Histogram, halfBins } from './histogram.ts';

const total = (counts: Float64Array) => counts.reduce((a, b) => a + b, 0);

it('counts each channel over batches, zeros apart', () => {
  const histogram = new Histogram(2);
  histogram.add(f32([2, 2, 2], [0.5, 0, -1, 3, 0.25, 0.75, 0, 0]));
  histogram.add(f32([1, 2, 2], [6, 0, 1, 1]));
  const [first, second] = [histogram.distribution(0), histogram.distribution(1)];
  expect([first.min, first.max, first.range]).toEqual([0, 6, 8]);
  expect([second.min, second.max, second.range]).toEqual([-1, 3, 4]);
  expect([total(first.positive), total(first.negative)]).toEqual([4, 0]);
  expect([total(second.positive), total(second.negative)]).toEqual([3, 1]);
  // bins of 8 / 1024: 0.25 is in bin 32, 6 in bin 768
  expect([first.positive[32], first.positive[768]]).toEqual([1, 1]);
  expect([...histogram.means]).toEqual([(0.5 + 0.25 + 0.75 + 6) / 6, (-1 + 3 + 1 + 1) / 6]);
});

it('joins channels of different ranges, and doubles a range without losing counts', () => {
  const histogram = new Histogram(2);
  for (const scale of [1e-6, 1, 1000]) histogram.add(f32([1, 2, 2], [scale, -scale, 3 * scale, scale]));
  const { range, positive, negative, min, max } = histogram.distribution();
  expect([range, min, max]).toEqual([4096, -1000, 3000]);
  expect([total(positive), total(negative)]).toEqual([9, 3]);
  expect(positive[(3000 * halfBins) / 4096]).toBe(1);
  expect(positive[(1000 * halfBins) / 4096]).toBe(2);
});

it('has no bins for a channel of zeros', () => {
  const { min, max, positive } = new Histogram(1).distribution(0);
  expect([min, max, total(positive)]).toEqual([0, 0, 0]);
});
