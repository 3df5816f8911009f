/** Where the files of a training run go, and what may be in the way of one. */

import type { DataOptions } from '../classifier/index.ts';
import { type RunPlace, runKinds } from '../files/index.ts';
import type { Recipe } from './config.ts';
import type { RunOptions } from './context.ts';

export { trainingFiles as runFiles } from '../files/run-kinds.ts';

/** Where a run goes, for `RunDirectory`. */
export const runPlace = ({ resume = false, force = false, inputs = [], ranks }: RunOptions): RunPlace => ({
  layout: runKinds.train.layout,
  resume,
  force,
  inputs,
  ...(ranks && { ranks }),
});

/** `options` that know all that a run with this configuration reads. */
export function withInputs(options: RunOptions, { data, dataDir, teachers = [] }: DataOptions & Recipe): RunOptions {
  const paths = [data, ...(dataDir === undefined ? [] : [dataDir]), ...teachers];
  return { ...options, inputs: [...(options.inputs ?? []), ...paths] };
}
