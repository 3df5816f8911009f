/**
 * In the place of the toolkit's `threads/worker.ts`. The toolkit works in a worker of the page already: it starts no
 * others, and its callers do their work themselves, as they do where threads do not start.
 */

import type * as Node from '#toolkit/threads/worker.ts';

export const startWorkers: typeof Node.startWorkers = async () => [];

export const answerOf: typeof Node.answerOf = () => Promise.reject(new Error('internal: there is no worker'));

export const nextMessage: typeof Node.nextMessage = (worker) => answerOf(worker, () => undefined);

export const unlessAborted: typeof Node.unlessAborted = async (work, signal) => {
  const result = await work;
  signal?.throwIfAborted();
  return result;
};
