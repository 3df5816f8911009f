/** The files of a training run, besides what every run directory has, and what may be in the way of one. */

import type { DataOptions } from '../classifier/index.ts';
import type { RunPlace } from '../files/index.ts';
import type { Recipe } from './config.ts';
import type { RunOptions } from './context.ts';

export const runFiles = {
  plan: 'plan.json',
  metrics: 'metrics.jsonl',
  /** The images that were held out, a line each. */
  validation: 'validation.txt',
  checkpoint: 'checkpoint.safetensors',
  /** The weights that did best on the images held out. */
  best: 'best.safetensors',
  model: 'model.onnx',
  result: 'result.json',
} as const;

/** What a run leaves, and a new one that is forced to removes of an earlier one. */
export const runLayout: readonly (string | RegExp)[] = [
  ...Object.values(runFiles),
  'model.onnx.data',
  'report.html',
  /^events\.out\.tfevents\./,
];

/** Where a run goes, for `RunDirectory`. */
export const runPlace = ({ resume = false, force = false, inputs = [] }: RunOptions): RunPlace => ({
  layout: runLayout,
  resume,
  force,
  inputs,
});

/** `options` that know all that a run with this configuration reads. */
export function withInputs(options: RunOptions, { data, dataDir, teachers = [] }: DataOptions & Recipe): RunOptions {
  const paths = [data, ...(dataDir === undefined ? [] : [dataDir]), ...teachers];
  return { ...options, inputs: [...(options.inputs ?? []), ...paths] };
}
