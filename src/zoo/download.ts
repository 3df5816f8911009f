/**
 * Files from an address into the cache, by their content: `CACHE/tritbank/zoo/SHA256`. What is there is not fetched again;
 * a download that was cut short goes on where it ended (HTTP Range); a file has its name only once its sum was checked.
 */

import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { reasonOf } from '../files/reasons.ts';
import { TritbankError } from '../ir/index.ts';
import type { ZooFile } from './card.ts';

/** By the XDG base directory specification. */
export const cacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tritbank', 'zoo');

export type DownloadProgress = (done: number, total: number) => void;

export interface DownloadOptions {
  readonly onProgress?: DownloadProgress;
  readonly signal?: AbortSignal;
}

export const sumOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** E_FORMAT for content that is not what the card says. */
export function checkContent(bytes: Uint8Array, { bytes: size, sha256 }: ZooFile, where: string): void {
  const found = sumOf(bytes);
  if (bytes.length === size && found === sha256) return;
  const message = `expected ${size} bytes with SHA-256 ${sha256}, found ${bytes.length} with ${found}`;
  throw new TritbankError('E_FORMAT', where, message);
}

const failed = (address: URL, found: string, cause?: unknown) =>
  new TritbankError('E_FILE', address.href, `expected a file that loads, found ${found}`, { cause });

/** A response with content. E_FILE for others. */
export async function request(address: URL, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, { headers, ...(signal && { signal }) });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw failed(address, reasonOf(cause), cause);
  }
  if (!response.ok) throw failed(address, `status ${response.status}`);
  return response;
}

/** The path of the file in the cache. E_FILE where it cannot be had, E_FORMAT where its content is another. */
export async function download(address: URL, file: ZooFile, options: DownloadOptions = {}): Promise<string> {
  const folder = cacheFolder();
  const target = join(folder, `${file.sha256}.onnx`);
  if (existsSync(target) && isWhole(target, file)) return target;
  mkdirSync(folder, { recursive: true });
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

const isWhole = (path: string, { bytes, sha256 }: ZooFile) =>
  statSync(path).size === bytes && sumOf(readFileSync(path)) === sha256;

async function complete(address: URL, file: ZooFile, part: string, options: DownloadOptions): Promise<void> {
  let size = existsSync(part) ? statSync(part).size : 0;
  if (size === file.bytes) return;
  if (size > file.bytes) {
    rmSync(part);
    size = 0;
  }
  const headers: Record<string, string> = size > 0 ? { Range: `bytes=${size}-` } : {};
  const response = await request(address, headers, options.signal);
  // a server without ranges begins again
  if (size > 0 && response.status !== 206) {
    rmSync(part);
    size = 0;
  }
  const reader = response.body?.getReader();
  try {
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
      size += piece.value.length;
      // more than the card says is not worth storing
      if (size > file.bytes) throw failed(address, `more than ${file.bytes} bytes`);
      appendFileSync(part, piece.value);
      options.onProgress?.(size, file.bytes);
    }
  } catch (cause) {
    if (cause instanceof TritbankError || options.signal?.aborted) throw cause;
    throw failed(address, `an end after ${size} of ${file.bytes} bytes (once more goes on from there)`, cause);
  }
}
