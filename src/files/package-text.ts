/** Texts that come with the package. A bundle for browsers has them in it, by another module in this one's place. */

import { readFileSync } from 'node:fs';

/** The content of a file of the package; `path` is relative to its root. */
export const packageText = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
