/** Runs the rounds, all contestants in turns, and draws the figures from them. */

import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, ChildError } from '../child.ts';
import { busySeconds } from '../environment.ts';
import { median } from '../numbers.ts';
import { type Contestant, ours, peers } from './contestants.ts';
import type { Ready, Round, RoundRequest, Task } from './task.ts';

export interface Plan {
  readonly rounds: number;
  readonly steps: number;
  readonly warmUp: number;
  readonly withPeers: boolean;
  /** Told what happens next. */
  readonly onProgress: (line: string) => void;
}

/** What one contestant did; without `rates`, why it did not. */
export interface Result {
  readonly name: string;
  /** Reason why there are no rates. */
  readonly absent?: string;
  readonly ready?: Ready;
  readonly batch: number;
  readonly steps: number;
  /** Images a second, one a round. */
  readonly rates: readonly number[];
  /** Median over the rounds. */
  readonly imagesPerSecond?: number;
  /** Our rate over this one's, formed in each round, then the median: above 1 we are faster. */
  readonly ratio?: number;
  /** Part of the machine's processors that was busy with other processes during the rounds, 0..1; the mean. */
  readonly othersShare?: number;
  /** Largest resident memory of the contestant's process. */
  readonly peakBytes?: number;
  readonly loss?: number;
}

/** The median over the rounds that both have of `a` over `b`; undefined when there are none. */
export function medianRatio(a: readonly number[], b: readonly number[]): number | undefined {
  const rounds = Math.min(a.length, b.length);
  return rounds === 0 ? undefined : median(Array.from({ length: rounds }, (_, i) => a[i]! / b[i]!));
}

interface Entry {
  readonly contestant: Contestant;
  readonly child: Child;
  readonly batch: number;
  readonly steps: number;
  readonly rates: number[];
  readonly othersShares: number[];
  ready?: Ready;
  last?: Round;
  absent?: string;
}

/** What a child cannot do is a finding about a peer, but an error of ours. */
async function attempt(entry: Entry, work: () => Promise<void>): Promise<void> {
  if (entry.absent !== undefined) return;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ChildError)) throw error;
    if (entry.contestant === ours) throw new Error(`${ours.name}: ${error.message}`, { cause: error });
    entry.absent = error.message;
    entry.rates.length = 0;
  }
}

async function run(entry: Entry, steps: number): Promise<{ rate: number; othersShare: number }> {
  const request: RoundRequest = { steps };
  const busy = busySeconds();
  const start = performance.now();
  const round = await entry.child.ask<Round>(request);
  if (!Number.isFinite(round.loss)) throw new ChildError('its loss is no number');
  entry.last = round;
  const available = ((performance.now() - start) / 1000) * cpus().length;
  // The machine's clock has ticks of 10 ms: a difference below one is none.
  const othersShare = Math.max(0, busySeconds() - busy - round.cpuSeconds) / available;
  return { rate: (steps * entry.batch) / round.seconds, othersShare };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function summarise(entry: Entry, our: Entry): Result {
  const { contestant, batch, steps, rates, othersShares, ready, last, absent } = entry;
  const ratio = medianRatio(our.rates, rates);
  return {
    name: contestant.name,
    ...{ batch, steps, rates },
    ...(ready ? { ready } : {}),
    ...(absent !== undefined ? { absent } : {}),
    ...(rates.length > 0 ? { imagesPerSecond: median(rates), othersShare: mean(othersShares) } : {}),
    ...(ratio !== undefined && entry !== our ? { ratio } : {}),
    ...(last && absent === undefined ? { peakBytes: last.peakBytes, loss: last.loss } : {}),
  };
}

/** Measures one task. The first result is ours. */
export async function measure(task: Task, plan: Plan): Promise<Result[]> {
  const { rounds, warmUp, withPeers, onProgress } = plan;
  const entries: Entry[] = [];
  try {
    for (const contestant of [ours, ...(withPeers ? peers : [])]) {
      const { limits } = contestant;
      const batch = Math.min(task.batch, limits?.batch ?? task.batch);
      const steps = Math.min(plan.steps, limits?.steps ?? plan.steps);
      const child = contestant.start({ ...task, batch });
      const entry: Entry = { contestant, child, batch, steps, rates: [], othersShares: [] };
      entries.push(entry);
      onProgress(`${contestant.name}: start and warm up`);
      await attempt(entry, async () => {
        const ready = await child.ask<Ready>();
        const expected = entries[0]!.ready?.parameters ?? ready.parameters;
        if (ready.parameters !== expected) {
          throw new Error(`internal: ${contestant.name} trains ${ready.parameters} parameters, we ${expected}`);
        }
        entry.ready = ready;
        await run(entry, Math.min(warmUp, limits?.steps ?? warmUp));
      });
    }
    for (let round = 1; round <= rounds; round++) {
      for (const entry of entries) {
        if (entry.absent !== undefined || round > (entry.contestant.limits?.rounds ?? rounds)) continue;
        onProgress(`round ${round}/${rounds}: ${entry.contestant.name}`);
        // Worker threads of the one before spin for a while before they sleep.
        await sleep(100);
        await attempt(entry, async () => {
          const { rate, othersShare } = await run(entry, entry.steps);
          entry.rates.push(rate);
          entry.othersShares.push(othersShare);
        });
      }
    }
  } finally {
    await Promise.all(entries.map((entry) => entry.child.close()));
  }
  return entries.map((entry) => summarise(entry, entries[0]!));
}
