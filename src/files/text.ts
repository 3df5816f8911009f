/** Text files that people and other programs wrote: UTF-8, with or without a byte order mark. */

import { TritbankError } from '../ir/index.ts';
import { readBounded } from './read.ts';

/** The text of a file. E_FILE where it cannot be read or is larger than any text (`readBounded`), E_FORMAT where it is not UTF-8. */
export function readText(path: string, expected = 'a readable file'): string {
  const bytes = readBounded(path, { expected });
  try {
    // takes the mark away
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TritbankError('E_FORMAT', path, 'expected text in UTF-8, found other bytes', { cause });
  }
}
