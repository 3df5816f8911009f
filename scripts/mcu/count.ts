/** Counts of drawn networks on QEMU, kept in `runs/mcu-costs` by what was measured, and not made again. */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportC } from '../../src/export/c/index.ts';
import type { Program } from '../../src/export/c/program.ts';
import { writeFileAtomic } from '../../src/files/index.ts';
import type { IntegerNetwork } from '../../src/integer/index.ts';
import { type CoreName, coreOf, type McuMeasure, measureOnCore } from '../../src/mcu/index.ts';

const kept = 'runs/mcu-costs';

export type Counted = Pick<McuMeasure, 'steps' | 'flash' | 'stack'> & { readonly program: Program };

/** What the kernels and the counting are. */
const sources = ['kernels-c', 'kernels-c/mcu']
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((path) => /\.[ch]$/.test(path))
  .map((path) => readFileSync(path, 'utf8'))
  .join('');

export async function count(network: IntegerNetwork, core: CoreName): Promise<Counted> {
  const exported = exportC(network, { name: 'grid', drawn: 1, optimize: 'balanced' });
  const hash = createHash('sha256').update(sources).update(core);
  for (const text of exported.files.values()) hash.update(text);
  const path = join(kept, `${core}-${hash.digest('hex').slice(0, 16)}.json`);
  mkdirSync(kept, { recursive: true });
  if (!existsSync(path)) {
    const { steps, flash, stack } = await measureOnCore(exported, coreOf(core));
    writeFileAtomic(path, JSON.stringify({ steps, flash, stack }));
  }
  return { ...JSON.parse(readFileSync(path, 'utf8')), program: exported.program };
}

/** Median and worst of what is missed. */
export function describeErrors(errors: readonly number[]): string {
  const sorted = errors.map(Math.abs).sort((a, b) => a - b);
  const percent = (v: number) => `${(100 * v).toFixed(1)} %`;
  return `median ${percent(sorted[sorted.length >> 1] ?? 0)}, worst ${percent(sorted.at(-1) ?? 0)} of ${errors.length}`;
}
