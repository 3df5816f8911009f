/** Filters of few bits in a calibration: rounded under the inputs' covariance, with a scale fitted to the original outputs. */

import type { FilterBits } from '../../quantize/index.ts';
import { roundFilters } from '../decompose/round-filters.ts';
import { multiply } from '../decompose/sums.ts';
import type { Moments } from './moments.ts';

/** From 8 bits on nearest multiples, as a file stores them, are near enough. */
const fewBits = (bits: FilterBits) => bits < 8;

/**
 * Rounds those filters of `weights`, [filters, inputs], in place that have few bits: `bits[k]` belongs to filter
 * `filters[k]`. `metric` is the covariance, [inputs, inputs], that their errors are weighed by.
 */
export function roundRows(
  weights: Float64Array,
  moments: Moments,
  filters: readonly number[],
  bits: readonly FilterBits[],
  metric: Float64Array,
): void {
  const { inputs, covariance, cross } = moments;
  for (const width of new Set(bits.filter(fewBits))) {
    const rows = filters.filter((_, k) => bits[k] === width);
    const taken = new Float64Array(rows.length * inputs);
    for (const [at, f] of rows.entries()) taken.set(weights.subarray(f * inputs, (f + 1) * inputs), at * inputs);
    const { weights: rounded } = roundFilters(taken, inputs, width, metric);
    const products = multiply(rounded, covariance, inputs, inputs);
    for (const [at, f] of rows.entries()) {
      let [along, energy] = [0, 0];
      for (let j = 0; j < inputs; j++) {
        along += rounded[at * inputs + j]! * cross[f * inputs + j]!;
        energy += rounded[at * inputs + j]! * products[at * inputs + j]!;
      }
      const scale = energy > 0 && along > 0 ? along / energy : 1;
      for (let j = 0; j < inputs; j++) weights[f * inputs + j] = rounded[at * inputs + j]! * scale;
    }
  }
}
