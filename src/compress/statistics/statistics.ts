/**
 * Statistics of a network's layers on a few hundred images, from which compression learns how much an error in each
 * filter's weights matters (`predict.ts`): moments of the inputs, and how strongly the loss reacts. Products are
 * computed inside the graph by ONNX Runtime, a batch at a time, and summed over batches in float64. Two passes over the
 * same images: the first measures inputs, the second gradients, for which it needs the inputs' means.
 */

import { chooseImages, classCountOf, prepare, schedule, scoreKindOf } from '../../classifier/index.ts';
import { requireInteger } from '../../data/dataset.ts';
import type { Split } from '../../data/index.ts';
import { elementCount, f32, type Graph, TritbankError } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { inferShapes } from '../../passes/index.ts';
import { lossFormOf } from '../../train/loss.ts';
import { emitGradientSquares } from './gradients.ts';
import { emitInputSums, emitProductSums, isMeasuredInFull, positionsOf, weightsOf } from './inputs.ts';
import { chooseLayers } from './layers.ts';
import { drawProbe, emitLoss } from './loss.ts';
import type { LayerStatistics, StatisticsOptions } from './options.ts';
import { covarianceOf, emitPooledColumns, poolBefore } from './pooled.ts';
import { centreMoments } from './predict.ts';
import { sumOverImages, type Task } from './run.ts';

export type { LayerStatistics, Pass, StatisticsOptions } from './options.ts';
export { centreMoments, measureErrors, predictLoss } from './predict.ts';

/**
 * Measures the layers of `graph` that can be compressed, by name, on images of `split`. Depends on nothing but its
 * arguments and the number of threads; `graph` is not changed. Throws E_MODEL for a model that does not take the
 * images, is no classifier, has fewer classes than the labels or does not tell its normalisation, E_DATA for too few
 * images, E_USAGE for options out of range, E_GRADIENT for operators without gradient; AbortError after the signal.
 *
 * @example
 * import { analyzeNetwork, collectStatistics, loadModel, normalizeNetwork, openDataFor } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const { dataset } = await openDataFor(graph, { data: 'images' });
 * const statistics = await collectStatistics(graph, dataset.train, { images: 16 });
 * const { lossUnit } = await analyzeNetwork(graph, { ratios: [1], statistics, threads: 1 });
 * console.log(lossUnit); // nats
 */
export async function collectStatistics(
  graph: Graph,
  split: Split,
  options: StatisticsOptions = {},
): Promise<Map<string, LayerStatistics>> {
  const { images = 256, batchSize, threads, seed = 0, sensitivity = true } = options;
  requireInteger('images', images, 1);
  requireInteger('seed', seed, -Number.MAX_SAFE_INTEGER);
  if (batchSize !== undefined) requireInteger('batchSize', batchSize, 1);
  if (threads !== undefined) requireInteger('threads', threads, 1);
  if (split.length === 0) throw new TritbankError('E_DATA', 'split', 'expected images, found none');
  const network = inferShapes(graph.clone());
  const source = chooseImages(network, split, options.normalisation);
  const batch = schedule(network, source, Math.min(images, split.length), batchSize);
  const task: Task = { network, split, source, schedule: batch, options };
  const inputs = await measureInputs(task);
  return sensitivity && inputs.size > 0 ? measureGradients(task, inputs) : inputs;
}

type Statistics = Map<string, LayerStatistics>;

/**
 * How much errors of filters matter, [filters] by layer name, of the layers of which that was measured: what `calibrate`
 * weighs filters by.
 *
 * @example
 * import { calibrate, collectStatistics, loadModel, makePlan, normalizeNetwork, openDataFor, sensitivitiesOf } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const { dataset } = await openDataFor(graph, { data: 'images' });
 * const sensitivity = sensitivitiesOf(await collectStatistics(graph, dataset.train, { images: 16 }));
 * const plan = makePlan(graph, { method: 'hybrid', alpha: 0.5 });
 * const { layers } = await calibrate(graph, plan, dataset.train, { images: 16, sensitivity });
 * for (const { name, errors } of layers) console.log(name, errors.final);
 */
export function sensitivitiesOf(statistics: ReadonlyMap<string, LayerStatistics>): Map<string, Float64Array> {
  const found = new Map<string, Float64Array>();
  for (const [name, { sensitivity }] of statistics) if (sensitivity) found.set(name, sensitivity);
  return found;
}

