/** The program as users start it, from its sources. */

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const entry = join(resolve(import.meta.dirname, '..'), 'src/cli/main.ts');
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tritbank args` in a directory. `watch` sees what it has written to stderr so far. */
export function startProgram(
  args: readonly string[],
  cwd: string,
  watch?: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Outcome> {
  const env = { ...process.env, TRITBANK_DATA: '', NODE_OPTIONS: '' };
  const child = spawn(process.execPath, ['--import', loader, entry, ...args], { cwd, env });
  return new Promise((done) => {
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output.stderr += chunk;
      watch?.(output.stderr, (signal) => child.kill(signal));
    });
    child.on('close', (status) => done({ status, ...output }));
  });
}
