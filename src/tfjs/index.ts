/** Layers models of TensorFlow.js to graphs. Runs in browsers, too. */

export { readTfjs, type TfjsOptions } from './read.ts';
export type { ShardSource } from './weights.ts';
