/** The configuration of a run: what to train, on what, how. Stored as `config.json`; a resumed run must have the same. */

import type { Padding } from '../data/index.ts';
import type { Device } from '../engine/index.ts';
import { TritbankError } from '../ir/index.ts';
import type { Granularity, LayerKind } from '../quantize/index.ts';
import type { Distillation } from './loss.ts';
import type { OptimizerOptions } from './optimizer.ts';
import type { Oscillation } from './pins.ts';
import type { Method } from './records.ts';
import type { ScheduleOptions } from './schedule.ts';

/** How a network is trained, whatever network it is and on whatever data. */
export interface Recipe {
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
  /** That of CutMix; default 0, off. With mixup, a batch has one or the other. */
  readonly cutmix?: number;
  /** Augmentation on or off; what it does depends on the data set. */
  readonly augment: boolean;
  /** What shifted training images show at their border; default `zero`, black. */
  readonly padding?: Padding;
  /** What is done in the ternary phase about weights that oscillate between two values, see `pins.ts`; default nothing. */
  readonly oscillation?: Oscillation;
  /**
   * Ternary phase of E epochs: after epoch e, the ternary weights of the first e / E of the layers keep their values.
   * Default false.
   */
  readonly freezeLayers?: boolean;
  /** Batches for batch-norm re-estimation after training; 0 switches it off. */
  readonly reestimateBatches: number;
  readonly seed: number;
  readonly device: Device;
  /** Threads per operator; default: the runtime's choice. */
  readonly threads?: number;
}

/** Training from scratch. */
export interface TrainConfig extends Recipe {
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
  /** Use this many training images only, drawn by the seed; all by default. */
  readonly trainSamples?: number;

  readonly method: Method;
  /** Fraction of full-precision filters in a hybrid bank, 0..1. */
  readonly alpha: number;
  /** Hidden units per ternary filter; default 1.25 for hybrid, 2 for strassen. */
  readonly widthRatio?: number;
  readonly granularity: Granularity;
  /** Kinds of layers to compress; default: as the papers do. */
  readonly layerKinds?: readonly LayerKind[];

  /** ONNX models to distill from, which take turns, see `loadTeacher`. */
  readonly teachers?: readonly string[];
  /** Weight of the teacher's part of the loss, 0..1. */
  readonly distillWeight: number;
  readonly temperature: number;
  /** Teachers see every other of their batches mirrored. Default false. */
  readonly distillMirror?: boolean;
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

function check(good: boolean, name: string, expected: string, found: unknown): void {
  if (!good) throw new TritbankError('E_USAGE', name, `expected ${expected}, found ${found}`);
}

function within(name: string, value: number, low: number, high: number): void {
  check(value >= low && value <= high, name, `${low} to ${high}`, value);
}

function isCount(name: string, value: number): void {
  check(Number.isInteger(value) && value > 0, name, 'a whole number above 0', value);
}

/** Throws E_USAGE for the first value out of range. */
export function checkConfig(config: TrainConfig): void {
  within('alpha', config.alpha, 0, 1);
  if (config.widthRatio !== undefined) within('width ratio', config.widthRatio, 0.01, 16);
  checkDistillation({ weight: config.distillWeight, temperature: config.temperature });
  checkRecipe(config);
}

export function checkDistillation({ weight, temperature }: Distillation): void {
  within('distillation weight', weight, 0, 1);
  check(temperature > 0, 'temperature', 'a number above 0', temperature);
}

/** Throws E_USAGE for the first value out of range. */
export function checkRecipe(recipe: Recipe): void {
  within('label smoothing', recipe.labelSmoothing, 0, 0.9);
  within('weight decay', recipe.optimizer.weightDecay, 0, 1);
  within('EMA decay', recipe.emaDecay, 0, 0.99999);
  check(recipe.learningRate > 0, 'learning rate', 'a number above 0', recipe.learningRate);
  within('mixup', recipe.mixup, 0, 4);
  within('cutmix', recipe.cutmix ?? 0, 0, 4);
  check(recipe.clipNorm === undefined || recipe.clipNorm > 0, 'clip norm', 'a number above 0', recipe.clipNorm);
  checkOscillation(recipe.oscillation);
  isCount('epochs', recipe.epochs);
  isCount('batch size', recipe.batchSize);
  check(Number.isInteger(recipe.seed), 'seed', 'a whole number', recipe.seed);
  check(
    recipe.phases.every((p) => p >= 0) && recipe.phases.some((p) => p > 0),
    'phases',
    'three shares of at least 0, not all 0',
    recipe.phases.join(','),
  );
}

function checkOscillation(oscillation: Oscillation | undefined): void {
  if (!oscillation) return;
  if (oscillation.kind === 'dampen') {
    check(oscillation.weight > 0, 'dampening weight', 'a number above 0', oscillation.weight);
    return;
  }
  const { threshold, momentum } = oscillation;
  check(threshold > 0 && threshold < 1, 'oscillation threshold', 'a number between 0 and 1', threshold);
  check(momentum > 0 && momentum <= 1, 'oscillation momentum', 'a number above 0 and at most 1', momentum);
}
