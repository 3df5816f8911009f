/** The configuration of fine-tuning: how any network is trained, and how a given one is brought to its data. */

import type { DataOptions } from '../classifier/index.ts';
import { defaultConfig, type Recipe } from './config.ts';
import type { BatchNormOptions } from './give-batch-norms.ts';

export interface FineTuneConfig extends Recipe, DataOptions {
  /** What becomes of convolutions without a batch norm, see `give-batch-norms.ts`. */
  readonly batchNorm: BatchNormOptions['batchNorm'];
  /** Batches from which batch norms get their first statistics. */
  readonly calibrationBatches: number;
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
