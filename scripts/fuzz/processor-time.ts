/** The processor time of a process, as Linux tells it: what a process has worked, however busy its machine is. */

import { readFileSync } from 'node:fs';

/** Linux's clock ticks a second as user programs see them, on every architecture that Node runs on. */
const ticks = 100;

/** Seconds of processor time of all threads of a process so far; undefined where there is no `/proc`, or no such process. */
export function processorSeconds(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // the second field is the program's name in parentheses, which may hold anything; fields 14 and 15 are the times
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticks;
  } catch {
    return undefined;
  }
}
