/** The built program in a process of its own, which may be killed. */

import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

const entry = join(resolve(import.meta.dirname, '../..'), 'dist/cli/main.js');

export interface Outcome {
  readonly status: number | null;
  readonly wasKilled: boolean;
  readonly stderr: string;
  readonly milliseconds: number;
}

/** Runs `tritbank args`; sends SIGKILL after `killAfter` milliseconds where it runs so long. */
export function runProgram(args: readonly string[], killAfter?: number): Promise<Outcome> {
  const began = performance.now();
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      const milliseconds = performance.now() - began;
      done({ status, wasKilled: signal === 'SIGKILL', stderr, milliseconds });
    });
  });
}
