/** One layer's decomposition as a task that can be sent to another thread. */

import { attempt, type Reply } from '../../threads/reply.ts';
import { type Decomposition, decompose } from './decompose.ts';
import type { DecomposeOptions } from './options.ts';

export interface LayerWeights {
  /** For errors, progress and the result. */
  readonly name: string;
  /** [filters, inputs]. */
  readonly weights: Float32Array | Float64Array;
  readonly filters: number;
  readonly inputs: number;
  readonly options: DecomposeOptions;
}

/** Decomposes; never throws. */
export const attemptLayer = ({ name, weights, filters, inputs, options }: LayerWeights): Reply<Decomposition> =>
  attempt(() => decompose(weights, filters, inputs, { name, ...options }));
