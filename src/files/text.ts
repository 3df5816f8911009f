/** Text files that people and other programs wrote: UTF-8, with or without a byte order mark. */

import { readFileSync } from 'node:fs';
import { TritbankError } from '../ir/index.ts';
import { fileError } from './files.ts';

/** The text of a file. E_FILE where it cannot be read, E_FORMAT where it is not UTF-8. */
export function readText(path: string, expected = 'a readable file'): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw fileError(path, expected, cause);
  }
  try {
    // takes the mark away
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TritbankError('E_FORMAT', path, 'expected text in UTF-8, found other bytes', { cause });
  }
}
