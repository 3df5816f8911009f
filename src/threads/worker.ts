/**
 * Worker threads for arithmetic that takes seconds: this thread stays free for progress and signals. Where the program
 * runs from its TypeScript sources, workers load theirs by `tsx`; where that fails there are none, and callers do the
 * work themselves.
 */

import { Worker } from 'node:worker_threads';

const isSource = import.meta.url.endsWith('.ts');
const sourceWorker = new URL('../../scripts/source-worker.mjs', import.meta.url);

/** `file` is the worker's module, as compiled, with its ending: `./worker.js`. */
function createWorker(file: URL): Worker {
  // options of this program, such as --eval, are not for workers
  const execArgv: string[] = [];
  if (!isSource) return new Worker(file, { execArgv });
  return new Worker(sourceWorker, { execArgv, workerData: file.href.replace(/\.js$/, '.ts') });
}

async function startWorker(file: URL): Promise<Worker> {
  const worker = createWorker(file);
  // errors are read where an answer is awaited; at any other time they must not end the process
  worker.on('error', () => {});
  await nextMessage(worker);
  return worker;
}

/** All workers, each of which has posted that it is ready; none where TypeScript sources do not load in a thread. */
export async function startWorkers(file: URL, count: number): Promise<Worker[]> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, () => startWorker(file)));
  const workers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (!failed) return workers;
  await Promise.all(workers.map((worker) => worker.terminate()));
  if (isSource) return [];
  throw failed.reason;
}

/** The first message of a worker of which `take` makes something; rejects where the worker fails or ends instead. */
export function answerOf<T>(worker: Worker, take: (message: unknown) => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => {
      worker.off('message', hear).off('error', fail).off('exit', end);
      action();
    };
    const hear = (message: unknown) => {
      const found = take(message);
      if (found !== undefined) settle(() => resolve(found));
    };
    const fail = (error: unknown) => settle(() => reject(error));
    const end = (status: number) => fail(new Error(`internal: a worker thread ended with status ${status}`));
    worker.on('message', hear).on('error', fail).on('exit', end);
  });
}

/** The next message of a worker. */
export const nextMessage = (worker: Worker): Promise<unknown> => answerOf(worker, (message) => message);

/** `work`, or a rejection with the signal's reason once it is aborted. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
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
