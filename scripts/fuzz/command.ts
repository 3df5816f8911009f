/** A mutant through the command line: whatever the files, one error line with a code, and never a stack. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Verdict } from './child.ts';

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** Starting the program from its sources takes many seconds on a busy machine. */
const startSeconds = 120;

export function tryCommand(args: readonly string[], seconds: number): Promise<Verdict> {
  const timeout = (seconds + startSeconds) * 1000;
  return new Promise((done) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', program, ...args],
      { timeout, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        const status = error ? (error.killed ? 'hang' : Number(error.code)) : 0;
        const lines = stderr.split('\n').filter((line) => line.startsWith('error '));
        const isAnswer = status === 0 || ((status === 1 || status === 2) && lines.length === 1);
        const isClean = !/E_INTERNAL|^\s+at .+:\d+:\d+\)?$/m.test(stderr) && !/[^\P{Cc}\n\t]/u.test(stdout + stderr);
        if (isAnswer && isClean) done({ outcome: `command ${lines[0]?.split(/[ :]/)[1] ?? 'done'}` });
        else
          done({ outcome: 'command', failure: `tritbank ${args.join(' ')}: status ${status}\n${stderr.slice(-2000)}` });
      },
    );
  });
}
