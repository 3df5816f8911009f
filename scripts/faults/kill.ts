/** One command killed at random times until the kills are used up, continued, and compared with an undisturbed run. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../src/ir/index.ts';
import { differences, essenceOf, leftovers } from './essence.ts';
import type { Job } from './jobs.ts';
import { runProgram } from './program.ts';

export interface Reference {
  readonly job: Job;
  readonly essence: ReadonlyMap<string, string>;
  readonly milliseconds: number;
}

/** An undisturbed run. */
export async function runWhole(job: Job, folder: string): Promise<Reference & { readonly out: string }> {
  mkdirSync(folder, { recursive: true });
  const out = join(folder, 'out');
  const { status, stderr, milliseconds } = await runProgram(job.command(out, false));
  if (status !== 0) throw new Error(`${job.name} ends with status ${status}: ${stderr}`);
  return { job, out, essence: essenceOf(out), milliseconds };
}

export interface Trial {
  /** Kills that met a running program, in milliseconds after its start. */
  readonly kills: readonly number[];
  /** What is wrong; nothing, where all is well. */
  readonly faults: readonly string[];
}

/** True where the output was finished before the kill came, and is not written twice. */
const isTaken = ({ status, stderr }: { readonly status: number | null; readonly stderr: string }) =>
  status === 2 && stderr.includes('or --force to replace it, found');

/** The run in `folder` under at most `kills` kills. */
export async function runKilled(reference: Reference, folder: string, kills: number, random: Random): Promise<Trial> {
  const { job, essence, milliseconds } = reference;
  mkdirSync(folder, { recursive: true });
  const out = join(folder, 'out');
  const times: number[] = [];
  for (let k = 0; k < kills; k++) {
    // kills close to the start and the end, too
    const after = Math.round(random.float() * 1.05 * milliseconds);
    const { status, wasKilled, stderr } = await runProgram(job.command(out, k > 0), after);
    if (wasKilled) times.push(after);
    else if (status === 0 || isTaken({ status, stderr })) break;
    else return { kills: times, faults: [`status ${status}: ${stderr.trim()}`] };
  }
  const { status, stderr } = await runProgram(job.command(out, true));
  if (status !== 0 && !isTaken({ status, stderr }))
    return { kills: times, faults: [`status ${status}: ${stderr.trim()}`] };
  const differing = differences(essence, essenceOf(out)).map((name) => `${name || 'the file'} differs`);
  return { kills: times, faults: [...differing, ...leftovers(folder).map((name) => `${name} is left`)] };
}
