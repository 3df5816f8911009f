/**
 * How a step scales, by the latency-bandwidth model of collectives (Thakur et al., 2005; Patarasuk & Yuan, 2009). A sum of
 * b bytes over n hosts with latency a and bandwidth B takes
 *
 *   ring   2 (n - 1) a + 2 (n - 1)/n b/B     little data for each host, many turns
 *   tree   2 log2(n) (a + b/B)               few turns, all data in each
 *
 * whichever is less. Buckets take turns on the network; with overlap, each begins when it is ready. Left out: hosts that
 * are slower than others, networks that others use, and the copying of data by the processor that computes.
 */

import type { Link, Scaling, StepParts, SumTime } from './records.ts';

/** Seconds of a ring. */
export const ringTime = (bytes: number, hosts: number, { latency, bandwidth }: Link): number =>
  hosts === 1 ? 0 : 2 * (hosts - 1) * latency + ((2 * (hosts - 1)) / hosts) * (bytes / bandwidth);

/** Seconds of a tree, up and down. */
export const treeTime = (bytes: number, hosts: number, { latency, bandwidth }: Link): number =>
  2 * Math.ceil(Math.log2(hosts)) * (latency + bytes / bandwidth);

export const sumTime = (bytes: number, hosts: number, link: Link): number =>
  Math.min(ringTime(bytes, hosts, link), treeTime(bytes, hosts, link));

interface How {
  readonly overlap: boolean;
  readonly half: boolean;
}

/** Seconds of a step. */
export function stepTime({ stages, buckets }: StepParts, hosts: number, link: Link, { overlap, half }: How): number {
  const last = stages.length - 1;
  /** When so many stages are done. */
  const after = (count: number) => stages.slice(0, count).reduce((sum, ms) => sum + ms / 1000, 0);
  const compute = after(last);
  let free = 0;
  for (const { bytes, isGradient, afterStage } of buckets) {
    const ready = after(afterStage + 1);
    const time = sumTime(half && isGradient ? bytes / 2 : bytes, hosts, link);
    free = Math.max(free, overlap ? ready : compute) + time;
  }
  return Math.max(compute, free) + (stages[last] ?? 0) / 1000;
}

const computeTime = ({ stages }: StepParts): number => stages.reduce((sum, ms) => sum + ms / 1000, 0);

/** Efficiencies on `hosts` hosts, with and without half precision and overlap. */
export function scale(parts: StepParts, hosts: number, link: Link): Scaling {
  const share = (how: How) => computeTime(parts) / stepTime(parts, hosts, link, how);
  return {
    link: link.name,
    hosts,
    plain: share({ overlap: false, half: false }),
    half: share({ overlap: false, half: true }),
    overlapped: share({ overlap: true, half: false }),
    halfOverlapped: share({ overlap: true, half: true }),
  };
}

/** The least number of hosts at which sums, in single precision and one after the other, take half of the step. */
export function hostsForHalf(parts: StepParts, link: Link, most = 4096): number | undefined {
  for (let hosts = 2; hosts <= most; hosts++) {
    if (scale(parts, hosts, link).plain <= 0.5) return hosts;
  }
  return undefined;
}

/**
 * The link of which a ring of `hosts` would take these times: a line through the smallest sum's time and the slope of the
 * largest ones. Times below the smallest count as none.
 */
export function fitLink(sums: readonly SumTime[], hosts: number, name: string): Link {
  const [first, last] = [sums[0]!, sums.at(-1)!];
  const latency = first.milliseconds / 1000 / (2 * (hosts - 1));
  const seconds = Math.max(1e-9, (last.milliseconds - first.milliseconds) / 1000);
  return { name, latency, bandwidth: ((2 * (hosts - 1)) / hosts) * ((last.bytes - first.bytes) / seconds) };
}