async function measureInputs(task: Task): Promise<Statistics> {
  const { batchSize, steps } = task.schedule;
  const graph = prepare(task.network, task.source, batchSize);
  const layers = chooseLayers(graph, task.options.layers);
  if (layers.length === 0) return new Map();
  const emitted = layers.map((layer) =>
    emitInputSums(new Builder(graph, `statistics/${layer.name}/`), layer, batchSize),
  );
  const ofInputs = emitted.flatMap(({ sum, squares }) => [sum, squares]);
  const pooled = layers.flatMap((layer) => {
    const pool = isMeasuredInFull(layer) ? poolBefore(layer) : undefined;
    return pool ? [{ layer, pool, positions: elementCount(pool.input(0).dims.slice(2)) }] : [];
  });
  const ofPools = pooled.flatMap(({ layer, pool }) => {
    const b = new Builder(graph, `statistics/${layer.name}/pooled/`);
    const { sum, squares } = emitProductSums(b, emitPooledColumns(b, pool));
    return [sum, squares];
  });
  const sums = await sumOverImages(task, graph, [...ofInputs, ...ofPools]);
  const images = batchSize * steps;
  const covariances = new Map(
    pooled.map(({ layer, positions }, k) => {
      const [sum, products] = sums.slice(ofInputs.length + 2 * k);
      return [layer, covarianceOf(sum!, products!, positions * images)];
    }),
  );
  const measured = layers.map((layer, i): [string, LayerStatistics] => {
    const count = positionsOf(layer, batchSize) * images;
    const mean = sums[2 * i]!.map((v) => v / count);
    const squares = sums[2 * i + 1]!.map((v) => v / count);
    if (!isMeasuredInFull(layer)) return [layer.name, { count, secondMoments: undefined, diagonal: squares, mean }];
    const n = weightsOf(layer);
    symmetrise(squares, n);
    const diagonal = mean.map((_, j) => squares[j * n + j]!);
    const ofPool = covariances.get(layer);
    return [layer.name, { count, secondMoments: squares, diagonal, mean, ...(ofPool && { pooled: ofPool }) }];
  });
  return new Map(measured);
}

/**
 * Sensitivities of a classifier's filters, one a class. Of a few hundred images most of a thousand classes are on none, and
 * their filters would seem to matter to nothing: each gets one more image that the mean of all is said of.
 */
function evenOut(found: LayerStatistics, images: number): LayerStatistics {
  const even = (values: Float64Array) => {
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    return values.map((v) => (images * v + values.length * mean) / (images + values.length));
  };
  return { ...found, sensitivity: even(found.sensitivity!), biasSensitivity: even(found.biasSensitivity!) };
}

/** The two halves of a product of float32 may differ in rounding. */
function symmetrise(matrix: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const mean = (matrix[i * n + j]! + matrix[j * n + i]!) / 2;
      matrix[i * n + j] = mean;
      matrix[j * n + i] = mean;
    }
  }
}

async function measureGradients(task: Task, inputs: Statistics): Promise<Statistics> {
  const { batchSize, steps } = task.schedule;
  const { labels = 'model', seed = 0 } = task.options;
  const graph = prepare(task.network, task.source, batchSize);
  const layers = chooseLayers(graph, task.options.layers);
  const classes = classCountOf(graph);
  if (labels === 'data' && classes < task.split.classCount) {
    const message = `expected at least ${task.split.classCount} classes for these labels, found ${classes}`;
    throw new TritbankError('E_MODEL', `graph '${graph.name}'`, message);
  }
  const b = new Builder(graph, 'statistics/');
  const scores = graph.outputs[0]!;
  const probe = graph.input(graph.freshName('probe'), 'float32', [batchSize, classes]);
  const form = lossFormOf(scoreKindOf(task.network));
  const loss = emitLoss(b, b.reshape(scores, [batchSize, classes]), probe, labels, form);
  const means = layers.map((layer) => inputs.get(layer.name)!.mean);
  const emitted = emitGradientSquares(graph, loss, layers, means, batchSize);
  const sums = await sumOverImages(
    task,
    graph,
    [...emitted.values()].flatMap(({ weights, bias }) => [weights, bias]),
    2,
    (batch) => ({ [probe.name]: f32([batchSize, classes], drawProbe(batch, classes, labels, seed)) }),
  );
  const reached = [...emitted.keys()];
  const measured = layers.map((layer): [string, LayerStatistics] => {
    const of = inputs.get(layer.name)!;
    const at = reached.indexOf(layer);
    const perImage = (sum: Float64Array | undefined) =>
      Float64Array.from({ length: layer.filters }, (_, f) => Math.max(0, sum?.[f] ?? 0) / (batchSize * steps));
    const trace = centreMoments(of).variances.reduce((sum, v) => sum + v, 0);
    const sensitivity = perImage(sums[2 * at]).map((square) => (trace > 0 ? square / trace : 0));
    const found = { ...of, sensitivity, biasSensitivity: perImage(sums[2 * at + 1]) };
    const isOfScores = layer.filters === classes && positionsOf(layer, batchSize) === 1;
    return [layer.name, isOfScores ? evenOut(found, batchSize * steps) : found];
  });
  return new Map(measured);
}
