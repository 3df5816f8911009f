/** The configuration of fine-tuning: how any network is trained, and how a given one is brought to its data. */

import { defaultConfig, type Recipe } from './config.ts';
import type { BatchNormOptions } from './give-batch-norms.ts';
import type { Distillation } from './loss.ts';
import type { Normalisation } from './pixels.ts';

export interface FineTuneConfig extends Recipe {
  /** Data set name or directory, see `data/`. */
  readonly data: string;
  /** Directory of a named data set. */
  readonly dataDir?: string;
  /** Folders: `index` takes labels from `classes.json`, which is the default where there is one. */
  readonly labels?: 'folder' | 'index';
  /** Use this many training images only, drawn by the seed; all by default. */
  readonly trainSamples?: number;
  /** Evaluate on this many test images, evenly spread over the split; all by default. */
  readonly testSamples?: number;
  /** Height and width of the images, for models that leave them open. */
  readonly inputSize?: number;
  /** Default: the metadata of the model. */
  readonly normalisation?: Normalisation;
  /** What becomes of convolutions without a batch norm, see `give-batch-norms.ts`. */
  readonly batchNorm: BatchNormOptions['batchNorm'];
  /** Batches from which batch norms get their first statistics. */
  readonly calibrationBatches: number;
  /** ONNX files, which take turns (see `loadTeacher`); default: the original network. */
  readonly teachers?: readonly string[];
  /** Learning from the teacher; without it there is none. */
  readonly distillation?: Distillation;
}

/** Defaults for a few epochs on a few thousand images: small steps, mostly led by the teacher. */
export const defaultFineTune: Omit<FineTuneConfig, 'data'> = {
  epochs: 5,
  phases: [0, 0.5, 0.5],
  batchSize: 32,
  optimizer: defaultConfig.optimizer,
  learningRate: 0.01,
  schedule: { name: 'cosine', warmup: 0.1 },
  emaDecay: 0.99,
  labelSmoothing: 0,
  mixup: 0,
  augment: true,
  reestimateBatches: 50,
  seed: 1,
  device: 'cpu',
  batchNorm: 'restore',
  calibrationBatches: 8,
  distillation: { kind: 'kd', weight: 0.9, temperature: 2 },
};
