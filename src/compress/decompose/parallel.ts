/**
 * Decomposition of many layers in worker threads, the largest first. Results do not depend on the number of threads.
 *
 * Where the program runs from its TypeScript sources, workers load theirs by `tsx`; where that fails, the work is done in
 * this thread.
 */

import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { TritbankError } from '../../ir/index.ts';
import type { Decomposition } from './decompose.ts';
import { attempt, type LayerWeights, type Reply, settle } from './layer.ts';

export type { LayerWeights } from './layer.ts';

export interface ParallelOptions {
  /** Worker threads; 0 works in this one, which then does nothing else. Default: as many as the machine can run. */
  readonly threads?: number;
  /** After each layer, with what was found. */
  readonly onProgress?: (done: number, total: number, name: string, found: Decomposition) => void;
  /** Stops the work; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Decomposes `layers`; the result has their order. Rejects with the first error of a layer (E_MODEL, E_SHAPE, E_USAGE, as
 * `decompose`), which ends the others, and with E_USAGE for names that repeat or an impossible number of threads.
 */
export async function decomposeLayers(
  layers: readonly LayerWeights[],
  options: ParallelOptions = {},
): Promise<Map<string, Decomposition>> {
  const { threads = availableParallelism(), onProgress, signal } = options;
  if (!Number.isSafeInteger(threads) || threads < 0) {
    throw new TritbankError('E_USAGE', 'threads', `expected an integer of 0 or more, found ${threads}`);
  }
  const twice = layers.find((layer, i) => layers.findIndex((l) => l.name === layer.name) < i);
  if (twice) throw new TritbankError('E_USAGE', 'layers', `expected different names, found '${twice.name}' twice`);
  signal?.throwIfAborted();

  const work = ({ filters, inputs, options: { width } }: LayerWeights) => filters * inputs * width;
  const queue = layers.toSorted((a, b) => work(b) - work(a));
  const results = new Map<string, Decomposition>();
  const drain = async (ask: (layer: LayerWeights) => Promise<Reply>) => {
    for (let layer = queue.shift(); layer; layer = queue.shift()) {
      const found = settle(await ask(layer));
      results.set(layer.name, found);
      onProgress?.(results.size, layers.length, layer.name, found);
    }
  };
  const workers = await startWorkers(Math.min(threads, layers.length));
  try {
    const inTurn = async (layer: LayerWeights) => {
      // lets the signal and timers have their turn
      await setImmediate();
      signal?.throwIfAborted();
      return attempt(layer);
    };
    const drained = workers.length > 0 ? workers.map((w) => drain((layer) => ask(w, layer))) : [drain(inTurn)];
    await unlessAborted(Promise.all(drained), signal);
  } finally {
    await Promise.all(workers.map((w) => w.terminate()));
  }
  return new Map(layers.map(({ name }) => [name, results.get(name)!]));
}

const isSource = import.meta.url.endsWith('.ts');
const workerFile = new URL(`./worker${isSource ? '.ts' : '.js'}`, import.meta.url);
const sourceWorker = new URL('../../../scripts/source-worker.mjs', import.meta.url);

function createWorker(): Worker {
  // options of this program, such as --eval, are not for workers
  const execArgv: string[] = [];
  return isSource
    ? new Worker(sourceWorker, { execArgv, workerData: workerFile.href })
    : new Worker(workerFile, { execArgv });
}

async function startWorker(): Promise<Worker> {
  const worker = createWorker();
  // errors are read where an answer is awaited; at any other time they must not end the process
  worker.on('error', () => {});
  await nextMessage(worker);
  return worker;
}

/** All workers, ready; none where TypeScript sources do not load in a thread. */
async function startWorkers(count: number): Promise<Worker[]> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, startWorker));
  const workers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (!failed) return workers;
  await Promise.all(workers.map((worker) => worker.terminate()));
  if (isSource) return [];
  throw failed.reason;
}

async function ask(worker: Worker, layer: LayerWeights): Promise<Reply> {
  // a view would be sent with all of the buffer that it looks at
  const weights = layer.weights.slice();
  worker.postMessage({ ...layer, weights }, [weights.buffer]);
  return (await nextMessage(worker)) as Reply;
}

/** The next message of a worker; rejects where it fails or ends instead. */
async function nextMessage(worker: Worker): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(worker, 'exit', { signal }).then(([status]) => {
    throw new Error(`internal: a decomposition worker ended with status ${status}`);
  });
  try {
    const [message] = await Promise.race([once(worker, 'message', { signal }), ended]);
    return message;
  } finally {
    over.abort();
  }
}

/** `work`, or a rejection with the signal's reason once it is aborted. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
