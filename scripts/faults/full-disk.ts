/** A disk that is full at some time of a run, and has room again: Linux's tmpfs, which only root can mount. */

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../src/ir/index.ts';
import { differences, essenceOf, leftovers } from './essence.ts';
import type { Reference, Trial } from './kill.ts';
import { runProgram } from './program.ts';

const mount = (...args: string[]) => spawnSync('mount', args, { encoding: 'utf8' });

/** The reason why there is no such disk, or undefined. */
export function whyNoDisk(folder: string): string | undefined {
  mkdirSync(folder, { recursive: true });
  const { status, stderr, error } = mount('-t', 'tmpfs', '-o', 'size=64k', 'tritbank-faults', folder);
  if (status === 0) spawnSync('umount', [folder]);
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

/** The run on a disk of random size up to `bytes`, then on a large one. */
export async function runOnFullDisk(
  { job, essence }: Reference,
  folder: string,
  bytes: number,
  random: Random,
): Promise<Trial> {
  mkdirSync(folder, { recursive: true });
  const pages = 1 + random.int(Math.ceil(bytes / 4096));
  mount('-t', 'tmpfs', '-o', `size=${4 * pages}k`, 'tritbank-faults', folder);
  try {
    const out = join(folder, 'out');
    const full = await runProgram(job.command(out, false));
    const isTold = full.status === 0 || /^error E_FILE: /m.test(full.stderr);
    if (!isTold) return { kills: [], faults: [`a full disk gives status ${full.status}: ${full.stderr.trim()}`] };
    mount('-o', 'remount,size=64m', folder);
    const { status, stderr } = full.status === 0 ? full : await runProgram(job.command(out, true));
    if (status !== 0) return { kills: [], faults: [`status ${status}: ${stderr.trim()}`] };
    const differing = differences(essence, essenceOf(out)).map((name) => `${name || 'the file'} differs`);
    return { kills: [], faults: [...differing, ...leftovers(folder).map((name) => `${name} is left`)] };
  } finally {
    spawnSync('umount', [folder]);
  }
}
