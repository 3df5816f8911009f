/**
 * How errors are weighed: the error of filter i is u_i e_i M e_i' for its row of errors e_i, where M is diagonal (a weight
 * per input channel) or the inputs' covariance matrix. Searches for terms use the diagonal; scales and trits use all of M.
 */

import { multiply, transpose } from './sums.ts';

export interface Metric {
  /** u, one weight per filter. */
  readonly rowWeights: Float64Array;
  /** The diagonal of M, one weight per input channel. */
  readonly columnWeights: Float64Array;
  /** M, [inputs, inputs], where it is not diagonal. */
  readonly covariance: Float64Array | undefined;
}

/** `rows M` for rows of input channels, [any, inputs]. */
export function weighInputs(metric: Metric, rows: Float64Array): Float64Array {
  const n = metric.columnWeights.length;
  if (metric.covariance) return multiply(rows, metric.covariance, n, n);
  return rows.map((v, at) => v * metric.columnWeights[at % n]!);
}

/** `Y M Y'` for the rows of Y, [count, inputs]. */
export function gramOfInputs(metric: Metric, y: Float64Array): Float64Array {
  const n = metric.columnWeights.length;
  const count = y.length / n;
  return multiply(weighInputs(metric, y), transpose(y, count, n), n, count);
}

/** `X diag(u) X'` for the rows of X, [count, filters]. */
export function gramOfFilters(metric: Metric, x: Float64Array): Float64Array {
  const m = metric.rowWeights.length;
  const count = x.length / m;
  const weighed = x.map((v, at) => v * metric.rowWeights[at % m]!);
  return multiply(weighed, transpose(x, count, m), m, count);
}

/** `e_i M e_i'` for each row, not weighted by u. */
export function rowErrors(metric: Metric, rows: Float64Array): Float64Array {
  const n = metric.columnWeights.length;
  const weighed = weighInputs(metric, rows);
  const errors = new Float64Array(rows.length / n);
  for (let at = 0; at < rows.length; at++) errors[Math.floor(at / n)]! += rows[at]! * weighed[at]!;
  return errors;
}

/** `sum of u_i errors_i`. */
export function totalError(metric: Metric, errors: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < errors.length; i++) sum += metric.rowWeights[i]! * errors[i]!;
  return sum;
}
