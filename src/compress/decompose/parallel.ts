/**
 * Decomposition of many layers in worker threads, the largest first. Results do not depend on the number of threads.
 */

import type { Worker } from 'node:worker_threads';
import { TritbankError } from '../../ir/index.ts';
import { processors } from '../../threads/processors.ts';
import { type Reply, settle } from '../../threads/reply.ts';
import { takeTurn } from '../../threads/turn.ts';
import { nextMessage, startWorkers, unlessAborted } from '../../threads/worker.ts';
import type { Decomposition } from './decompose.ts';
import { attemptLayer, type LayerWeights } from './layer.ts';

export type { LayerWeights } from './layer.ts';

export interface ParallelOptions {
  /** Worker threads; 0 works in this one, which then does nothing else. Default: as many as the machine can run. */
  readonly threads?: number;
  /** After each layer, with what was found, and the share of the work that is done, 0..1. */
  readonly onProgress?: (done: number, total: number, name: string, found: Decomposition, share: number) => void;
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
  const { threads = processors(), onProgress, signal } = options;
  if (!Number.isSafeInteger(threads) || threads < 0) {
    throw new TritbankError('E_USAGE', 'threads', `expected an integer of 0 or more, found ${threads}`);
  }
  const twice = layers.find((layer, i) => layers.findIndex((l) => l.name === layer.name) < i);
  if (twice) throw new TritbankError('E_USAGE', 'layers', `expected different names, found '${twice.name}' twice`);
  signal?.throwIfAborted();

  const work = ({ filters, inputs, options: { width } }: LayerWeights) => filters * inputs * width;
  const queue = layers.toSorted((a, b) => work(b) - work(a));
  const whole = queue.reduce((sum, layer) => sum + work(layer), 0);
  const results = new Map<string, Decomposition>();
  let worked = 0;
  const drain = async (ask: (layer: LayerWeights) => Promise<Reply<Decomposition>>) => {
    for (let layer = queue.shift(); layer; layer = queue.shift()) {
      const found = settle(await ask(layer));
      results.set(layer.name, found);
      worked += work(layer);
      onProgress?.(results.size, layers.length, layer.name, found, worked / whole);
    }
  };
  const workers = await startWorkers(workerFile, Math.min(threads, layers.length));
  try {
    const inTurn = async (layer: LayerWeights) => {
      await takeTurn(signal);
      return attemptLayer(layer);
    };
    const drained = workers.length > 0 ? workers.map((w) => drain((layer) => ask(w, layer))) : [drain(inTurn)];
    await unlessAborted(Promise.all(drained), signal);
  } finally {
    await Promise.all(workers.map((w) => w.terminate()));
  }
  return new Map(layers.map(({ name }) => [name, results.get(name)!]));
}

const workerFile = new URL('./worker.js', import.meta.url);

async function ask(worker: Worker, layer: LayerWeights): Promise<Reply<Decomposition>> {
  // a view would be sent with all of the buffer that it looks at
  const weights = layer.weights.slice();
  worker.postMessage({ ...layer, weights }, [weights.buffer]);
  return (await nextMessage(worker)) as Reply<Decomposition>;
}
