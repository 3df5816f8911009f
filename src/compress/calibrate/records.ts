/** What calibration is asked for, and what it says about each layer. */

import type { Normalisation } from '../../classifier/index.ts';
import type { BankPlan, FullPlan, LayerKind } from '../../quantize/index.ts';

/** What a calibration makes of a layer: a bank, or filters of few bits. */
export type CalibratedPlan = BankPlan | FullPlan;

export interface CalibrateProgress {
  /** Of the work that is to be expected, 0..1. */
  readonly share: number;
  /** Layers done, of `total`. */
  readonly done: number;
  readonly total: number;
  /** The layer that is done, or worked on. */
  readonly layer: string;
  /** Seconds since the start, and an estimate of those to come. */
  readonly seconds: number;
  readonly remaining: number;
}

export interface CalibrateOptions {
  /** Images used, drawn from the split by the seed. Default 256. */
  readonly images?: number;
  /** Images per run of the network. Default 16. */
  readonly chunk?: number;
  /** Refit the layers that are not in the plan too. Default true. */
  readonly refitOthers?: boolean;
  /**
   * Choose the full-precision filters of each bank anew, as many as the plan has: those that the decomposition hurts most,
   * weighed by what the images show. Default false: the plan's.
   */
  readonly reselect?: boolean;
  /**
   * Added to the inputs' covariance under which filters are decomposed and rounded, relative to their mean variance. Default:
   * as far as two halves of the images differ (`shrinkage.ts`), at least 0.01.
   */
  readonly damping?: number;
  /**
   * How much the error of each filter matters to the scores, by layer name, [filters] in the network's order: that of
   * `collectStatistics`. Decompositions weigh the filters of a bank by it. Default: all errors of a layer matter alike.
   */
  readonly sensitivity?: ReadonlyMap<string, ArrayLike<number>>;
  /** Rounds of improvement of a decomposition. Default 4. */
  readonly rounds?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Threads inside one operator; default: the runtime's choice. */
  readonly threads?: number;
  /** Default: the metadata of the model. */
  readonly normalisation?: Normalisation;
  readonly onProgress?: (progress: CalibrateProgress) => void;
  /** Stops the work; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Receives one line per image that does not decode. */
  readonly warn?: (message: string) => void;
}

/** Squared errors of a layer's outputs against the original network's, relative to these outputs' variance. */
export interface LayerErrors {
  /** With the original weights: what the layer inherits. */
  readonly inherited: number;
  /** With refitted weights. */
  readonly refitted: number;
  /** Of a bank: after the decomposition. */
  readonly decomposed?: number;
  /** In the end. */
  readonly final: number;
}

export interface CalibratedLayer {
  readonly name: string;
  readonly kind: LayerKind;
  readonly filters: number;
  /** Of a bank: the original indices of its full-precision filters, ascending. */
  readonly fullPrecision?: readonly number[];
  /** Of a bank: hidden units. */
  readonly hidden?: number;
  /** How strongly the regression kept the weights, relative to the mean variance of the inputs; a mean over channels. */
  readonly ridge: number;
  readonly errors: LayerErrors;
}
