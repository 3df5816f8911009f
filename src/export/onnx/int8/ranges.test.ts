import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { f32 } from '../../../ir/index.ts';
import { Histogram } from './histogram.ts';
import { bestRange, levelsOf, pixelLevels } from './ranges.ts';

const histogramOf = (values: readonly number[]) => {
  const histogram = new Histogram(1);
  histogram.add(f32([1, 1, values.length], values));
  return histogram.distribution();
};

/** What rounding to the levels loses, in squares. */
function lossOf(values: readonly number[], low: number, high: number): number {
  const { scale, zero } = levelsOf({ low, high });
  const round = (x: number) => (Math.min(255, Math.max(0, Math.round(x / scale) + zero)) - zero) * scale;
  return values.reduce((sum, x) => sum + (x - round(x)) ** 2, 0);
}

describe('the range of a tensor', () => {
  it('is that of all values where they are spread evenly', () => {
    const values = Array.from({ length: 2000 }, (_, i) => (6 * i) / 1999);
    const { low, high } = bestRange(histogramOf(values));
    expect([low, high > 5.95, high <= 6]).toEqual([0, true, true]);
  });

  it('leaves out a value that would cost the others too much', () => {
    // all: 500000 (1.5 / 255)^2 / 12 = 1.44; up to 1: 500000 / 255^2 / 12 = 0.64, and 0.5^2 for the one outside
    const values = [...Array.from({ length: 500_000 }, (_, i) => i / 500_000), 1.5];
    const { low, high } = bestRange(histogramOf(values));
    expect([low, high > 0.99, high < 1.2]).toEqual([0, true, true]);
    expect(lossOf(values, low, 1.5) / lossOf(values, low, high)).toBeGreaterThan(1.4);
  });

  it('contains zero, and loses no more than the range of all values', () => {
    const value = fc.float({ min: -1000, max: 1000, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 300, maxLength: 400 }), (values) => {
        const { low, high } = bestRange(histogramOf(values));
        const [min, max] = [Math.min(0, ...values), Math.max(0, ...values)];
        expect(low).toBeGreaterThanOrEqual(min);
        expect(high).toBeLessThanOrEqual(max);
        expect(low <= 0 && high >= 0).toBe(true);
        // the estimate takes rounding errors as evenly distributed, hence a margin
        expect(lossOf(values, low, high)).toBeLessThanOrEqual(1.5 * lossOf(values, min, max) + 1e-6);
      }),
    );
  });

  it('of zeros is empty, and has levels all the same', () => {
    const range = bestRange(histogramOf([0, 0]));
    expect([range, levelsOf(range)]).toEqual([
      { low: 0, high: 0 },
      { scale: 1, zero: 0 },
    ]);
  });
});

describe('the levels of pixels', () => {
  it('are the pixels where these start at zero', () => {
    const { scale, zero } = pixelLevels([0], [255]);
    expect([scale, zero]).toEqual([Math.fround(1 / 255), 0]);
  });

  it('tell pixels around a mean apart', () => {
    // levels of -1..1 with a zero point of 128 would lie half a step beside every pixel, two of them on each level
    const { scale, zero } = pixelLevels([127.5], [127.5]);
    const levels = Array.from({ length: 256 }, (_, p) => Math.round((p - 127.5) / 127.5 / scale) + zero);
    expect(new Set(levels).size).toBeGreaterThanOrEqual(254);
    expect([Math.min(...levels) >= 0, Math.max(...levels) <= 255]).toEqual([true, true]);
  });
});
