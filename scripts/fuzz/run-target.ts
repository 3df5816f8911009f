/** One target's mutants, until their number or the time is reached. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Random } from '../../src/ir/index.ts';
import { Child, type Limits, type Verdict } from './child.ts';
import { tryCommand } from './command.ts';
import { pick } from './mutate.ts';
import type { Files, Target } from './target.ts';

export interface RunOptions {
  readonly seed: number;
  /** Number of the first mutant. */
  readonly first: number;
  readonly mutants: number;
  /** Of `performance.now()`. */
  readonly deadline: number;
  /** Where the files of failures are kept. */
  readonly kept: string;
  readonly limits: Limits;
}

export interface Summary {
  readonly mutants: number;
  readonly outcomes: ReadonlyMap<string, number>;
  readonly failures: number;
}

/** Of how many mutants one goes through the command line, which takes seconds to start. */
const commandEvery = 250;

/** The mutant of a seed and a number: the same whenever it is asked for. */
export function mutantOf(target: Target, seeds: readonly Files[], seed: number, index: number): Files {
  const random = new Random(seed, 'fuzz', target.name, index);
  return target.mutate(random, pick(random, seeds));
}

export async function runTarget(target: Target, options: RunOptions): Promise<Summary> {
  const { seed, first, mutants, deadline, kept, limits } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tritbank-fuzz-'));
  const child = new Child(target.name, folder, limits);
  const seeds = target.seeds();
  const outcomes = new Map<string, number>();
  let failures = 0;
  let done = 0;
  const note = ({ outcome, failure }: Verdict, index: number, files: Files) => {
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (failure === undefined) return;
    failures++;
    const place = join(kept, `${target.name}-${seed}-${index}`);
    store(place, files);
    writeFileSync(join(place, 'failure.txt'), `${failure}\n`);
    const again = `npm run fuzz -- --target ${target.name} --seed ${seed} --first ${index} --mutants 1`;
    console.error(`FAILED ${target.name} ${index}: ${failure.split('\n')[0]}\n  ${again}`);
  };
  try {
    // one at least: a target of which nothing was tried is no target without failures
    const isTime = (index: number) => index === first || performance.now() < deadline;
    for (let index = first; index < first + mutants && isTime(index); index++) {
      const files = mutantOf(target, seeds, seed, index);
      note(await child.try(index, files), index, files);
      done++;
      if (!target.command || (index % commandEvery !== 0 && mutants > 1)) continue;
      const place = join(folder, 'command');
      store(place, files);
      note(await tryCommand(target.command(place), limits.seconds), index, files);
      rmSync(place, { recursive: true });
    }
  } finally {
    child.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return { mutants: done, outcomes, failures };
}

function store(folder: string, files: Files): void {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
}
