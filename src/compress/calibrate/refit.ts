/**
 * Weights by ridge regression on the original layer's outputs. With R = Cov[y, x] - W Cov[x], what the present weights W miss,
 *
 *   W' = W + R (Cov[x] + l I)^-1,   b' = E[y] - W' E[x]
 *
 * minimises E|y - W' x - b'|^2 + l |W' - W|^2. So errors that the inputs x of a compressed network have inherited are undone
 * where the layer can undo them, and l keeps W' near W where few images say little. l is chosen by two-fold
 * cross-validation over images.
 */

import { factorize, solve } from '../decompose/scales.ts';
import { multiply } from '../decompose/sums.ts';
import type { Evidence, Moments } from './moments.ts';

/** Values of l that are tried, relative to the mean variance of x. The last one all but keeps the weights. */
const strengths = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100];

/** So many filters judge l. */
const judges = 96;

export interface Refit {
  /** W', [filters, inputs]. */
  readonly weights: Float64Array;
  /** l, relative to the mean variance of x. */
  readonly strength: number;
}

/** E|y_i - W_i x - b_i|^2 for each filter under the best bias b. */
export function filterErrors(weights: Float64Array, { inputs, covariance, cross, variance }: Moments): Float64Array {
  const product = multiply(weights, covariance, inputs, inputs);
  return variance.map((v, i) => {
    let error = v;
    for (let j = 0, at = i * inputs; j < inputs; j++, at++) error += weights[at]! * (product[at]! - 2 * cross[at]!);
    return Math.max(0, error);
  });
}

export const sumOf = (values: Float64Array) => values.reduce((sum, v) => sum + v, 0);

/** `Cov[x] + l I`, l relative to the mean variance. */
export function dampen({ inputs, covariance }: Pick<Moments, 'inputs' | 'covariance'>, strength: number): Float64Array {
  const result = covariance.slice();
  const added = strength * meanVariance(covariance, inputs);
  for (let j = 0; j < inputs; j++) result[j * inputs + j]! += added;
  return result;
}

function meanVariance(covariance: Float64Array, inputs: number): number {
  let trace = 0;
  for (let j = 0; j < inputs; j++) trace += covariance[j * inputs + j]!;
  return trace / inputs;
}

/** W' for one l; W where rounding leaves no solution. */
function refitWith(weights: Float64Array, moments: Moments, strength: number): Float64Array {
  const { inputs, covariance, cross } = moments;
  const missing = multiply(weights, covariance, inputs, inputs).map((v, at) => cross[at]! - v);
  const lower = dampen(moments, strength);
  if (!factorize(lower, inputs)) return weights;
  for (let at = 0; at < missing.length; at += inputs) solve(lower, inputs, missing.subarray(at, at + inputs));
  return missing.map((v, at) => weights[at]! + v);
}

/** `count` filters, evenly spread. */
function spread(values: Float64Array, inputs: number, count: number): Float64Array {
  const filters = values.length / inputs;
  const result = new Float64Array(count * inputs);
  for (let i = 0; i < count; i++) {
    const from = Math.floor((i * filters) / count) * inputs;
    result.set(values.subarray(from, from + inputs), i * inputs);
  }
  return result;
}

function pick(moments: Moments, count: number): Moments {
  const { inputs, cross, variance, yMean } = moments;
  const rows = { cross: spread(cross, inputs, count), variance: spread(variance, 1, count) };
  return { ...moments, ...rows, yMean: spread(yMean, 1, count), filters: count };
}

/** The regression on `evidence` of a layer that has the weights W, [filters, inputs]; says which share of it is done. */
export function refit(weights: Float64Array, { all, halves }: Evidence, onShare?: (share: number) => void): Refit {
  const count = Math.min(judges, all.filters);
  const some = spread(weights, all.inputs, count);
  const [a, b] = halves.map((half) => pick(half, count)) as [Moments, Moments];
  const errorOf = (strength: number) =>
    sumOf(filterErrors(refitWith(some, a, strength), b)) + sumOf(filterErrors(refitWith(some, b, strength), a));
  const errors = strengths.map((strength, i) => {
    const error = errorOf(strength);
    onShare?.((2 * (i + 1)) / (2 * strengths.length + 1));
    return error;
  });
  const strength = strengths[errors.indexOf(Math.min(...errors))]!;
  return { weights: refitWith(weights, all, strength), strength };
}

/** `E[y] - W E[x]`. */
export function bestBias(weights: Float64Array, { inputs, xMean, yMean }: Moments): Float64Array {
  return yMean.map((y, i) => {
    let bias = y;
    for (let j = 0; j < inputs; j++) bias -= weights[i * inputs + j]! * xMean[j]!;
    return bias;
  });
}
