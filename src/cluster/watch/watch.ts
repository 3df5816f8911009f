/** Ranks that hear of each other's end, beside MPI: see `watcher.ts`. */

import { hostname, networkInterfaces } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { answerOf, startWorkers } from '../../threads/worker.ts';
import { anyOf, type Communicator, fromRoot } from '../communicator.ts';
import { type Answer, type Order, SharedState, sharedBytes } from './orders.ts';
import type { Meeting } from './watcher.ts';

/** Set to 0 for ranks that open no connections beside those of MPI. */
export const watchVariable = 'TRITBANK_RANK_WATCH';

export interface Watch {
  /** Another rank is amiss; it may not have been said yet. */
  isAmiss(): boolean;
  /** What is amiss, once it was said on standard error. */
  alarm(): string | undefined;
  /** Tells the others why this rank will end. Resolves with whether rank 0 found, and says, the same. */
  tell(reason: string): Promise<boolean>;
  /** This rank ends in an orderly way. */
  leave(): Promise<void>;
}

/** Addresses of this host; the names of others may not resolve. */
const ownAddresses = () =>
  Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family, address }) => !internal && !(family === 'IPv6' && address.startsWith('fe80')))
    .sort((a, b) => a.family.localeCompare(b.family))
    .map(({ address }) => address);

/** An order and its answer; only meanwhile does the thread keep this process alive. */
function ask<K extends Answer['kind']>(worker: Worker, order: Order, kind: K): Promise<Extract<Answer, { kind: K }>> {
  // one that has ended answers nothing
  if (worker.threadId < 0) return Promise.reject(new Error('internal: the watcher has ended'));
  const reply = answerOf(worker, (message) => {
    const answer = message as Answer;
    return answer.kind === kind ? (answer as Extract<Answer, { kind: K }>) : undefined;
  });
  worker.ref();
  worker.postMessage(order);
  return reply.finally(() => worker.unref());
}

/**
 * Begins to watch, on all ranks; undefined on all where a thread or a connection cannot be had on one of them, then
 * `onRefusal` is called on rank 0.
 */
export async function watchRanks(
  ranks: Communicator,
  {
    timeout,
    local,
    onRefusal,
  }: {
    readonly timeout: number;
    /** Ranks on this host, where the launcher says it. */
    readonly local: number | undefined;
    readonly onRefusal?: () => void;
  },
): Promise<Watch | undefined> {
  const { rank, size } = ranks;
  const [worker] = await startWorkers(new URL('./worker.js', import.meta.url), 1).catch(() => []);
  if (await anyOf(ranks, worker === undefined)) {
    await worker?.terminate();
    return undefined;
  }
  const thread = worker!;
  const isLocal = !(await anyOf(ranks, local !== size));
  const state = new SharedState(new SharedArrayBuffer(sharedBytes(size)), size);
  const place = { rank, host: hostname(), pid: process.pid };
  thread.postMessage({ kind: 'begin', place, size, timeout, shared: state.buffer } satisfies Order);
  const meeting = await fromRoot(ranks, async () => {
    const opened = await ask(thread, { kind: 'open', addresses: ownAddresses(), isLocal }, 'opened').catch(() => ({}));
    return Buffer.from(JSON.stringify({ ...opened, rootHost: hostname() }));
  });
  const opened = JSON.parse(Buffer.from(meeting!).toString('utf8')) as { meeting?: Meeting; rootHost: string };
  let isHeard = opened.meeting !== undefined;
  if (rank > 0 && opened.meeting) {
    const { addresses } = opened.meeting;
    const { rootHost } = opened;
    const near = hostname() === rootHost ? ['127.0.0.1'] : [];
    const order: Order = {
      kind: 'join',
      meeting: { ...opened.meeting, addresses: [...new Set([...near, ...addresses, rootHost])] },
    };
    isHeard = (await ask(thread, order, 'joined').catch(() => undefined))?.isHeard ?? false;
  }
  const leave = async () => {
    await ask(thread, { kind: 'leave' }, 'left').catch(() => undefined);
    await thread.terminate();
  };
  if (await anyOf(ranks, !isHeard)) {
    await leave();
    if (rank === 0) onRefusal?.();
    return undefined;
  }
  ranks.heed?.(state);
  return {
    isAmiss: state.isAmiss,
    alarm: () => state.alarm(),
    async tell(reason) {
      return (await ask(thread, { kind: 'tell', reason }, 'told').catch(() => undefined))?.isKnown ?? false;
    },
    leave,
  };
}
