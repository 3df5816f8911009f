/** Accuracy of a network on a data set: any graph with one image input and one row of class scores per image. */

import { batches, openDataset, type Split, selectImages, statistics } from '../data/index.ts';
import { compile, type Device } from '../engine/index.ts';
import { type Graph, type Shape, type Tensor, TritbankError } from '../ir/index.ts';
import { loadModel } from '../onnx/index.ts';
import { inferShapes, removeMarkers } from '../passes/index.ts';
import { type Normalisation, readNormalisation, takePixels } from './pixels.ts';

export interface Evaluation {
  /** Fractions in 0..1. */
  readonly top1: number;
  readonly top5: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  readonly samples: number;
  /** Images that did not decode. */
  readonly skipped: number;
  readonly classes: readonly string[];
  /** `confusion[label][prediction]`, counts. */
  readonly confusion: readonly (readonly number[])[];
  /** Predicted class per evaluated image, in the split's order. */
  readonly predictions: Int32Array;
  /** Softmax probability of each prediction. */
  readonly probabilities: Float32Array;
  readonly imagesPerSecond: number;
}

export interface EvaluateOptions {
  readonly batchSize?: number;
  readonly device?: Device;
  readonly threads?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly warn?: (line: string) => void;
}

/** Class count of a classifier's scores; E_MODEL for anything but one row of scores per image. */
export function classCountOf(graph: Graph): number {
  const shape: Shape | undefined = graph.outputs[0]?.type?.shape;
  const sizes = shape?.slice(1).filter((d) => d !== 1) ?? [];
  const classes = sizes[0];
  if (sizes.length !== 1 || typeof classes !== 'number') {
    const found = shape ? `[${shape.join(', ')}]` : 'an unknown shape';
    throw new TritbankError('E_MODEL', `graph '${graph.name}'`, `expected scores [N, classes], found ${found}`);
  }
  return classes;
}

/**
 * Runs `network` (an inference graph whose input is normalised float images) over all images of `split`. Scores are
 * logits, or probabilities where the graph ends in a Softmax. Throws E_MODEL when classes or sizes do not fit.
 */
export async function evaluateGraph(
  network: Graph,
  split: Split,
  classes: readonly string[],
  normalisation: Normalisation,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const graph = network.clone();
  removeMarkers(graph);
  takePixels(graph, fixedBatch(graph) ?? 'N', normalisation);
  inferShapes(graph);
  const classCount = classCountOf(graph);
  if (classCount < split.classCount) {
    const message = `expected at least ${split.classCount} classes for this data set, found ${classCount}`;
    throw new TritbankError('E_MODEL', `graph '${graph.name}'`, message);
  }
  const isProbability = graph.outputs[0]!.producer?.op === 'Softmax';
  const batchSize = fixedBatch(network) ?? options.batchSize ?? batchFor(network.inputs[0]!.shape);
  const engine = await compile(graph, {
    keepMemory: false,
    ...(options.device && { device: options.device }),
    ...(options.threads && { threads: options.threads }),
  });
  const tally = new Tally(classCount, split.length);
  const started = performance.now();
  try {
    const [input, output] = [graph.inputs[0]!.name, graph.outputs[0]!.name];
    const fixed = fixedBatch(network) !== undefined;
    const size = network.inputs[0]!.shape[2] as number;
    const stream = batches(split, { batchSize, pad: fixed, size, ...(options.warn && { warn: options.warn }) });
    for await (const batch of stream) {
      const rows = fixed ? batchSize : batch.size;
      const { channels, height, width } = batch.shape;
      const images: Tensor = { dtype: 'uint8', dims: [rows, channels, height, width], data: batch.images };
      const scores = (await engine.run({ [input]: images }))[output]!.data as Float32Array;
      tally.add(scores, batch.labels, batch.size, isProbability);
      options.onProgress?.(Math.min((batch.step + 1) * batchSize, split.length), split.length);
    }
  } finally {
    await engine.release();
  }
  return tally.result(classes, split.length, (performance.now() - started) / 1000);
}

/** 100 images of 64 x 64 pixels, or as many pixels of larger ones: more take memory and gain no time. */
function batchFor([_batch, _channels, height, width]: Shape): number {
  const pixels = typeof height === 'number' && typeof width === 'number' ? height * width : 224 * 224;
  return Math.min(100, Math.max(1, Math.round((100 * 64 * 64) / pixels)));
}

/** The batch size of a graph that accepts only one. */
function fixedBatch(graph: Graph): number | undefined {
  const first = graph.inputs[0]!.shape[0];
  return typeof first === 'number' ? first : undefined;
}

