/**
 * Filters rounded to few bits under the inputs' covariance C: multiples q s of one scale per filter that make
 * (w - q s) C (w - q s)' small. With C = R'R, R upper triangular, that is |R (w - q s)|^2, and weights are rounded one after
 * the other from the last column on, each to the nearest multiple once those behind it are known (Babai's nearest plane;
 * GPTQ, Frantar et al., arXiv 2210.17323, does the same in another order of arithmetic). Columns of large variance come
 * first, whose errors the others still can make up for. Nearest multiples of a weight alone leave about twice the error.
 */

import { roundEven } from '../../ops/arithmetic/numbers.ts';
import { factorize } from './scales.ts';

export interface Rounded {
  /** q s, [filters, inputs]. */
  readonly weights: Float64Array;
  /** (w - q s) C (w - q s)' of each filter. */
  readonly errors: Float64Array;
}

/** Scales that are tried, as parts of the one that reaches a filter's largest weight. */
const clippings = [1, 0.92, 0.84, 0.76, 0.68, 0.6, 0.52];

/** `covariance` is positive definite, [inputs, inputs]; a diagonal one is given as its diagonal, [inputs]. */
export function roundFilters(weights: Float64Array, inputs: number, bits: number, covariance: Float64Array): Rounded {
  const order = byVariance(covariance, inputs);
  const upper = rootOf(covariance, inputs, order);
  const filters = weights.length / inputs;
  const rounded = new Float64Array(weights.length);
  const errors = new Float64Array(filters);
  const row = new Float64Array(inputs);
  for (let f = 0; f < filters; f++) {
    for (let j = 0; j < inputs; j++) row[j] = weights[f * inputs + order[j]!]!;
    const { values, error } = roundRow(row, upper, 2 ** (bits - 1) - 1);
    errors[f] = error;
    for (let j = 0; j < inputs; j++) rounded[f * inputs + order[j]!] = values[j]!;
  }
  return { weights: rounded, errors };
}

/** Columns by ascending variance. */
function byVariance(covariance: Float64Array, inputs: number): Uint32Array {
  const variance = (j: number) => covariance[covariance.length === inputs ? j : j * inputs + j]!;
  return Uint32Array.from({ length: inputs }, (_, j) => j).sort((a, b) => variance(a) - variance(b));
}

/** R, row by row; only its diagonal, [inputs], where the matrix has no other or none that is positive definite. */
function rootOf(covariance: Float64Array, inputs: number, order: Uint32Array): Float64Array {
  const isDiagonal = covariance.length === inputs;
  const lower = new Float64Array(isDiagonal ? 0 : inputs * inputs);
  if (!isDiagonal) {
    for (let i = 0; i < inputs; i++) {
      for (let j = 0; j <= i; j++) lower[i * inputs + j] = covariance[order[i]! * inputs + order[j]!]!;
    }
  }
  if (isDiagonal || !factorize(lower, inputs)) {
    const variance = (j: number) => covariance[isDiagonal ? j : j * inputs + j]!;
    return Float64Array.from(order, (j) => Math.sqrt(Math.max(0, variance(j))));
  }
  const upper = new Float64Array(inputs * inputs);
  for (let i = 0; i < inputs; i++) for (let j = 0; j <= i; j++) upper[j * inputs + i] = lower[i * inputs + j]!;
  return upper;
}

interface RoundedRow {
  readonly values: Float64Array;
  readonly error: number;
}

function roundRow(row: Float64Array, upper: Float64Array, largest: number): RoundedRow {
  const reach = row.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / largest;
  let best: RoundedRow = { values: row.slice(), error: 0 };
  if (!(reach > 0)) return best;
  for (const [i, clipping] of clippings.entries()) {
    const tried = roundBy(row, upper, reach * clipping, largest);
    if (i === 0 || tried.error < best.error) best = tried;
  }
  return best;
}

function roundBy(row: Float64Array, upper: Float64Array, scale: number, largest: number): RoundedRow {
  const inputs = row.length;
  const isDiagonal = upper.length === inputs;
  const values = new Float64Array(inputs);
  const missing = new Float64Array(inputs);
  let error = 0;
  for (let j = inputs - 1; j >= 0; j--) {
    let behind = 0;
    if (!isDiagonal) for (let k = j + 1, at = j * inputs; k < inputs; k++) behind += upper[at + k]! * missing[k]!;
    const own = upper[isDiagonal ? j : j * inputs + j]!;
    const wanted = row[j]! + (own > 0 ? behind / own : 0);
    const multiple = Math.max(-largest, Math.min(largest, roundEven(wanted / scale)));
    values[j] = multiple * scale;
    missing[j] = row[j]! - values[j]!;
    error += (own * (wanted - values[j]!)) ** 2;
  }
  return { values, error };
}
