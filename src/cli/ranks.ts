/** Commands that several ranks do together: joining, who speaks, and how all of them end. */

import { type Communicator, isRoot, joinRanks, launchOf, type Ranks } from '../cluster/index.ts';
import { TritbankError } from '../ir/errors.ts';
import { warn, writeLine } from './output.ts';

let present: Communicator | undefined;

/** The beginning of a line of this rank; empty for rank 0, and where there is one process. */
export function rankLabel(): string {
  const rank = present?.rank ?? launchOf()?.rank ?? 0;
  return rank === 0 ? '' : `rank ${rank}: `;
}

/**
 * Does work with the other ranks that a launcher started, or alone. Where it fails, `endRanks` ends the others after the
 * error was printed.
 */
export async function withRanks<T>(work: (ranks: Ranks) => Promise<T>): Promise<T> {
  present = await joinRanks();
  const result = await work(present);
  // rank 0 writes its report in the meantime
  await present?.barrier().wait({ patient: true });
  present?.finalize();
  present = undefined;
  return result;
}

/** What SIGTERM means to one of several ranks. */
export const launcherStops = (): string =>
  present
    ? ' (the launcher ends all ranks, as when one of them died; the last checkpoint, where there is one, is whole)'
    : '';

/** Ranks as an option of the library. */
export const ranksOption = (ranks: Ranks) => (ranks ? { ranks } : {});

/** Ends all ranks where the work of this one failed; does not return then. */
export function endRanks(status: number): void {
  if (!present) return;
  present.abort(status);
}

/** Ranks that were all asked to stop end in an orderly way. */
export function leaveRanks(): void {
  present?.finalize();
  present = undefined;
}

/** Whether the error is one that rank 0 prints too: all ranks have the same command line. */
export const isSaidByRoot = (error: unknown): boolean =>
  !present && rankLabel() !== '' && error instanceof TritbankError && error.code === 'E_USAGE';

/** Warnings of rank 0, and of other ranks once `isWorking`: before, all of them find the same. */
export function ranksWarning(ranks: Ranks, isWorking: () => boolean): (line: string) => void {
  if (isRoot(ranks)) return warn;
  return (line) => {
    if (isWorking()) writeLine(`warning: ${rankLabel()}${line}`);
  };
}
