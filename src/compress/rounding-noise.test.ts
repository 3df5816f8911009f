import { describe, expect, it } from 'vitest';
import { Random } from '../ir/index.ts';
import { roundingNoise } from './rounding-noise.ts';

/** Mean squared error of drawn values in the best of many ranges. */
function measured(variances: readonly number[]): number {
  const random = new Random(3);
  const values = Float64Array.from({ length: 60_000 }, (_, i) => {
    return random.normal() * Math.sqrt(variances[i % variances.length]!);
  });
  const errors = Array.from({ length: 60 }, (_, i) => {
    const range = 0.3 * 1.06 ** i * Math.sqrt(Math.max(...variances));
    const clipped = values.reduce((sum, v) => sum + Math.max(0, Math.abs(v) - range) ** 2, 0) / values.length;
    return clipped + ((2 * range) / 255) ** 2 / 12;
  });
  return Math.min(...errors);
}

describe('roundingNoise', () => {
  it.each([
    ['units alike', [2, 2]],
    ['units of several variances', [4, 1, 0.25, 0.1]],
    ['one far above the others', [100, ...Array<number>(29).fill(1)]],
    ['some that never vary', [3, 0, 0]],
  ])('is the error of the best range, of %s', (_, variances) => {
    const noise = roundingNoise(Float64Array.from(variances));
    expect(noise / measured(variances)).toBeGreaterThan(0.9);
    expect(noise / measured(variances)).toBeLessThan(1.1);
  });

  it('grows with the variances, and is less than that of levels for four deviations either side', () => {
    const one = roundingNoise(Float64Array.of(1, 0.5));
    expect(roundingNoise(Float64Array.of(9, 4.5)) / one).toBeCloseTo(9, 6);
    expect(one).toBeLessThan((8 / 255) ** 2 / 12);
  });

  it('is 0 of units that do not vary, and of none', () => {
    expect([roundingNoise(new Float64Array(3)), roundingNoise(new Float64Array())]).toEqual([0, 0]);
  });
});
