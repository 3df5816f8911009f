/**
 * Calls between the page and its workers. A call has an answer, reports progress in between, and can be stopped; errors of
 * the toolkit keep their code and place.
 */

import { type ErrorCode, TritbankError } from '#toolkit/ir/errors.ts';

/** What the work of a call is told and can say. */
export interface Call {
  /** Share that is done, 0..1, and a few words. */
  report(share: number, words: string): void;
  readonly signal: AbortSignal;
}

type Answer = { readonly value: unknown; readonly transfer?: readonly Transferable[] };

/** Methods of a worker. A result in `handOver` moves its buffers to the page. */
export type Methods = { readonly [name: string]: (argument: never, call: Call) => unknown };

const handedOver = Symbol('handed over');

/** A result whose buffers are moved instead of copied. */
export const handOver = <T>(value: T, transfer: readonly Transferable[]): T => {
  Object.defineProperty(value, handedOver, { value: transfer, enumerable: false });
  return value;
};

type ToWorker =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly argument: unknown }
  | { readonly kind: 'stop'; readonly id: number };

type FromWorker =
  | { readonly kind: 'progress'; readonly id: number; readonly share: number; readonly words: string }
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: Failure };

interface Failure {
  readonly code?: ErrorCode;
  readonly where?: string;
  readonly detail: string;
  readonly isAbort: boolean;
}

const asFailure = (error: unknown): Failure => {
  if (error instanceof TritbankError) {
    return { code: error.code, where: error.where, detail: error.detail, isAbort: false };
  }
  const isAbort = error instanceof Error && error.name === 'AbortError';
  return { detail: error instanceof Error ? error.message : String(error), isAbort };
};

const asError = ({ code, where, detail, isAbort }: Failure): Error => {
  if (code !== undefined) return new TritbankError(code, where!, detail);
  return isAbort ? new DOMException(detail, 'AbortError') : new Error(detail);
};

/** In a worker: answers the calls of the page, one after the other; those of `beside`, which only wait, beside the others. */
export function serve(methods: Methods, { beside = [] }: { readonly beside?: readonly string[] } = {}): void {
  const post = (message: FromWorker, transfer: readonly Transferable[] = []) =>
    self.postMessage(message, { transfer: [...transfer] });
  const running = new Map<number, AbortController>();
  let queue = Promise.resolve();
  const run = async ({ id, method, argument }: Extract<ToWorker, { kind: 'call' }>, stop: AbortController) => {
    try {
      stop.signal.throwIfAborted();
      const work = methods[method]! as (argument: unknown, call: Call) => unknown;
      const report = (share: number, words: string) => post({ kind: 'progress', id, share, words });
      const value = await work(argument, { report, signal: stop.signal });
      const transfer = (value as { [handedOver]?: readonly Transferable[] } | undefined)?.[handedOver];
      post({ kind: 'done', id, value }, transfer);
    } catch (error) {
      post({ kind: 'failed', id, error: asFailure(error) });
    } finally {
      running.delete(id);
    }
  };
  self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
    if (data.kind === 'stop') {
      running.get(data.id)?.abort(new DOMException('stopped', 'AbortError'));
      return;
    }
    const stop = new AbortController();
    running.set(data.id, stop);
    if (beside.includes(data.method)) void run(data, stop);
    else queue = queue.then(() => run(data, stop));
  };
}

export interface CallOptions {
  readonly onProgress?: (share: number, words: string) => void;
  readonly signal?: AbortSignal;
  readonly transfer?: readonly Transferable[];
}

type Argument<F> = F extends (argument: infer A, call: Call) => unknown ? A : never;
type Result<F> = F extends (...given: never[]) => infer R ? Awaited<R> : never;

/** A worker as the page sees it. */
export interface Remote<M> {
  call<K extends keyof M & string>(method: K, argument: Argument<M[K]>, options?: CallOptions): Promise<Result<M[K]>>;
  close(): void;
}

interface Pending {
  readonly settle: (answer: Answer | Error) => void;
  readonly onProgress: CallOptions['onProgress'];
}

/** On the page: a worker, started at the first call. */
export function connect<M>(start: () => Worker): Remote<M> {
  const pending = new Map<number, Pending>();
  let worker: Worker | undefined;
  let next = 0;
  const open = (): Worker => {
    const started = start();
    started.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      const one = pending.get(data.id);
      if (data.kind === 'progress') one?.onProgress?.(data.share, data.words);
      else one?.settle(data.kind === 'done' ? { value: data.value } : asError(data.error));
    };
    started.onerror = (event) => {
      const error = new Error(event.message || 'the worker of this page did not start');
      for (const one of [...pending.values()]) one.settle(error);
      started.terminate();
      if (worker === started) worker = undefined;
    };
    return started;
  };
  return {
    call(method, argument, { onProgress, signal, transfer = [] } = {}) {
      worker ??= open();
      const id = next++;
      const current = worker;
      return new Promise((resolve, reject) => {
        const stop = () => current.postMessage({ kind: 'stop', id } satisfies ToWorker);
        const settle = (answer: Answer | Error) => {
          pending.delete(id);
          signal?.removeEventListener('abort', stop);
          if (answer instanceof Error) reject(answer);
          else resolve(answer.value as never);
        };
        pending.set(id, { settle, onProgress });
        signal?.addEventListener('abort', stop);
        current.postMessage({ kind: 'call', id, method, argument } satisfies ToWorker, [...transfer]);
      });
    },
    close() {
      worker?.terminate();
      worker = undefined;
      for (const one of [...pending.values()]) one.settle(new DOMException('stopped', 'AbortError'));
    },
  };
}
