/**
 * One process at a time in a run directory: a file `.lock` that says who is there. A process that was killed leaves its
 * lock; the next one sees that its owner is gone and takes over. Over a network file system the owner may be on another
 * machine, which cannot be asked: then a person decides.
 */

import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { TritbankError } from '../ir/index.ts';
import { fileError } from './errors.ts';
import { mayRun, type ProcessIdentity, thisProcess } from './process.ts';
import { readBounded } from './read.ts';
import { temporaryName } from './temporary.ts';

interface Owner extends ProcessIdentity {
  readonly since: string;
  readonly command: string;
}

export interface Lock {
  release(): void;
}

/** The owner, or undefined for a lock that is gone or that nobody can have written. */
function readOwner(path: string): { readonly owner?: Owner; readonly text: string } | undefined {
  let text: string;
  try {
    text = readBounded(path).toString();
  } catch {
    return undefined;
  }
  try {
    return { owner: JSON.parse(text) as Owner, text };
  } catch {
    return { text };
  }
}

const isTaken = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'EEXIST';

/** Makes the lock appear with its content, or fails with EEXIST. */
function put(path: string, text: string): void {
  const temporary = temporaryName(path);
  writeFileSync(temporary, text);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (isTaken(error)) throw error;
    // a file system without links
    writeFileSync(path, text, { flag: 'wx' });
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Removes the lock of an owner that is gone; false where another process was faster. */
function removeStale(path: string, text: string): boolean {
  const aside = temporaryName(path);
  try {
    renameSync(path, aside);
  } catch {
    return false;
  }
  const isSame = readOwner(aside)?.text === text;
  if (!isSame) {
    // what was moved away is the lock of a process that took over in the meantime
    try {
      linkSync(aside, path);
    } catch {
      // its owner gave it back, or a third one is there
    }
  }
  rmSync(aside, { force: true });
  return isSame;
}

/** The lock of a directory. E_BUSY where another process has it, E_FILE where it cannot be written. */
export const takeLock = (directory: string, command: string): Lock =>
  take(join(directory, '.lock'), command, directory, 'a directory');

/** The lock of a file that is yet to be made, likewise. */
export const takeFileLock = (file: string, command: string): Lock =>
  take(join(dirname(file), `.${basename(file)}.lock`), command, file, 'a file');

function take(path: string, command: string, where: string, noun: string): Lock {
  const mine: Owner = { ...thisProcess(), since: new Date().toISOString(), command };
  const text = JSON.stringify(mine);
  for (let attempt = 0; ; attempt++) {
    try {
      put(path, text);
      break;
    } catch (error) {
      if (!isTaken(error)) throw fileError(path, 'a writable file', error);
    }
    const found = readOwner(path);
    if (!found) continue;
    const isStale = found.owner !== undefined && !mayRun(found.owner);
    if (isStale && attempt < 10) {
      removeStale(path, found.text);
      continue;
    }
    throw busy(where, noun, path, found.owner);
  }
  return {
    release() {
      if (readOwner(path)?.text === text) rmSync(path, { force: true });
    },
  };
}

function busy(where: string, noun: string, path: string, owner: Owner | undefined): TritbankError {
  const who = owner
    ? `process ${owner.pid} on ${owner.host} since ${owner.since} (${owner.command})`
    : 'a lock that cannot be read';
  const advice = owner?.host === hostname() ? '' : `; remove ${path} if that process is gone`;
  return new TritbankError('E_BUSY', where, `expected ${noun} that no other process uses, found ${who}${advice}`);
}
