import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../ir/index.ts';
import { roundFilters } from './round-filters.ts';
import { multiply, transpose } from './sums.ts';

const normal = (name: string, length: number) => {
  const random = new Random(1, name);
  return Float64Array.from({ length }, () => random.normal());
};

/** The covariance of few directions and some noise. */
function correlated(inputs: number): Float64Array {
  const mixed = normal('mixed', inputs * inputs).map((v, at) => (at % inputs < 3 ? 3 * v : 0.3 * v));
  return multiply(mixed, transpose(mixed, inputs, inputs), inputs, inputs).map((v, at) =>
    at % (inputs + 1) === 0 ? v + 0.01 : v,
  );
}

function errorOf(missing: Float64Array, covariance: Float64Array, inputs: number): number {
  const product = multiply(missing, covariance, inputs, inputs);
  return missing.reduce((sum, e, at) => sum + e * product[at]!, 0);
}

describe('roundFilters', () => {
  it('gives multiples of one scale a filter, and says their errors', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 2, max: 8 }), (inputs, bits) => {
        const weights = normal('weights', 3 * inputs);
        const covariance = correlated(inputs);
        const { weights: rounded, errors } = roundFilters(weights, inputs, bits, covariance);
        const largest = 2 ** (bits - 1) - 1;
        for (const f of [0, 1, 2]) {
          const row = rounded.subarray(f * inputs, (f + 1) * inputs);
          const reach = Math.max(...row.map(Math.abs));
          const fits = Array.from({ length: largest }, (_, i) => reach / (i + 1)).some((scale) =>
            row.every((v) => Math.abs(v / scale - Math.round(v / scale)) < 1e-9),
          );
          expect(fits).toBe(true);
          const missing = row.map((v, j) => weights[f * inputs + j]! - v);
          expect(errors[f]!).toBeCloseTo(errorOf(missing, covariance, inputs), 9);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('leaves less than half the error of nearest multiples where inputs are correlated', () => {
    const inputs = 48;
    const weights = normal('many', 20 * inputs);
    const covariance = correlated(inputs);
    const variance = Float64Array.from({ length: inputs }, (_, j) => covariance[j * inputs + j]!);
    const apart = roundFilters(weights, inputs, 4, variance).weights.map((v, at) => weights[at]! - v);
    const together = roundFilters(weights, inputs, 4, covariance).errors.reduce((a, b) => a + b, 0);
    expect(together).toBeLessThan(0.5 * errorOf(apart, covariance, inputs));
  });

  it('keeps zeros, and multiples as they are', () => {
    const weights = Float64Array.from([0, 0, 0, 0, 7, -3, 0, 1].map((v) => v / 4));
    expect([...roundFilters(weights, 4, 4, Float64Array.of(1, 1, 1, 1)).weights]).toEqual([...weights]);
  });

  it('does with a covariance that is not definite', () => {
    const weights = normal('flat', 8);
    const { weights: rounded } = roundFilters(weights, 4, 4, new Float64Array(16));
    for (const [at, v] of rounded.entries()) expect(Math.abs(v - weights[at]!)).toBeLessThan(0.4);
  });
});
