/** Errors of the system as those of Tritbank. */

import { getSystemErrorMap } from 'node:util';
import { TritbankError } from '../ir/index.ts';

/** The TritbankError (E_FILE) for a system call that failed at `path`; other errors are returned as they are. */
export function fileError(path: string, expected: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !('code' in cause)) return cause;
  const errno = 'errno' in cause && typeof cause.errno === 'number' ? cause.errno : 0;
  const [, message] = getSystemErrorMap().get(errno) ?? [];
  const found = message ? `${cause.code}: ${message}` : cause.message;
  return new TritbankError('E_FILE', path, `expected ${expected}, found ${found}`, { cause });
}
