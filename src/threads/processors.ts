/** How many threads the machine runs at a time. */

import { availableParallelism } from 'node:os';

export const processors = (): number => availableParallelism();
