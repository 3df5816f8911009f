/** What is measured of a layer, and how. */

import type { Normalisation } from '../../classifier/index.ts';
import type { Device } from '../../engine/index.ts';

export interface LayerStatistics {
  /** Positions times images that were averaged over. */
  readonly count: number;
  /**
   * E[x x'], [n, n], symmetric, over positions and images; x are the layer's inputs as they meet the n = inputs * kh * kw
   * weights of a filter, in their order. Undefined for kernels larger than 1x1 with n above 1200.
   */
  readonly secondMoments: Float64Array | undefined;
  /** Its diagonal, E[x^2], [n]. */
  readonly diagonal: Float64Array;
  /** E[x], [n]. */
  readonly mean: Float64Array;
  /** Of a layer behind a global pool: the covariance over images and positions of what the pool averages, [n, n]. */
  readonly pooled?: Float64Array;
  /**
   * s of `predict.ts`, [filters]: half of it times the variance of an error of the filter's outputs is its
   * predicted cost in nats. 0 where the scores do not depend on the filter.
   */
  readonly sensitivity?: Float64Array;
  /** b, [filters]: half of it times the square of the error's mean is its cost; the Fisher information of the biases. */
  readonly biasSensitivity?: Float64Array;
}

export interface Pass {
  /** From 1. */
  readonly pass: number;
  readonly passes: number;
}

export interface StatisticsOptions {
  /** At most this many images, drawn by the seed; default 256. A few less where they do not fill batches. */
  readonly images?: number;
  /** At most this many images at a time; default: 16, or fewer where the activations are large. */
  readonly batchSize?: number;
  readonly threads?: number;
  /** Default `cpu`. */
  readonly device?: Device;
  /** Of the choice of images, and of the labels that are drawn. Default 0. */
  readonly seed?: number;
  /**
   * Whose labels the loss has. `model` (default): drawn from the model's own probabilities, so that none are needed and
   * predictions are of KL(before || after). `data`: those of the split.
   */
  readonly labels?: 'data' | 'model';
  /** False: leave out the sensitivities, and with them the second pass. Default true. */
  readonly sensitivity?: boolean;
  /** Names of the layers to measure; all candidates by default. */
  readonly layers?: readonly string[];
  /** Default: the model's metadata. */
  readonly normalisation?: Normalisation;
  /** Counts the images of a pass; a second one looks at the same images. */
  readonly onProgress?: (done: number, total: number, of: Pass) => void;
  /** Stops between two batches. */
  readonly signal?: AbortSignal;
  /** Receives one line per image that does not decode. */
  readonly warn?: (line: string) => void;
}
