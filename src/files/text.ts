/** Text files that people and other programs wrote: UTF-8, with or without a byte order mark. */

import { readFileSync, statSync } from 'node:fs';
import { TritbankError } from '../ir/index.ts';
import { fileError } from './files.ts';

/** Of a text: names, plans and configurations take kilobytes. */
const maxBytes = 2 ** 26;

/** E_FILE for a device, which may have no end, and for what is larger than any text that people write. */
export function requireBounded(path: string, expected = 'a readable file'): void {
  const stats = statSync(path);
  if (!stats.isCharacterDevice() && stats.size <= maxBytes) return;
  throw new TritbankError('E_FILE', path, `expected ${expected} of at most 64 MiB, found a larger one, or a device`);
}

/** The text of a file. E_FILE where it cannot be read, E_FORMAT where it is not UTF-8. */
export function readText(path: string, expected = 'a readable file'): string {
  let bytes: Uint8Array;
  try {
    requireBounded(path, expected);
    bytes = readFileSync(path);
  } catch (cause) {
    if (cause instanceof TritbankError) throw cause;
    throw fileError(path, expected, cause);
  }
  try {
    // takes the mark away
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TritbankError('E_FORMAT', path, 'expected text in UTF-8, found other bytes', { cause });
  }
}
