/**
 * The kinds of runs that leave a directory: the names of their files, and what tells a kind by its configuration. Who
 * makes these files is further down (`train/`, `compress/`); here is what each has to know of the others, so that none
 * goes on with another's run, and a new run removes the whole of what it replaces.
 */

import { TritbankError } from '../ir/index.ts';

/** Names in a directory, or what they look like. */
export type Layout = readonly (string | RegExp)[];

export const trainingFiles = {
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

export const compressionFiles = {
  /** Layers of an analysis that is not finished. */
  analyzed: 'analysis.jsonl',
  analysis: 'analysis.json',
  plan: 'plan.json',
  /** A run directory of `fineTune`. */
  training: 'training',
  /** What the images that were held out say. */
  heldOut: 'held-out.json',
  /** The compressed network in float, for further training and other exports. */
  network: 'network.onnx',
  /** The same packed, for deployment. */
  model: 'model.onnx',
  /** The uncompressed network in int8. */
  control: 'control.onnx',
  /** The uncompressed network with 4-bit filters, calibrated as the compressed one is. */
  fourBits: 'int4.onnx',
  comparison: 'comparison.json',
  controlAccuracy: 'control.json',
  fourBitsAccuracy: 'int4.json',
  footprint: 'footprint.json',
  result: 'result.json',
  report: 'report.html',
} as const;

const trainingLayout: Layout = [
  ...Object.values(trainingFiles),
  'model.onnx.data',
  'report.html',
  /^events\.out\.tfevents\./,
];

const compressionLayout: Layout = [
  ...Object.values(compressionFiles),
  ...[compressionFiles.network, compressionFiles.model, compressionFiles.control, compressionFiles.fourBits].map(
    (file) => `${file}.data`,
  ),
];

/** By the command that makes it. */
export type RunKindName = 'train' | 'fine-tune' | 'compress';

interface RunKind {
  /** What a run leaves besides what every run directory has. */
  readonly layout: Layout;
  /** Whether a configuration, of this release or an earlier one, is of this kind. */
  readonly has: (config: object) => boolean;
}

export const runKinds: Readonly<Record<RunKindName, RunKind>> = {
  compress: { layout: compressionLayout, has: (config) => 'training' in config && 'budget' in config },
  train: { layout: trainingLayout, has: (config) => 'width' in config },
  'fine-tune': { layout: trainingLayout, has: (config) => 'calibrationBatches' in config },
};

/** The kind of the run with this configuration; undefined for one of none. */
export const kindOf = (config: object): RunKindName | undefined =>
  (Object.keys(runKinds) as RunKindName[]).find((name) => runKinds[name].has(config));

/** E_RESUME where the run that is to go on is one of another kind. `file` is that of its configuration. */
export function requireKind(wanted: RunKindName, config: object, file: string): void {
  const found = kindOf(config);
  if (found === wanted) return;
  const words = found === undefined ? 'another configuration' : `that of tritbank ${found}`;
  throw new TritbankError(
    'E_RESUME',
    file,
    `expected the configuration of a run of tritbank ${wanted}, found ${words}`,
  );
}
