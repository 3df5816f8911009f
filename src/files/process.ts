/** Which process it is that holds a lock or writes a file, and whether it still runs. */

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in the system's units: a later process may have the same id. */
  readonly started?: string;
}

/** What the system tells of a process behind its name (Linux: proc(5)); undefined where it does not. */
function statusOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** Start time of a process in ticks since the machine's start. */
const startOf = (pid: number): string | undefined => statusOf(pid)?.[19];

export function thisProcess(): ProcessIdentity {
  const started = startOf(process.pid);
  return { pid: process.pid, host: hostname(), ...(started !== undefined && { started }) };
}

/** Whether a process of this id is running; one that has ended and waits for its parent is not. */
function isAlive(pid: number): boolean {
  if (statusOf(pid)?.[0] === 'Z') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** False where it is known that the process has ended; one of another machine cannot be asked. */
export function mayRun({ pid, host, started }: ProcessIdentity): boolean {
  if (host !== hostname()) return true;
  return isAlive(pid) && (started === undefined || startOf(pid) === started);
}
