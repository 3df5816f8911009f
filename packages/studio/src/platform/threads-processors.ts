/** In the place of the toolkit's `threads/processors.ts`. */

import type * as Node from '#toolkit/threads/processors.ts';

export const processors: typeof Node.processors = () => navigator.hardwareConcurrency;
