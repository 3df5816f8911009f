/** The configuration of a run: what to train, on what, how. Stored as `config.json`; a resumed run must have the same. */

import type { ImageForm } from '../classifier/image-form.ts';
import type { Padding } from '../data/index.ts';
import type { Device } from '../engine/index.ts';
import type { SizeOption } from '../images/size.ts';
import type { Granularity, LayerKind } from '../quantize/index.ts';
import type { BatchNormOptions } from './give-batch-norms.ts';
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
  /**
   * What batch norms compute with in training: statistics of the batch (default), or `fixed`, those that they have, as in
   * inference: a network that is good already stays what it is, whatever a batch of a few images shows.
   */
  readonly normStatistics?: 'batch' | 'fixed';
  /** Batches for batch-norm re-estimation after training; 0 switches it off. */
  readonly reestimateBatches: number;
  /** Train on this many images only, drawn by the seed; all by default. */
  readonly trainSamples?: number;
  /**
   * Hold out this share of the training images, of each class in proportion: what is evaluated after each epoch in place of
   * the test images. By default none.
   */
  readonly validation?: number;
  /**
   * Learning rate of the first layers relative to that of the last: those between in a geometric progression (discriminative
   * rates: Howard & Ruder, arXiv 1801.06146, section 3.2). Default 1.
   */
  readonly bodyRate?: number;
  /** ONNX models to learn from, which take turns, see `loadTeacher`. Default: none, of fine-tuning the original network. */
  readonly teachers?: readonly string[];
  /** How the teacher is learned from; without it there is none. */
  readonly distillation?: Distillation;
  /** With several ranks: batch norms normalise by the whole batch, not by each rank's part of it; default false. */
  readonly syncBatchNorm?: boolean;
  /** With several ranks: the type in which gradients travel, see `spread.ts`; default `float32`. */
  readonly bucketType?: 'float32' | 'float16';
  /**
   * The batch size that `learningRate` is for: the rate of another one is in proportion (Goyal et al., arXiv 1706.02677).
   * Default: the batch size itself.
   */
  readonly rateBatch?: number;
  readonly seed: number;
  readonly device: Device;
  /** Threads per operator; default: the runtime's choice. */
  readonly threads?: number;
}

/** Training from scratch, or of a network that was trained for something else. */
export interface TrainConfig extends Recipe, Pick<ImageForm, 'normalisation' | 'dims'> {
  /** An ONNX classifier to go on from, with a new head for the classes of the data; `model`, `width` and `firstStride` are its. */
  readonly from?: string;
  /** With `from`: epochs in which only the new head is trained, see `transfer.ts`. Default 3. */
  readonly headEpochs?: number;
  /** With `from`: learning rate of these. Default 0.02. */
  readonly headRate?: number;
  /** With `from`: what becomes of convolutions without a batch norm, see `give-batch-norms.ts`. Default `restore`. */
  readonly batchNorm?: BatchNormOptions['batchNorm'];
  /** Architecture name, see `models/`. */
  readonly model: string;
  readonly width: number;
  /**
   * Height and width of the network's input, 28 to 224 of an architecture (each 8 to 224 where they differ), what the network
   * takes with `from`; default: the data set's own size (28 for MNIST, 32 for CIFAR, 224 for folders), or the network's.
   */
  readonly inputSize?: SizeOption;
  /** Stride of the first convolution; default: 1 for square images of up to 64 pixels, else 2. */
  readonly firstStride?: 1 | 2;
  /** Input pixels, on a side, of one pixel of the last feature map, in place of `firstStride`: 1, 2, 4 .. 32, see `models/`; with `from` 1, 2, 4 .. the network's own. */
  readonly outputStride?: number;
  /** With `from`: names of layers that take every pixel, stride 1, in place of their own stride. */
  readonly unitStrides?: readonly string[];
  /** `best.safetensors` or `checkpoint.safetensors` of a run of the same architecture, whose weights to begin with. */
  readonly initial?: string;
  /** Data set name or directory, see `data/`. */
  readonly data: string;
  /** Directory of a named data set. */
  readonly dataDir?: string;

  readonly method: Method;
  /** Fraction of full-precision filters in a hybrid bank, 0..1. */
  readonly alpha: number;
  /** Hidden units per ternary filter; default 1.25 for hybrid, 2 for strassen. */
  readonly widthRatio?: number;
  readonly granularity: Granularity;
  /** Kinds of layers to compress; default: as the papers do. */
  readonly layerKinds?: readonly LayerKind[];
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
  distillation: { kind: 'kd', weight: 0.5, temperature: 4 },
  reestimateBatches: 200,
  seed: 1,
  device: 'cpu',
};

/** Defaults for training that goes on from a given network: smaller steps, the smallest ones for the first layers. */
export const transferDefaults: TrainConfig = {
  ...defaultConfig,
  headEpochs: 3,
  headRate: 0.02,
  batchNorm: 'restore',
  epochs: 6,
  optimizer: { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
  learningRate: 0.0003,
  bodyRate: 0.1,
  emaDecay: 0.99,
  reestimateBatches: 50,
};

/** A configuration of an earlier release in today's form: distillation had fields of its own. */
export function upgradeConfig(stored: object): object {
  if (!('distillWeight' in stored)) return stored;
  const { distillWeight: weight, temperature, distillMirror, ...rest } = stored as Record<string, unknown>;
  return {
    ...rest,
    distillation: { kind: 'kd', weight, temperature, ...(distillMirror === true && { mirror: true }) },
  };
}
