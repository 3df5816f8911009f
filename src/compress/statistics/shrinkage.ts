/**
 * Covariance matrices of few samples are too sure of themselves: directions that no sample shows have no variance, and what
 * is fitted under them costs nothing there. Shrunk towards a multiple of 1,
 *
 *   C' = (1 - s) C + s m I,   m the mean variance,
 *
 * they are nearer to those of all samples (Ledoit & Wolf 2004). It is the pooled inputs of a classifier, one sample an image,
 * that this is about; where every pixel is a sample s is next to nothing.
 */

import type { LayerStatistics } from './options.ts';
import { scaleToTrace } from './pooled.ts';

/** Squared sum of all entries, and the trace, of a symmetric matrix. */
function sumsOf(covariance: Float64Array, inputs: number): { readonly squares: number; readonly trace: number } {
  let [squares, trace] = [0, 0];
  for (const v of covariance) squares += v * v;
  for (let j = 0; j < inputs; j++) trace += covariance[j * inputs + j]!;
  return { squares, trace };
}

/** s for `samples` independent samples of a normal distribution (Chen et al. 2010, OAS), 0..1. */
export function shrinkageOf(covariance: Float64Array, inputs: number, samples: number): number {
  const { squares, trace } = sumsOf(covariance, inputs);
  const distance = squares - trace ** 2 / inputs;
  if (!(distance > 0)) return 1;
  const noise = (1 - 2 / inputs) * squares + trace ** 2;
  return Math.min(1, Math.max(0, noise / ((samples + 1 - 2 / inputs) * distance)));
}

/** s from the matrices of two halves of the samples, which differ by as much as their mean is off; 0..1. */
export function shrinkageOfHalves(a: Float64Array, b: Float64Array, inputs: number): number {
  let noise = 0;
  for (const [at, v] of a.entries()) noise += ((v - b[at]!) / 2) ** 2;
  const mean = a.map((v, at) => (v + b[at]!) / 2);
  const { squares, trace } = sumsOf(mean, inputs);
  const distance = squares - trace ** 2 / inputs;
  return distance > 0 ? Math.min(1, noise / distance) : 1;
}

/** C'. */
export function shrink(covariance: Float64Array, inputs: number, share: number): Float64Array {
  const { trace } = sumsOf(covariance, inputs);
  const result = covariance.map((v) => (1 - share) * v);
  for (let j = 0; j < inputs; j++) result[j * inputs + j]! += (share * trace) / inputs;
  return result;
}

/**
 * Statistics with the covariance of their inputs shrunk by the number of their samples; behind a global pool that of what is
 * averaged stands for it (`pooled.ts`).
 */
export function shrinkStatistics(statistics: LayerStatistics): LayerStatistics {
  const { secondMoments, mean, count, pooled } = statistics;
  if (!secondMoments) return statistics;
  const inputs = mean.length;
  const product = (at: number) => mean[Math.floor(at / inputs)]! * mean[at % inputs]!;
  const centred = secondMoments.map((moment, at) => moment - product(at));
  const likely = pooled ? scaleToTrace(pooled, centred, inputs) : centred;
  const moments = shrink(likely, inputs, shrinkageOf(centred, inputs, count)).map((v, at) => v + product(at));
  return { ...statistics, secondMoments: moments, diagonal: mean.map((_, j) => moments[j * inputs + j]!) };
}
