/**
 * Files and ranges of files, read in Node: models, and external data beside them. A data file has to lie in the model's
 * folder after all links were followed, so that a model that came with a link in an archive reads nothing else.
 */

import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { reasonOf } from '../files/reasons.ts';
import { checkLimit, type LimitOptions, TritbankError } from '../ir/index.ts';
import { byLocation, checkRanges, type ExternalRange, fromRead, type RangeSource } from './external.ts';
import { inFile } from './read.ts';

/** Node reads and writes at most 2 GiB at a time. */
export const pieceBytes = 2 ** 30;

/** The limit of options, or of the environment (TRITBANK_LIMIT), which reaches programs that pass none on. */
export function limitOf({ limit }: LimitOptions): number {
  const text = process.env.TRITBANK_LIMIT;
  if (limit !== undefined || text === undefined || text === '') return checkLimit({ limit: limit ?? 1 });
  if (Number(text) > 0) return Number(text);
  throw new TritbankError('E_USAGE', 'TRITBANK_LIMIT', `expected a number above 0, found '${text}'`);
}

/** The content of a file; E_FILE where it cannot be had. */
export async function readWhole(path: string): Promise<Uint8Array> {
  return withFile(path, async (handle, size) => readPart(handle, 0, size, path));
}

export interface ReadData {
  readonly source: RangeSource;
  /** Of all data files together. */
  readonly fileBytes: number;
}

/** Reads the ranges of a model's tensors from the files beside it. E_FILE, and E_FORMAT or E_LIMIT of `checkRanges`. */
export async function readRanges(modelPath: string, ranges: readonly ExternalRange[]): Promise<ReadData> {
  const files = new Map<string, ExternalRange[]>();
  for (const [location, own] of byLocation(ranges)) {
    const path = await resolveInside(modelPath, location);
    // links give one file several names
    files.set(path, [...(files.get(path) ?? []), ...own]);
  }
  const bytes = new Map<ExternalRange, Uint8Array>();
  let fileBytes = 0;
  for (const [path, own] of files) {
    await withFile(path, async (handle, size) => {
      inFile(modelPath, () => checkRanges(own, size));
      fileBytes += size;
      for (const range of own) bytes.set(range, await readPart(handle, range.offset, range.length, path));
    });
  }
  const source = fromRead(
    ranges,
    ranges.map((range) => bytes.get(range)!),
  );
  return { source, fileBytes };
}

/** A whole file beside a model. E_FILE as for external data. */
export const readBeside = async (modelPath: string, location: string): Promise<Uint8Array> =>
  readWhole(await resolveInside(modelPath, location));

/** The real path of a data file. The folder is that in which the model is found, or that of what it is a link to. */
async function resolveInside(modelPath: string, location: string): Promise<string> {
  const path = join(dirname(modelPath), location);
  try {
    const [real, ...folders] = await Promise.all([
      realpath(path),
      realpath(dirname(modelPath)),
      realpath(modelPath).then(dirname),
    ]);
    if (folders.some((folder) => isInside(folder, real))) return real;
  } catch (error) {
    throw fileError(error, path, 'a readable file');
  }
  throw new TritbankError('E_FILE', path, "expected external data inside the model's folder, found a link out of it");
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && join(folder, way) === path;
}

/** Opens without waiting for a writer, as a pipe would, and closes. */
async function withFile<T>(path: string, use: (handle: FileHandle, size: number) => Promise<T>): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = await handle.stat();
    if (!stat.isFile()) throw new TritbankError('E_FILE', path, 'expected a file, found a folder or device');
    return await use(handle, stat.size);
  } catch (error) {
    throw fileError(error, path, 'a readable file');
  } finally {
    await handle?.close();
  }
}

/** `length` bytes from `offset` on, or those that there still are. */
async function readPart(handle: FileHandle, offset: number, length: number, path: string): Promise<Uint8Array> {
  const bytes = allocateBytes(length, path);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(length - at, pieceBytes), offset + at);
    if (bytesRead === 0) throw new TritbankError('E_FILE', path, `expected ${length} bytes, found ${at}`);
    at += bytesRead;
  }
  return bytes;
}

function allocateBytes(length: number, path: string): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new TritbankError('E_LIMIT', path, `expected room for ${length} bytes, found none`, { cause });
  }
}

export function fileError(error: unknown, path: string, expected: string): TritbankError {
  if (error instanceof TritbankError) return error;
  return new TritbankError('E_FILE', path, `expected ${expected}, found ${reasonOf(error)}`, { cause: error });
}
