/** Exported C, built and run on this machine. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CExport } from '../../src/export/c/index.ts';

const has = (program: string, args: readonly string[]) => {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** Why nothing can be built here; undefined where it can. */
export const missing = ['make', 'cc'].find((program) => !has(program, ['--version']));

/** Why sanitizers cannot be used. */
export const hasClang = has('clang', ['--version']);

/** What `make TARGET` prints at last, and warnings. */
export function make({ files }: CExport, target: 'test' | 'sanitize', variables: readonly string[] = []): string {
  const directory = mkdtempSync(join(tmpdir(), 'tritbank-c-'));
  try {
    for (const [name, text] of files) {
      mkdirSync(join(directory, dirname(name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    const makefile = [...files.keys()].find((name) => name.endsWith('Makefile'))!;
    const folder = join(directory, dirname(makefile));
    const args = ['--silent', '--no-print-directory', '-C', folder, target, ...variables];
    return execFileSync('make', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `${stdout}\n${stderr}`.trim();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
