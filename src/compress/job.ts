/** One compression: what it is asked for, where its files are, and the data, which are opened once. */

import type { ClassifierData } from '../classifier/index.ts';
import { chooseSetting } from '../cost/index.ts';
import { compressionFiles as compressFiles, type RunDirectory } from '../files/index.ts';
import type { Graph } from '../ir/index.ts';
import type { TargetMachine } from '../targets/index.ts';
import type { CompressConfig, CompressOptions, CompressProgress, CompressStage } from './compress-config.ts';

export { compressFiles };

/** Each is made from those before it. */
export const compressOrder: readonly string[] = [
  compressFiles.analysis,
  compressFiles.plan,
  compressFiles.heldOut,
  compressFiles.network,
  compressFiles.model,
  compressFiles.comparison,
  compressFiles.footprint,
  compressFiles.result,
];

export interface Job {
  readonly config: CompressConfig;
  readonly options: CompressOptions;
  /** The normalised original. */
  readonly graph: Graph;
  readonly run: RunDirectory;
  /** Absent for a compression of weights alone. */
  readonly data: ClassifierData | undefined;
  /** The machine that is planned for, if any. */
  readonly machine?: TargetMachine | undefined;
}

export const reporter =
  ({ options }: Job, stage: CompressStage, unit: string) =>
  (done: number, total: number, detail?: CompressProgress['detail']) =>
    options.onProgress?.({ stage, done, total, unit, ...(detail && { detail }) });

/** Reports a share of a stage's work, 0..1, after a layer. */
export const shareReporter =
  ({ options }: Job, stage: CompressStage) =>
  (share: number, layer: string) =>
    options.onProgress?.({ stage, done: Math.round(1000 * share) / 10, total: 100, unit: '%', detail: { layer } });

/** How costs are counted; networks with 8-bit activations in the accelerator's int8 format, if it has one. */
export function countingOf({ accelerator, format, activations, conventions, scheme }: CompressConfig) {
  const { format: fitting } = chooseSetting({ accelerator, ...(format !== undefined && { format }) }, activations);
  return { accelerator, format: fitting, conventions, scheme };
}

/** Which training images are used, in all stages the same. */
export const trainingOf = ({ config: { seed, training } }: Job) => ({
  seed,
  ...(training.trainSamples !== undefined && { trainSamples: training.trainSamples }),
});
export const threadsOf = ({ config }: Job) => (config.threads === undefined ? {} : { threads: config.threads });
export const signalOf = ({ options }: Job) => (options.signal ? { signal: options.signal } : {});
export const ranksOf = ({ options }: Job) => (options.ranks ? { ranks: options.ranks } : {});
/** The job with warnings that say that they are about the control, not about what it compresses. */
export function ofControl<J extends Pick<Job, 'options'>>(job: J, file: string = compressFiles.control): J {
  const { warn } = job.options;
  if (!warn) return job;
  return {
    ...job,
    options: { ...job.options, warn: (line: string) => warn(`the control (${file}): ${line}`) },
  };
}

export const warningsTo = ({ options }: Job) => (options.warn ? { warn: options.warn } : {});
