/**
 * Files replaced whole or not at all: a reader, or the next run after a kill or a full disk, sees the old bytes or the
 * new ones, never a mixture. Links are followed, and what they point to is replaced; devices and pipes are written to.
 */

import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { temporaryName } from './temporary.ts';

/** What is at a path, behind links; undefined for nothing. Throws other errors of the system. */
export const statOf = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });

/** The path behind links, of a file that need not exist. */
export function followLinks(path: string): string {
  let place = resolve(path);
  for (let links = 0; links < 40; links++) {
    if (!lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink()) return place;
    place = resolve(dirname(place), readlinkSync(place));
  }
  // the system says what is wrong
  statSync(path);
  return place;
}

/** Devices such as `/dev/null` and `/dev/stdout`, and pipes: what is written there is passed on. */
export const isPassedOn = (stats: Stats): boolean => stats.isCharacterDevice() || stats.isFIFO();

/** Node writes at most 2 GiB at a time. */
const pieceBytes = 2 ** 30;

function writeAll(path: string, flags: string | number, pieces: readonly Uint8Array[], flush: boolean): void {
  const handle = openSync(path, flags);
  try {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length; ) {
        at += writeSync(handle, piece, at, Math.min(piece.length - at, pieceBytes));
      }
    }
    if (flush) fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Makes renames survive a power cut; file systems that cannot flush a directory are left alone. */
function flushDirectory(path: string): void {
  try {
    const handle = openSync(path, constants.O_RDONLY);
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Windows opens no directories; the rename is atomic all the same.
  }
}

export type Content = readonly [path: string, pieces: readonly Uint8Array[]];

/**
 * Writes all files under temporary names, flushes them to the disk, then renames them in order. On failure temporary
 * files are removed and the earlier files stay. Throws `failure(path, cause)` for an error of the system.
 */
export function replaceFiles(files: readonly Content[], failure: (path: string, cause: unknown) => unknown): void {
  const waiting: { readonly path: string; readonly temporary: string; readonly target: string }[] = [];
  const attempt = (path: string, action: () => void) => {
    try {
      action();
    } catch (cause) {
      throw failure(path, cause);
    }
  };
  try {
    for (const [path, pieces] of files) {
      attempt(path, () => {
        const stats = statOf(path);
        if (stats && isPassedOn(stats)) {
          writeAll(path, constants.O_WRONLY, pieces, false);
          return;
        }
        const target = followLinks(path);
        const temporary = temporaryName(target);
        waiting.push({ path, temporary, target });
        writeAll(temporary, 'wx', pieces, true);
      });
    }
    for (const { path, temporary, target } of waiting) attempt(path, () => renameSync(temporary, target));
    for (const directory of new Set(waiting.map(({ target }) => dirname(target)))) flushDirectory(directory);
  } finally {
    for (const { temporary } of waiting) rmSync(temporary, { force: true });
  }
}
