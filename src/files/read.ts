/**
 * Files read whole, none of them without end: devices are refused, and files and pipes that hold more than what they are
 * for.
 */

import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { TritbankError } from '../ir/index.ts';
import { fileError } from './errors.ts';

/** Of a text: names, plans and configurations take kilobytes. */
export const mostTextBytes = 2 ** 26;

/** Node reads at most 2 GiB at a time, and no buffer of ours needs more. */
export const mostFileBytes = 2 ** 31 - 1;

const pieceBytes = 2 ** 16;

export interface BoundedRead {
  /** What is wanted, for the error. Default: a readable file. */
  readonly expected?: string;
  /** Default `mostTextBytes`. */
  readonly mostBytes?: number;
}

const tooLarge = (path: string, expected: string, mostBytes: number) => {
  const most = mostBytes.toLocaleString('en-US');
  return new TritbankError('E_FILE', path, `expected ${expected} of at most ${most} bytes, found a larger one`);
};

/** The content of an open file; undefined where there is more than `mostBytes`. `size` is what the system says that it has. */
function readAll(handle: number, size: number, mostBytes: number): Buffer | undefined {
  const pieces: Buffer[] = [];
  let total = 0;
  for (;;) {
    // one byte more than there should be tells the end
    const piece = Buffer.allocUnsafe(Math.max(pieceBytes, Math.min(size - total + 1, 2 ** 30)));
    const length = readSync(handle, piece);
    if (length === 0) return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, total);
    total += length;
    if (total > mostBytes) return undefined;
    pieces.push(piece.subarray(0, length));
  }
}

/** Whether there is something at a path. */
export const isThere = (path: string): boolean => existsSync(path);

/** The content of a file or pipe. E_FILE where it cannot be read, is a device, or has more than `mostBytes`. */
export function readBounded(
  path: string,
  { expected = 'a readable file', mostBytes = mostTextBytes }: BoundedRead = {},
): Buffer {
  let handle: number | undefined;
  try {
    handle = openSync(path, 'r');
    const stats = fstatSync(handle);
    if (stats.isCharacterDevice() || stats.isBlockDevice()) {
      throw new TritbankError('E_FILE', path, `expected ${expected}, found a device`);
    }
    const content = stats.size > mostBytes ? undefined : readAll(handle, stats.size, mostBytes);
    if (content) return content;
    throw tooLarge(path, expected, mostBytes);
  } catch (cause) {
    throw fileError(path, expected, cause);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
