/** Accuracy of a network on a data set: any graph with one image input and one row of class scores per image. */

import type { Communicator } from '../cluster/index.ts';
import { batches, type Split, selectImages } from '../data/index.ts';
import { compile, type Device } from '../engine/index.ts';
import { loadModel } from '../formats/index.ts';
import { type Graph, type Shape, type Tensor, TritbankError } from '../ir/index.ts';
import { inferShapes, removeMarkers } from '../passes/index.ts';
import { adaptInput } from './adapt-input.ts';
import { chanceWarning } from './chance.ts';
import { imageInputOf, setInputSize } from './input.ts';
import { type Normalisation, takePixels } from './normalisation.ts';
import { type DataOptions, openDataFor } from './open-data.ts';
import { requireLabels } from './require-labels.ts';
import { classCountOf, scoreKindOf } from './scores.ts';
import { type Evaluation, Tally } from './tally.ts';

export interface EvaluateOptions {
  readonly batchSize?: number;
  readonly device?: Device;
  readonly threads?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly warn?: (line: string) => void;
  /** Stops between two batches, with an `AbortError`. */
  readonly signal?: AbortSignal;
  /** Ranks that evaluate a part of the images each; all of them get the whole result. */
  readonly ranks?: Communicator;
}

/** The images of one rank, in their order. */
function partOf(split: Split, { rank, size }: Communicator): Split {
  const [from, to] = [rank, rank + 1].map((k) => Math.floor((k * split.length) / size)) as [number, number];
  return selectImages(
    split,
    Array.from({ length: to - from }, (_, i) => from + i),
  );
}

/**
 * Runs `network` (an inference graph whose input is normalised float images, `[N, C, H, W]`, and whose first output
 * is scores, `[N, classes]`) over all images of `split`. What the scores are is read from the graph
 * (`scoreKindOf`). Throws E_MODEL when classes or sizes do not fit, E_DEVICE where the runtime refuses the graph, and what
 * `batches` throws.
 *
 * @example
 * import { evaluateGraph, inferShapes, loadModel, openDataFor } from 'tritbank';
 *
 * const graph = inferShapes(await loadModel('mobilenet.onnx'));
 * const { dataset, normalisation } = await openDataFor(graph, { data: 'images' });
 * const { top1, loss } = await evaluateGraph(graph, dataset.test, dataset.classes, normalisation);
 * console.log(`${(100 * top1).toFixed(1)} %, ${loss.toFixed(3)} nats`);
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
  const kind = scoreKindOf(graph);
  const batchSize = fixedBatch(network) ?? options.batchSize ?? batchFor(network.inputs[0]!.shape);
  const engine = await compile(graph, {
    keepMemory: false,
    ...(options.device && { device: options.device }),
    ...(options.threads && { threads: options.threads }),
  });
  const { ranks } = options;
  const own = ranks ? partOf(split, ranks) : split;
  const tally = new Tally(classCount, own.length);
  const started = performance.now();
  try {
    const [input, output] = [graph.inputs[0]!.name, graph.outputs[0]!.name];
    const fixed = fixedBatch(network) !== undefined;
    const size = imageInputOf(network).size ?? split;
    const stream = batches(own, { batchSize, pad: fixed, size, ...(options.warn && { warn: options.warn }) });
    for await (const batch of stream) {
      options.signal?.throwIfAborted();
      const rows = fixed ? batchSize : batch.size;
      const { channels, height, width } = batch.shape;
      const images: Tensor = { dtype: 'uint8', dims: [rows, channels, height, width], data: batch.images };
      const scores = (await engine.run({ [input]: images }))[output]!.data as Float32Array;
      tally.add(scores, batch.labels, batch.size, kind);
      const done = (batch.step + 1) * batchSize * (ranks?.size ?? 1);
      options.onProgress?.(Math.min(done, split.length), split.length);
      options.signal?.throwIfAborted();
    }
  } finally {
    await engine.release();
  }
  if (ranks) await tally.join(ranks);
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

/**
 * Accuracy of an ONNX model on the test images of a data set, which `openDataFor` opens for it. Throws E_MODEL and
 * E_DATA where model and data do not fit, and what `loadModel` and `openDataFor` throw.
 *
 * @example
 * import { evaluateModel } from 'tritbank';
 *
 * const { top1, confusion } = await evaluateModel('mobilenet.onnx', { data: 'images' });
 * console.log(top1, confusion);
 */
export async function evaluateModel(
  model: Graph | string,
  options: DataOptions & EvaluateOptions,
): Promise<Evaluation> {
  const graph = typeof model === 'string' ? await loadModel(model) : model.clone();
  adaptInput(graph, options, options.warn);
  imageInputOf(graph);
  const { dataset, size, normalisation } = await openDataFor(graph, options, options);
  requireLabels(dataset);
  if (dataset.test.length === 0) {
    throw new TritbankError('E_DATA', `data set '${dataset.name}'`, 'expected test images, found none');
  }
  setInputSize(graph, size);
  const evaluation = await evaluateGraph(graph, dataset.test, dataset.classes, normalisation, options);
  const warning = chanceWarning('the model', evaluation.top1, dataset.test.labels);
  if (warning) options.warn?.(warning);
  return evaluation;
}
