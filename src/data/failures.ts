/**
 * Images that do not decode. A few are usual in large collections and must not stop a run; many mean damaged data.
 * Each is reported once; E_DATA when at least three, and more than 1 % of the split, have failed.
 */

import { TritbankError } from '../ir/errors.ts';
import type { Split } from './dataset.ts';

const fewest = 3;
const tolerated = 0.01;
const failed = new WeakMap<Split, Set<number>>();
const reported = new WeakMap<Split, Set<number>>();

/** True for errors that mean "this image is bad", not "the program is". */
export function isBadImage(error: unknown): error is TritbankError {
  return error instanceof TritbankError && (error.code === 'E_FORMAT' || error.code === 'E_FILE');
}

/** Number of different images of the split that have failed to decode so far. */
export function failureCount(split: Split): number {
  return failed.get(split)?.size ?? 0;
}

/** Records that image `index` failed, and warns once there is somebody to warn. Throws E_DATA when it is one too many. */
export function recordFailure(
  split: Split,
  index: number,
  error: TritbankError,
  warn: ((message: string) => void) | undefined,
): void {
  const known = failed.get(split) ?? new Set<number>();
  failed.set(split, known);
  const isNew = !known.has(index);
  known.add(index);
  const told = reported.get(split) ?? new Set<number>();
  reported.set(split, told);
  if (warn && !told.has(index)) {
    told.add(index);
    warn(`${error.message}; skipped (${told.size} so far)`);
  }
  if (!isNew) return;
  if (known.size < fewest || known.size <= tolerated * split.length) return;
  const found = `found ${known.size} of ${split.length}, the last: ${error.detail}`;
  throw new TritbankError('E_DATA', error.where, `expected at most 1 % of images that do not decode, ${found}`, {
    cause: error,
  });
}
