/** Runs the rounds of one task, all contestants in turns, and draws the figures from them. */

import { median } from '../numbers.ts';

export interface Contestant {
  readonly name: string;
  run(): void | Promise<void>;
  close?(): Promise<void>;
}

export interface Result {
  readonly name: string;
  /** 10^9 multiply-accumulates a second: the median over the rounds. */
  readonly rate: number;
  readonly rates: readonly number[];
}

export interface Plan {
  readonly rounds: number;
  /** Duration of one contestant's part of a round. */
  readonly milliseconds: number;
}

/** Contestants of one name are alternatives: in each round the fastest counts. */
export async function measure(contestants: readonly Contestant[], macs: number, plan: Plan): Promise<Result[]> {
  const runs = new Map<Contestant, number>();
  for (const contestant of contestants) runs.set(contestant, await runsFor(contestant, plan.milliseconds));
  const rates = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < plan.rounds; round++) {
    for (const [contestant, count] of runs) {
      const rate = ((macs * count) / (await time(contestant, count))) * 1e-6;
      const known = rates.get(contestant.name)!;
      known[round] = Math.max(known[round] ?? 0, rate);
    }
  }
  return [...rates].map(([name, all]) => ({ name, rate: median(all), rates: all }));
}

/** Milliseconds of so many runs. */
async function time(contestant: Contestant, count: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const running = contestant.run();
    if (running instanceof Promise) await running;
  }
  return performance.now() - start;
}

/** How many runs fill the time, found out with code that is warm. */
async function runsFor(contestant: Contestant, milliseconds: number): Promise<number> {
  const single = await time(contestant, 1);
  const warm = (await time(contestant, Math.ceil(milliseconds / single) + 2)) / (Math.ceil(milliseconds / single) + 2);
  return Math.max(1, Math.round(milliseconds / warm));
}
