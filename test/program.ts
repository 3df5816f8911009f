/**
 * The program as users start it: the built one in `npm test`, which has just built it (and starts in a tenth of the time),
 * else from its sources.
 */

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '..');
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Arguments of Node before those of the program. */
export const program: readonly string[] = process.env.TRITBANK_TEST_BUILT
  ? [join(root, 'dist/cli/main.js')]
  : ['--import', loader, join(root, 'src/cli/main.ts')];

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `tritbank args` in a directory. `watch` sees what it has written to stderr so far; of its signals the first is sent
 * (more may be written before it is met, and a second one would end the program at once).
 */
export function startProgram(
  args: readonly string[],
  cwd: string,
  watch?: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Outcome> {
  const env = { ...process.env, TRITBANK_DATA: '', NODE_OPTIONS: '' };
  const child = spawn(process.execPath, [...program, ...args], { cwd, env });
  let isSignalled = false;
  const kill = (signal: NodeJS.Signals) => {
    if (!isSignalled) child.kill(signal);
    isSignalled = true;
  };
  return new Promise((done) => {
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output.stderr += chunk;
      watch?.(output.stderr, kill);
    });
    child.on('close', (status) => done({ status, ...output }));
  });
}
