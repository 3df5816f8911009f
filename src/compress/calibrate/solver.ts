/**
 * Fits the layers of a calibration: small ones at once, those that take longer than a moment in another thread, so that
 * this one hears of signals and reports progress. The results are the same.
 */

import type { Worker } from 'node:worker_threads';
import { type Reply, settle } from '../../threads/reply.ts';
import { takeTurn } from '../../threads/turn.ts';
import { answerOf, startWorkers, unlessAborted } from '../../threads/worker.ts';
import { type FittedLayer, fitLayer, type LayerTask } from './fit-layer.ts';

/** What the worker says of a layer. */
export type Message =
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'fitted'; readonly reply: Reply<FittedLayer> };

const workerFile = new URL('./worker.js', import.meta.url);

/** In the unit of `Calibration.workOf`, some nanoseconds: below this a worker is not worth its start. */
const momentary = 1e8;

export class LayerSolver {
  /** Undefined until it is needed; none where threads do not start. */
  private workers: Promise<readonly Worker[]> | undefined;

  constructor(private readonly signal: AbortSignal | undefined) {}

  /** `work` is what the task takes; `onShare` hears which share of a long one is done. Rejects with the signal's reason. */
  async solve(task: LayerTask, work: number, onShare: (share: number) => void): Promise<FittedLayer> {
    if (work > momentary) this.workers ??= startWorkers(workerFile, 1);
    const [worker] = work > momentary ? await unlessAborted(this.workers!, this.signal) : [];
    if (!worker) {
      await takeTurn(this.signal);
      return fitLayer(task);
    }
    return unlessAborted(ask(worker, task, onShare), this.signal);
  }

  async close(): Promise<void> {
    // one that is still starting would keep the process alive
    const workers = (await this.workers?.catch(() => [])) ?? [];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

async function ask(worker: Worker, task: LayerTask, onShare: (share: number) => void): Promise<FittedLayer> {
  // the matrices are not read here again
  const moments = task.evidence.flatMap(({ all, halves }) => [all, ...halves]);
  worker.postMessage(task, [...new Set(moments.map(({ covariance }) => covariance.buffer as ArrayBuffer))]);
  const reply = await answerOf(worker, (said) => {
    const message = said as Message;
    if (message.kind === 'fitted') return message.reply;
    onShare(message.share);
    return undefined;
  });
  return settle(reply);
}
