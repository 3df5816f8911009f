/**
 * Files from an address into the cache, by their content: `CACHE/tritbank/zoo/SHA256`. What is there is not fetched again;
 * a download that was cut short goes on where it ended (HTTP Range); a file has its name only once its sum was checked. The
 * last index of an address is kept beside them, so that what is there can be found without it.
 */

import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileError, readText, writeFileAtomic } from '../files/index.ts';
import { TritbankError } from '../ir/index.ts';
import type { ZooFile } from './card.ts';
import { failed, type RequestOptions, request, Unreachable } from './request.ts';

/** By the XDG base directory specification. */
export const cacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tritbank', 'zoo');

export type DownloadProgress = (done: number, total: number) => void;

export interface DownloadOptions extends RequestOptions {
  readonly onProgress?: DownloadProgress;
  /** Receives a line where an address does not answer and what is in the cache is taken. */
  readonly warn?: (line: string) => void;
}

/** Work on files of the cache. E_FILE where it cannot be done. */
function inCache<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw fileError(path, 'a cache that can be written (its place: XDG_CACHE_HOME, else ~/.cache)', cause);
  }
}

export const sumOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** E_FORMAT for content that is not what the card says. */
export function checkContent(bytes: Uint8Array, { bytes: size, sha256 }: ZooFile, where: string): void {
  const found = sumOf(bytes);
  if (bytes.length === size && found === sha256) return;
  const message = `expected ${size} bytes with SHA-256 ${sha256}, found ${bytes.length} with ${found}`;
  throw new TritbankError('E_FORMAT', where, message);
}

/** The path of the file in the cache. E_FILE where it cannot be had, E_FORMAT where its content is another. */
export async function download(address: URL, file: ZooFile, options: DownloadOptions = {}): Promise<string> {
  const folder = cacheFolder();
  const target = join(folder, `${file.sha256}.onnx`);
  if (hasWhole(target, file)) return target;
  inCache(folder, () => mkdirSync(folder, { recursive: true }));
  const part = join(folder, `${file.sha256}.part`);
  await complete(address, file, part, options);
  try {
    checkContent(readFileSync(part), file, address.href);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  renameSync(part, target);
  return target;
}

const hasWhole = (path: string, { bytes, sha256 }: ZooFile) =>
  existsSync(path) && statSync(path).size === bytes && sumOf(readFileSync(path)) === sha256;

const indexIn = (base: URL) => join(cacheFolder(), `index-${sumOf(Buffer.from(base.href)).slice(0, 16)}.json`);

/** Keeps the index of an address, for when it does not answer; without a cache that can be written it is not kept. */
export function keepIndex(base: URL, text: string): void {
  try {
    mkdirSync(cacheFolder(), { recursive: true });
    writeFileAtomic(indexIn(base), text);
  } catch {
    // what can be read now need not be kept
  }
}

/** The index that was kept, if one was. */
export function keptIndex(base: URL): string | undefined {
  const path = indexIn(base);
  return existsSync(path) ? inCache(path, () => readText(path)) : undefined;
}

async function complete(address: URL, file: ZooFile, part: string, options: DownloadOptions): Promise<void> {
  let size = existsSync(part) ? statSync(part).size : 0;
  if (size === file.bytes) return;
  if (size > file.bytes) {
    rmSync(part);
    size = 0;
  }
  const headers: Record<string, string> = size > 0 ? { Range: `bytes=${size}-` } : {};
  const answer = await request(address, headers, options);
  // a server without ranges begins again
  if (size > 0 && answer.status !== 206) {
    rmSync(part);
    size = 0;
  }
  try {
    for await (const piece of answer.pieces) {
      size += piece.length;
      // more than the card says is not worth storing
      if (size > file.bytes) throw failed(address, `more than ${file.bytes} bytes`);
      inCache(part, () => appendFileSync(part, piece));
      options.onProgress?.(size, file.bytes);
    }
  } catch (cause) {
    if (!(cause instanceof Unreachable)) throw cause;
    throw failed(address, `an end after ${size} of ${file.bytes} bytes (once more goes on from there)`, cause);
  }
}
