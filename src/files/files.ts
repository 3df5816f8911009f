/**
 * The files of a run directory. Whole files are replaced atomically (a reader, or the next run after a kill or a full
 * disk, sees the old bytes or the new ones, never a mixture); `*.jsonl` files grow line by line, and a line torn by a
 * kill is dropped when they are read. Synchronous: files are written between epochs, when nothing else runs.
 */

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { TritbankError } from '../ir/index.ts';
import { fileError } from './errors.ts';
import { mostFileBytes, readBounded } from './read.ts';
import { replaceFiles } from './replace.ts';
import { removeLeftovers, temporaryName } from './temporary.ts';

/** Creates a run directory with its parents. E_FILE when it cannot be created or written to. */
export function makeRunDirectory(path: string): void {
  try {
    makeDirectories(resolve(path));
    probeDirectory(path);
  } catch (cause) {
    throw fileError(path, 'a writable directory', cause);
  }
}

/** Throws the system's error where no file can be made in an existing directory; removes what killed writers left there. */
export function probeDirectory(path: string): void {
  removeLeftovers(path);
  const probe = temporaryName(join(path, 'probe'));
  writeFileSync(probe, '');
  rmSync(probe);
}

/** E_FILE where `makeRunDirectory` would fail; leaves nothing. */
export function probeRunDirectory(path: string): void {
  let existing = resolve(path);
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    probeDirectory(existing);
  } catch (cause) {
    throw fileError(path, 'a writable directory', cause);
  }
}

/** `mkdir` with `recursive` never returns where a file system refuses entries with ENOENT, as /proc does (Node 20). */
function makeDirectories(path: string): void {
  if (existsSync(path)) return;
  makeDirectories(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(path)) throw error;
  }
}

/**
 * Replaces the file at `path` (`replace.ts`). On failure an earlier file at `path` stays as it was, and the error is E_FILE.
 */
export function writeFileAtomic(path: string, content: Uint8Array | string): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  replaceFiles([[path, [bytes]]], (_, cause) => fileError(path, 'a writable file', cause));
}

/** Appends `record` as one line of JSON. Before the first append to an earlier run's file, call `truncateLines`. */
export function appendLine(path: string, record: object): void {
  try {
    writeFileSync(path, `${JSON.stringify(record)}\n`, { flag: 'a' });
  } catch (cause) {
    throw fileError(path, 'a writable file', cause);
  }
}

/**
 * The records of a file with one JSON object per line, which the caller knows to be of type T. A last line without its
 * end, torn by a kill, is dropped. E_FILE when the file is absent, E_FORMAT when another line is damaged.
 */
export function readLines<T extends object>(path: string): T[] {
  // records of a long run are no text that people write
  const lines = readBounded(path, { mostBytes: mostFileBytes }).toString().split('\n');
  const records: T[] = [];
  for (const [i, line] of lines.entries()) {
    if (line === '') continue;
    const record = parseObject(line);
    if (record !== undefined) records.push(record as T);
    else if (i < lines.length - 1) {
      const found = line.length > 40 ? `${line.slice(0, 40)}...` : line;
      throw new TritbankError('E_FORMAT', `${path} line ${i + 1}`, `expected a JSON object, found ${found}`);
    }
  }
  return records;
}

/** Keeps the records that `keep` accepts and rewrites the file: on resume, those up to the checkpoint. */
export function truncateLines<T extends object>(path: string, keep: (record: T) => boolean): void {
  const lines = readLines<T>(path).filter(keep);
  writeFileAtomic(path, lines.map((record) => `${JSON.stringify(record)}\n`).join(''));
}

function parseObject(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
