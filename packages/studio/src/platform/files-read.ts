/** In the place of the toolkit's `files/read.ts`: a page reads no paths. */

import type * as Node from '#toolkit/files/read.ts';
import { TritbankError } from '#toolkit/ir/errors.ts';

export const mostTextBytes: typeof Node.mostTextBytes = 2 ** 26;
export const mostFileBytes: typeof Node.mostFileBytes = 2 ** 31 - 1;

export const isThere: typeof Node.isThere = () => false;

export const readBounded: typeof Node.readBounded = (path, { expected = 'a readable file' } = {}) => {
  throw new TritbankError('E_FILE', path, `expected ${expected}, found a path, which a page does not read`);
};
