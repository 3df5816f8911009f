/**
 * The process in which mutants are tried, so that a hang or a crash ends it and nothing else. It gets `{ index, files }`,
 * answers `{ index, outcome, detail, bytes }`, and says `{ index, left: true }` when what follows is another's code.
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TritbankError } from '../../src/ir/index.ts';
import type { Files } from './target.ts';
import { targets } from './targets/index.ts';

export interface Request {
  readonly index: number;
  readonly files: Files;
}

export interface Answer {
  readonly index: number;
  readonly left?: true;
  readonly outcome?: string;
  /** The stack of an error that is a failure. */
  readonly failure?: string;
  /** The largest resident memory so far, in bytes. */
  readonly bytes?: number;
}

const [name, folder] = process.argv.slice(2) as [string, string];
const target = await targets[name]!();
const send = (answer: Answer) => process.send!(answer);

async function tryOne({ index, files }: Request): Promise<void> {
  const own = join(folder, String(index));
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(own, path)), { recursive: true });
    writeFileSync(join(own, path), bytes);
  }
  const answer = await target.run(files, { folder: own, index, leave: () => send({ index, left: true }) }).then(
    (outcome) => ({ outcome }),
    (error: unknown) => {
      if (error instanceof TritbankError && /\p{Cc}/u.test(error.line)) {
        return { failure: `an error line with control characters: ${JSON.stringify(error.line)}` };
      }
      if (error instanceof TritbankError) return { outcome: error.code };
      return { failure: error instanceof Error ? String(error.stack) : String(error) };
    },
  );
  rmSync(own, { recursive: true, force: true });
  send({ index, ...answer, bytes: process.resourceUsage().maxRSS * 1024 });
}

process.on('message', (request: Request) => void tryOne(request));
process.on('disconnect', () => void (target.end?.() ?? Promise.resolve()).finally(() => process.exit()));
await target.start?.();
send({ index: -1 });
