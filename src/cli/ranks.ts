/** Commands that several ranks do together: joining, who speaks, and how all of them end. */

import { type Communicator, isRoot, joinRanks, launchOf, type Ranks } from '../cluster/index.ts';
import { rankTimeout } from '../cluster/timeout.ts';
import { type Watch, watchRanks, watchVariable } from '../cluster/watch/watch.ts';
import { TritbankError } from '../ir/errors.ts';
import { warn, writeLine } from './output.ts';

let present: Communicator | undefined;
let watch: Watch | undefined;

/** Milliseconds in which the others say what they have heard. */
const parting = 400;
const afterAlarm = 3000;
/** Milliseconds in which rank 0 begins, says what is wrong and is ended by the launcher with all others. */
const lateness = 8000;
/** Errors that all ranks find, before they join: in the command line that they share, or in the run directory. */
const sharedCodes: readonly string[] = ['E_USAGE', 'E_RESUME'];

/** The beginning of a line of this rank; empty for rank 0, and where there is one process. */
export function rankLabel(): string {
  const rank = present?.rank ?? launchOf()?.rank ?? 0;
  return rank === 0 ? '' : `rank ${rank}: `;
}

/** Keeps SIGTERM, which the launcher sends when another rank has died, from ending this one before it has said so. */
function stayForAWord(): void {
  if (process.listenerCount('SIGTERM') > 1) return;
  setTimeout(() => process.exit(143), parting);
}

/**
 * Does work with the other ranks that a launcher started, or alone. Where it fails, `endRanks` ends the others after the
 * error was printed.
 */
export async function withRanks<T>(work: (ranks: Ranks) => Promise<T>): Promise<T> {
  present = await joinRanks();
  if (!present) return work(undefined);
  process.on('SIGTERM', stayForAWord);
  if (process.env[watchVariable] !== '0') {
    // sooner than a sum is given up, which cannot name the rank
    const how = { timeout: 0.8 * rankTimeout(process.env), local: launchOf()?.local };
    const onRefusal = () =>
      warn(
        `ranks cannot connect to each other beside MPI: a dead one is only missed (${watchVariable}=0 keeps them from it)`,
      );
    watch = await watchRanks(present, { ...how, onRefusal });
  }
  const result = await work(present);
  // rank 0 writes its report in the meantime
  await present.barrier().wait({ patient: true });
  await leaveRanks();
  return result;
}

/** What SIGTERM means to one of several ranks. */
export const launcherStops = (): string =>
  present
    ? ' (the launcher ends all ranks, as when one of them died; the last checkpoint, where there is one, is whole)'
    : '';

/** Whether another rank is amiss: then the launcher's signals are no news. */
export const isAmiss = (): boolean => watch?.isAmiss() === true;

/** Ranks as an option of the library. */
export const ranksOption = (ranks: Ranks) => (ranks ? { ranks } : {});

/** Ends all ranks where the work of this one failed; does not return then. */
export async function endRanks(status: number): Promise<void> {
  if (!present) return;
  // the rank that failed ends all, with its status
  const pause = watch?.alarm() === undefined ? parting : afterAlarm;
  if (watch) await new Promise((resolve) => setTimeout(resolve, pause));
  present.abort(status);
}

/** Ranks that were all asked to stop end in an orderly way. */
export async function leaveRanks(): Promise<void> {
  await watch?.leave();
  present?.finalize();
  process.off('SIGTERM', stayForAWord);
  [present, watch] = [undefined, undefined];
}

/** Whether `line`, by which this rank ends, was said: by its watcher, or by rank 0, which found the same. */
export async function isSaid(error: unknown, line: string): Promise<boolean> {
  if (!present) {
    const isShared = error instanceof TritbankError && sharedCodes.includes(error.code);
    // a rank that ended first would take rank 0 with it before that has said a word
    if (rankLabel() !== '' && isShared) await new Promise((resolve) => setTimeout(resolve, lateness));
    return false;
  }
  if (!watch) return false;
  if (watch.alarm() !== undefined && error instanceof TritbankError && error.code === 'E_RANK') return true;
  return watch.tell(line);
}

/** Warnings of rank 0, and of other ranks once `isWorking`: before, all of them find the same. */
export function ranksWarning(ranks: Ranks, isWorking: () => boolean): (line: string) => void {
  if (isRoot(ranks)) return warn;
  return (line) => {
    if (isWorking()) writeLine(`warning: ${rankLabel()}${line}`);
  };
}
