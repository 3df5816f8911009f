/** The configuration of a run: what to train, on what, how. Stored as `config.json`; a resumed run must have the same. */

import type { Device } from '../engine/index.ts';
import { TritbankError } from '../ir/index.ts';
import type { Granularity, LayerKind } from '../quantize/index.ts';
import type { OptimizerOptions } from './optimizer.ts';
import type { Method } from './records.ts';
import type { ScheduleOptions } from './schedule.ts';

export interface TrainConfig {
  /** Architecture name, see `models/`. */
  readonly model: string;
  readonly width: number;
  /** Height and width of the network's input; default: the data set's own size (28 for MNIST, 32 for CIFAR, 224 for folders). */
  readonly inputSize?: number;
  /** Stride of the first convolution; default: 1 for images of up to 64 pixels, else 2. */
  readonly firstStride?: 1 | 2;
  /** Data set name or directory, see `data/`. */
  readonly data: string;
  /** Directory of a named data set. */
  readonly dataDir?: string;
  /** Use this many training images only , drawn by the seed; all by default. */
  readonly trainSamples?: number;

  readonly method: Method;
  /** Fraction of full-precision filters in a hybrid bank, 0..1. */
  readonly alpha: number;
  /** Hidden units per ternary filter; default 1.25 for hybrid, 2 for strassen. */
  readonly widthRatio?: number;
  readonly granularity: Granularity;
  /** Kinds of layers to compress; default: as the papers do. */
  readonly layerKinds?: readonly LayerKind[];

  /** Total epochs, split over the phases. */
  readonly epochs: number;
  /** Shares of the phases full, ternary and frozen; default 0.4, 0.4, 0.2. Method `fp` has the first only. */
  readonly phases: readonly [number, number, number];
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  readonly learningRate: number;
  readonly schedule: ScheduleOptions;
  readonly clipNorm?: number;
  /** Decay of the weights' moving average, which is what is evaluated and exported; 0 switches it off. */
  readonly emaDecay: number;
  readonly labelSmoothing: number;
  /** Beta distribution parameter of mixup; 0 switches it off. */
  readonly mixup: number;
  /** Augmentation on or off; what it does depends on the data set. */
  readonly augment: boolean;
  /** ONNX model to distill from. */
  readonly teacher?: string;
  /** Weight of the teacher's part of the loss, 0..1. */
  readonly distillWeight: number;
  readonly temperature: number;
  /** Batches for batch-norm re-estimation after training; 0 switches it off. */
  readonly reestimateBatches: number;
  readonly seed: number;
  readonly device: Device;
  /** Threads per operator; default: the runtime's choice. */
  readonly threads?: number;
}

/** Defaults: SGD with Nesterov momentum, cosine schedule with warm-up, averaged weights; tuned for runs of few epochs. */
export const defaultConfig: TrainConfig = {
  model: 'mobilenet-v1',
  width: 0.5,
  data: 'mnist',
  method: 'fp',
  alpha: 0.5,
  granularity: 'tensor',
  epochs: 5,
  phases: [0.4, 0.4, 0.2],
  batchSize: 32,
  optimizer: { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
  learningRate: 0.05,
  schedule: { name: 'cosine', warmup: 0.1 },
  emaDecay: 0.999,
  labelSmoothing: 0,
  mixup: 0,
  augment: true,
  distillWeight: 0.5,
  temperature: 4,
  reestimateBatches: 200,
  seed: 1,
  device: 'cpu',
};

/** Throws E_USAGE for the first value out of range. */
export function checkConfig(config: TrainConfig): void {
  const check = (good: boolean, name: string, expected: string, found: unknown) => {
    if (!good) throw new TritbankError('E_USAGE', name, `expected ${expected}, found ${found}`);
  };
  const within = (name: string, value: number, low: number, high: number) =>
    check(value >= low && value <= high, name, `${low} to ${high}`, value);
  const count = (name: string, value: number) =>
    check(Number.isInteger(value) && value > 0, name, 'a whole number above 0', value);
  within('alpha', config.alpha, 0, 1);
  within('label smoothing', config.labelSmoothing, 0, 0.9);
  within('distillation weight', config.distillWeight, 0, 1);
  within('weight decay', config.optimizer.weightDecay, 0, 1);
  if (config.widthRatio !== undefined) within('width ratio', config.widthRatio, 0.01, 16);
  within('EMA decay', config.emaDecay, 0, 0.99999);
  check(config.learningRate > 0, 'learning rate', 'a number above 0', config.learningRate);
  within('mixup', config.mixup, 0, 4);
  check(config.temperature > 0, 'temperature', 'a number above 0', config.temperature);
  check(config.clipNorm === undefined || config.clipNorm > 0, 'clip norm', 'a number above 0', config.clipNorm);
  count('epochs', config.epochs);
  count('batch size', config.batchSize);
  check(Number.isInteger(config.seed), 'seed', 'a whole number', config.seed);
  check(
    config.phases.every((p) => p >= 0) && config.phases.some((p) => p > 0),
    'phases',
    'three shares of at least 0, not all 0',
    config.phases.join(','),
  );
}
