/**
 * What a run leaves behind, as plain JSON: the configuration, one line per epoch in `metrics.jsonl`, and the result in
 * `result.json`. Reports, tables and TensorBoard files are made from these records and nothing else.
 */

import type { Interval } from '../classifier/statistics.ts';

export const methods = ['fp', 'twn', 'strassen', 'hybrid'] as const;

/** `fp` full precision; `twn` ternary weights; `strassen` StrassenNets; `hybrid` hybrid filter banks. */
export type Method = (typeof methods)[number];

/**
 * The phase of training a record belongs to (Gope et al., section 3; Tschannen et al., section 2.2):
 * `head` the new head of a network that is otherwise fixed, `full` full-precision weights (all there is for method `fp`), `ternary` straight-through ternary weights,
 * `frozen` ternary weights fixed while scales, batch norms and full-precision filters are fine-tuned.
 */
export type Phase = 'head' | 'full' | 'ternary' | 'frozen';

/** One line of `metrics.jsonl`. Losses are in nats, accuracies in 0..1. */
export interface EpochRecord {
  readonly epoch: number;
  readonly phase: Phase;
  /** Optimizer steps done since the start of the run. */
  readonly step: number;
  readonly learningRate: number;
  readonly trainLoss: number;
  readonly trainTop1: number;
  /** Which images `testLoss`, `top1` and `top5` are of: those held out, where some are. Absent in records of earlier releases. */
  readonly split?: 'validation' | 'test';
  readonly testLoss: number;
  readonly top1: number;
  readonly top5: number;
  /** Training images a second, without evaluation. */
  readonly imagesPerSecond: number;
  /** Seconds since the run started, resumed parts added up. */
  readonly seconds: number;
  /** Ternary phase with `oscillation` freeze or `freezeLayers`: the share of ternary weights that are fixed, 0..1. */
  readonly pinned?: number;
}

/** One layer of the exported network. */
export interface LayerRecord {
  readonly name: string;
  readonly kind: 'conv' | 'depthwise' | 'pointwise' | 'classifier';
  readonly method: Method;
  readonly filters: number;
  /** Filters kept in full precision. */
  readonly fullPrecision: number;
  /** Hidden units r of the strassenified part; 0 without one. */
  readonly hidden: number;
  readonly parameters: number;
  /** Bytes in the storage scheme of `RunResult.bytes`. */
  readonly bytes: number;
  /** How many ternary weights are -1, 0 and 1; absent for a layer without any. */
  readonly ternary?: { readonly minus: number; readonly zero: number; readonly plus: number };
}

/** A test image with its prediction; pixels are 0..255, channel after channel. */
export interface SampleRecord {
  readonly pixels: readonly number[];
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly label: number;
  readonly prediction: number;
  /** Softmax probability of the prediction. */
  readonly probability: number;
}

/** The result of a run, as `train --json` prints it (there without samples and confusion). */
export interface RunResult {
  readonly method: Method;
  /** What tables call it; by default the method's name. */
  readonly name?: string;
  readonly top1: number;
  readonly top5: number;
  /** Wilson's 95 % intervals of both; absent in records of earlier releases. */
  readonly intervals?: { readonly top1: Interval; readonly top5: Interval };
  readonly loss: number;
  /** Stored values: weights, scales and biases after batch norms are folded. */
  readonly parameters: number;
  /** Ternary values at 2 bits, full-precision filters at 2 bytes, other values at 4 bytes (the paper's scheme). */
  readonly bytes: number;
  /** Bytes of the same architecture in full precision with every value at 2 bytes. */
  readonly bytes16: number;
  /** Energy per inference as a fraction of the same architecture in full precision, accelerator model `paper`. */
  readonly energy?: number;
  /**
   * Throughput of the area-equivalent array at its best split, relative to the same architecture in full precision,
   * accelerator model `paper`.
   */
  readonly throughput?: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  /** Path of the exported ONNX file. */
  readonly model: string;
  readonly architecture: string;
  readonly dataset: string;
  readonly classes: readonly string[];
  readonly seed: number;
  /** Images held out of the training images, on which the history's accuracies are then; absent without. */
  readonly validation?: {
    readonly share: number;
    readonly images: number;
    /** The epoch whose weights the model has, the best of them, and its accuracy; of networks in full precision. */
    readonly epoch?: number;
    readonly top1?: number;
  };
  readonly machine: string;
  readonly command: string;
  readonly date: string;
  readonly history: readonly EpochRecord[];
  readonly layers: readonly LayerRecord[];
  /** `confusion[label][prediction]`, counts over the test images. */
  readonly confusion: readonly (readonly number[])[];
  readonly samples: readonly SampleRecord[];
  /** Test images that did not decode and were left out. */
  readonly skipped: number;
}
