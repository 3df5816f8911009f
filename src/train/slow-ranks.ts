/** A rank that takes longer than the others makes all of them wait: rank 0 says which one. */

import { hostname } from 'node:os';
import type { Communicator } from '../cluster/index.ts';

/** So much longer than the middle one is worth a warning, and so many seconds: short epochs vary. */
const muchLonger = 1.5;
const leastSeconds = 1;

export interface RankTime {
  readonly rank: number;
  readonly host: string;
  /** Seconds in which it did not wait for others. */
  readonly seconds: number;
}

/**
 * A line about the slowest rank, where it worked half as long again as the middle one (of an even number, the faster of
 * both), or undefined.
 */
export function describeSlowRank(times: readonly RankTime[]): string | undefined {
  const sorted = [...times].sort((a, b) => a.seconds - b.seconds);
  const middle = sorted[(sorted.length - 1) >> 1]!;
  const slowest = sorted.at(-1)!;
  if (slowest.seconds <= Math.max(muchLonger * middle.seconds, middle.seconds + leastSeconds)) return undefined;
  const ratio = (slowest.seconds / middle.seconds).toFixed(1);
  const share = Math.round(100 * (1 - middle.seconds / slowest.seconds));
  return (
    `rank ${slowest.rank} (${slowest.host}) took ${slowest.seconds.toFixed(1)} s for its part of the epoch, ${ratio} times ` +
    `as long as rank ${middle.rank} (${middle.host}): the others wait ${share} % of the time`
  );
}

/** On all ranks: what each worked in an epoch, `milliseconds` of them this one's. */
export async function rankTimes(ranks: Communicator, milliseconds: number): Promise<RankTime[]> {
  const own = Buffer.from(JSON.stringify({ rank: ranks.rank, host: hostname(), seconds: milliseconds / 1000 }));
  const all = await ranks.gather(own);
  return all.map((bytes) => JSON.parse(Buffer.from(bytes).toString('utf8')) as RankTime);
}