/** Running counts over batches. */
class Tally {
  private readonly predictions: Int32Array;
  private readonly probabilities: Float32Array;
  private readonly confusion: number[][];
  private samples = 0;
  private top1 = 0;
  private top5 = 0;
  private loss = 0;

  constructor(
    private readonly classCount: number,
    length: number,
  ) {
    this.predictions = new Int32Array(length);
    this.probabilities = new Float32Array(length);
    this.confusion = Array.from({ length: classCount }, () => Array<number>(classCount).fill(0));
  }

  add(scores: Float32Array, labels: Int32Array, rows: number, isProbability: boolean): void {
    for (let row = 0; row < rows; row++) {
      const y = scores.subarray(row * this.classCount, (row + 1) * this.classCount);
      const label = labels[row]!;
      let best = 0;
      let above = 0;
      for (let k = 0; k < y.length; k++) {
        if (y[k]! > y[best]!) best = k;
        // Written so that scores that are not numbers count as wrong.
        if (!(y[k]! < y[label]! || (y[k] === y[label] && k >= label))) above++;
      }
      let sum = 0;
      for (const v of y) sum += Math.exp(v - y[best]!);
      const log = (k: number) => (isProbability ? Math.log(Math.max(y[k]!, 1e-30)) : y[k]! - y[best]! - Math.log(sum));
      this.loss -= log(label);
      if (above < 1) this.top1++;
      if (above < 5) this.top5++;
      this.confusion[label]![best]!++;
      this.predictions[this.samples] = best;
      this.probabilities[this.samples++] = Math.exp(log(best));
    }
  }

  result(classes: readonly string[], length: number, seconds: number): Evaluation {
    const n = Math.max(1, this.samples);
    return {
      top1: this.top1 / n,
      top5: this.top5 / n,
      loss: this.loss / n,
      samples: this.samples,
      skipped: length - this.samples,
      classes: Array.from({ length: this.classCount }, (_, k) => classes[k] ?? String(k)),
      confusion: this.confusion,
      predictions: this.predictions.slice(0, this.samples),
      probabilities: this.probabilities.slice(0, this.samples),
      imagesPerSecond: this.samples / Math.max(seconds, 1e-9),
    };
  }
}

export interface EvaluationData extends EvaluateOptions {
  /** Data set name or directory. */
  readonly data: string;
  readonly dir?: string;
  /** Evaluate this many of the first test images only. */
  readonly samples?: number;
  /** Folders: take labels from `classes.json`, for models with more classes than the directory. */
  readonly labels?: 'folder' | 'index';
}

/**
 * Accuracy of an ONNX model on the test images of a data set. Normalisation comes from the model's metadata
 * (`input_mean`, `input_std`), or else from the training images. Throws E_MODEL when the model does not fit the data.
 */
export async function evaluateModel(model: Graph | string, options: EvaluationData): Promise<Evaluation> {
  const graph = typeof model === 'string' ? await loadModel(model) : model.clone();
  const shape = graph.inputs[0]?.type?.shape;
  const [, channels, height, width] = shape ?? [];
  const isSingle = graph.inputs.length === 1 && shape?.length === 4;
  if (!isSingle || (channels !== 1 && channels !== 3) || typeof height !== 'number' || height !== width) {
    const found = graph.inputs.length > 1 ? `${graph.inputs.length} inputs` : shape ? `[${shape.join(', ')}]` : 'none';
    throw new TritbankError('E_MODEL', `graph '${graph.name}'`, `expected an input [N, 1 or 3, S, S], found ${found}`);
  }
  inferShapes(graph);
  const dataset = await openDataset(options.data, {
    channels,
    imageSize: height,
    ...(options.dir !== undefined && { dir: options.dir }),
    ...(options.labels && { labels: options.labels }),
    ...(options.labels === 'index' && { classCount: classCountOf(graph) }),
    ...(options.warn && { warn: options.warn }),
  });
  if (dataset.channels !== channels) {
    const message = `expected ${channels} channels for this model, found ${dataset.channels}`;
    throw new TritbankError('E_MODEL', `data set '${dataset.name}'`, message);
  }
  const normalisation = readNormalisation(graph, channels) ?? (await statistics(dataset));
  const count = Math.min(options.samples ?? dataset.test.length, dataset.test.length);
  const split =
    count < dataset.test.length
      ? selectImages(
          dataset.test,
          Array.from({ length: count }, (_, i) => i),
        )
      : dataset.test;
  if (split.length === 0)
    throw new TritbankError('E_DATA', `data set '${dataset.name}'`, 'expected test images, found none');
  return evaluateGraph(graph, split, dataset.classes, normalisation, options);
}
