/**
 * The training step as one static graph: augmented pixels in, forward pass with batch statistics, loss, backward pass,
 * clipping, optimizer, running averages and weight averages; new state and metrics out.
 */

import { differentiate } from '../autodiff/differentiate.ts';
import type { StateSlot } from '../engine/index.ts';
import { f32, float, type Graph, int, type Tensor, type Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import {
  eliminateCommon,
  inferShapes,
  lowerBatchNorm,
  lowerDepthwise,
  removeDead,
  removeMarkers,
  toBatchLast,
} from '../passes/index.ts';
import { countCorrect, crossEntropy, type Distillation, distillationLoss } from './loss.ts';
import { type Clock, emitUpdate, initialState, type OptimizerOptions, stateNames } from './optimizer.ts';
import { decays, findParameters, promote } from './parameters.ts';

export interface Normalisation {
  /** Per channel, in units of a pixel's 0..255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface StepOptions {
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  readonly normalisation: Normalisation;
  /** Weight of the old value in batch norms' running averages; default 0.9. */
  readonly batchNormMomentum?: number;
  /** Largest global norm of the gradient; unlimited by default. */
  readonly clipNorm?: number;
  /** Decay of the exponential moving average of the weights, f. ex. 0.999; none by default. */
  readonly emaDecay?: number;
  readonly distillation?: Distillation;
  /** Initializers that stay as they are. */
  readonly frozen?: ReadonlySet<string>;
}

/** A step graph with its state. Feeds: `images`, `targets`, `teacher` with distillation, `learning_rate`, `step`. */
export interface StepGraph {
  readonly graph: Graph;
  readonly slots: readonly StateSlot[];
  /** Names of learned parameters and of running averages, without optimizer state. */
  readonly learned: readonly string[];
  readonly running: readonly string[];
}

/** The name under which the exponential moving average of a parameter is kept. */
export const emaName = (parameter: string) => `${parameter}/ema`;

/** Replaces the network's float input by `images`, uint8 `[B, C, H, W]`, normalised inside the graph. */
export function takePixels(graph: Graph, batchSize: number, { mean, std }: Normalisation): void {
  const input = graph.inputs[0]!;
  const dims = [batchSize, ...input.shape.slice(1)] as number[];
  const first = graph.nodes[0];
  const b = new Builder(graph, 'pixels/', first);
  const images = graph.input('images', 'uint8', dims);
  const perChannel = (values: readonly number[]) => f32([1, values.length, 1, 1], values);
  const factor = b.constant('factor', perChannel(std.map((s) => 1 / s)));
  const offset = b.constant('offset', perChannel(mean.map((m, i) => -m / std[i]!)));
  const normalised = b.add(b.mul(b.cast(images, 'float32'), factor), offset);
  input.replaceAllUsesWith(normalised);
  graph.removeValue(input);
}

/** Batch norms compute with the statistics of the batch and return updated running averages. */
function useBatchStatistics(graph: Graph, momentum: number): [running: Value, updated: Value][] {
  const pairs: [Value, Value][] = [];
  for (const node of graph.nodes.filter((n) => n.op === 'BatchNormalization')) {
    const b = new Builder(graph, '', node);
    const attributes = { ...node.attributes, training_mode: int(1), momentum: float(momentum) };
    const training = b.node('BatchNormalization', node.inputs, attributes, 3, node.name);
    node.output().replaceAllUsesWith(training.output());
    graph.remove(node);
    for (const i of [1, 2]) pairs.push([training.input(2 + i), training.output(i)]);
  }
  return pairs;
}

function clip(b: Builder, gradients: Map<Value, Value>, limit: number): Map<Value, Value> {
  const squares = [...gradients.values()].map((g) => b.reduce('ReduceSumSquare', g, undefined, false));
  const norm = b.sqrt(b.op('Sum', squares));
  const factor = b.min(b.div(limit, b.max(norm, 1e-12)), 1);
  return new Map([...gradients].map(([parameter, g]) => [parameter, b.mul(g, factor)]));
}

/** From markers and training operators to what a runtime executes. */
function lower(graph: Graph): void {
  lowerBatchNorm(graph);
  lowerDepthwise(graph);
  removeMarkers(graph);
  while (eliminateCommon(graph));
  removeDead(graph);
}

/**
 * Builds the step of `network` (an inference graph: input `N x C x H x W`, first output logits `N x K`), which is not
 * changed. Graph outputs besides state: `loss` and `correct`, float32 scalars of the batch.
 */
export function buildStep(network: Graph, options: StepOptions): StepGraph {
  const graph = network.clone();
  graph.name = `${network.name}-step`;
  const { batchSize } = options;
  const { learned, running } = findParameters(graph, options.frozen);
  takePixels(graph, batchSize, options.normalisation);
  inferShapes(graph);
  const logits = graph.outputs[0]!;
  const classes = logits.dims[1]!;
  const averages = useBatchStatistics(graph, options.batchNormMomentum ?? 0.9);
  inferShapes(graph);
  const initial = new Map([...learned, ...running].map((v) => [v, promote(graph, v)]));
  graph.outputs = [logits, ...averages.map(([, updated]) => updated)];
  toBatchLast(graph);

  const b = new Builder(graph, 'loss/');
  const targets = graph.input('targets', 'float32', [batchSize, classes]);
  const [output, ...updatedAverages] = graph.outputs as [Value, ...Value[]];
  const loss = options.distillation
    ? distillationLoss(b, output, targets, graph.input('teacher', 'float32', [batchSize, classes]), options.distillation)
    : crossEntropy(b, output, targets);
  const correct = countCorrect(b, output, targets);

  let gradients = differentiate(graph, loss, learned);
  if (options.clipNorm !== undefined) gradients = clip(new Builder(graph, 'clip/'), gradients, options.clipNorm);
  const clock: Clock = {
    learningRate: graph.input('learning_rate', 'float32', []),
    step: graph.input('step', 'float32', []),
  };
  const kept: { name: string; initial: Tensor }[] = [];
  const outputs = [loss, correct];
  const keep = (name: string, next: Value, start: Tensor) => {
    outputs.push(next);
    kept.push({ name, initial: start });
  };
  for (const parameter of learned) {
    const gradient = gradients.get(parameter);
    if (!gradient) continue;
    const start = initial.get(parameter)!;
    const u = new Builder(graph, `update/${parameter.name}/`);
    const names = stateNames(options.optimizer).map((s) => `${parameter.name}/${s}`);
    const state = names.map((name) => graph.input(name, 'float32', start.dims));
    const updated = emitUpdate(u, options.optimizer, { parameter, gradient, decay: decays(parameter), state }, clock);
    keep(parameter.name, updated.parameter, start);
    for (const [i, name] of names.entries()) keep(name, updated.state[i]!, initialState(start));
    if (options.emaDecay !== undefined) {
      const ema = graph.input(emaName(parameter.name), 'float32', start.dims);
      keep(ema.name, u.add(u.mul(ema, options.emaDecay), u.mul(updated.parameter, 1 - options.emaDecay)), start);
    }
  }
  for (const [i, [average]] of averages.entries()) {
    if (initial.has(average)) keep(average.name, updatedAverages[i]!, initial.get(average)!);
  }
  graph.outputs = outputs;
  lower(graph);
  for (const [i, name] of ['loss', 'correct'].entries()) graph.rename(graph.outputs[i]!, name);
  const slots = kept.map((slot, i) => ({ ...slot, next: graph.outputs[i + 2]!.name }));
  return { graph, slots, learned: learned.map((v) => v.name), running: running.map((v) => v.name) };
}
