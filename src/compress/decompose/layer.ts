/** One layer's decomposition as a task that can be sent to another thread, and what comes back. */

import { type ErrorCode, TritbankError } from '../../ir/index.ts';
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

/** Errors lose their class between threads: those for users travel in parts. */
export type Reply =
  | { readonly kind: 'done'; readonly decomposition: Decomposition }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly where: string; readonly detail: string }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Decomposes; never throws. */
export function attempt({ name, weights, filters, inputs, options }: LayerWeights): Reply {
  try {
    return { kind: 'done', decomposition: decompose(weights, filters, inputs, { name, ...options }) };
  } catch (error) {
    if (!(error instanceof TritbankError)) return { kind: 'failed', error };
    return { kind: 'refused', code: error.code, where: error.where, detail: error.detail };
  }
}

/** The decomposition of a reply, or its error again. */
export function settle(reply: Reply): Decomposition {
  if (reply.kind === 'done') return reply.decomposition;
  throw reply.kind === 'failed' ? reply.error : new TritbankError(reply.code, reply.where, reply.detail);
}
