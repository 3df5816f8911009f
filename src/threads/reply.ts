/** What comes back from another thread. Errors lose their class between threads: those for users travel in parts. */

import { type ErrorCode, TritbankError } from '../ir/index.ts';

export type Reply<T> =
  | { readonly kind: 'done'; readonly result: T }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly where: string; readonly detail: string }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Works; never throws. */
export function attempt<T>(work: () => T): Reply<T> {
  try {
    return { kind: 'done', result: work() };
  } catch (error) {
    return asReply(error);
  }
}

/** The same of work that is awaited. */
export async function attemptLater<T>(work: () => Promise<T>): Promise<Reply<T>> {
  try {
    return { kind: 'done', result: await work() };
  } catch (error) {
    return asReply(error);
  }
}

function asReply(error: unknown): Reply<never> {
  if (!(error instanceof TritbankError)) return { kind: 'failed', error };
  return { kind: 'refused', code: error.code, where: error.where, detail: error.detail };
}

/** The result of a reply, or its error again. */
export function settle<T>(reply: Reply<T>): T {
  if (reply.kind === 'done') return reply.result;
  throw reply.kind === 'failed' ? reply.error : new TritbankError(reply.code, reply.where, reply.detail);
}
