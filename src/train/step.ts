/**
 * The training step as one static graph: augmented pixels in, forward pass with batch statistics, loss, backward pass,
 * clipping, optimizer, running averages and weight averages; new state and metrics out.
 */

import { differentiate } from '../autodiff/differentiate.ts';
import type { StateSlot } from '../engine/index.ts';
import { float, type Graph, int, type Tensor, type Value } from '../ir/index.ts';
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
import { type Normalisation, takePixels } from './pixels.ts';

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

interface Forward {
  /** Batch-last; outputs are the logits `[B, K]`, then the successors of `averages`. */
  readonly graph: Graph;
  readonly learned: readonly Value[];
  readonly running: readonly Value[];
  /** What the parameters, graph inputs now, were. */
  readonly initial: ReadonlyMap<Value, Tensor>;
  readonly averages: readonly Value[];
}

/** The forward pass of training: pixels in, batch statistics, parameters as inputs. `network` is not changed. */
function trainingForward(
  network: Graph,
  options: Pick<StepOptions, 'batchSize' | 'normalisation' | 'batchNormMomentum' | 'frozen'>,
): Forward {
  const graph = network.clone();
  const { learned, running } = findParameters(graph, options.frozen);
  takePixels(graph, options.batchSize, options.normalisation);
  inferShapes(graph);
  const averages = useBatchStatistics(graph, options.batchNormMomentum ?? 0.9);
  const initial = new Map([...learned, ...running].map((v) => [v, promote(graph, v)]));
  graph.outputs = [graph.outputs[0]!, ...averages.map(([, updated]) => updated)];
  toBatchLast(graph);
  return { graph, learned, running, initial, averages: averages.map(([average]) => average) };
}

/**
 * The graph that measures the batch statistics of all batch norms: feeds `images` and the learned parameters; outputs
 * `names[i]` in order, each the mean or variance that the running average of that name follows.
 */
export function buildStatistics(
  network: Graph,
  options: Pick<StepOptions, 'batchSize' | 'normalisation' | 'frozen'>,
): { graph: Graph; names: readonly string[] } {
  const { graph, initial, running, averages } = trainingForward(network, { ...options, batchNormMomentum: 0 });
  graph.name = `${network.name}-statistics`;
  graph.outputs = graph.outputs.slice(1);
  lower(graph);
  for (const value of running) if (value.uses.size === 0) graph.removeValue(value);
  for (const [value, tensor] of initial) {
    if (!graph.inputs.includes(value)) continue;
    value.constant = tensor;
    graph.inputs.splice(graph.inputs.indexOf(value), 1);
  }
  removeDead(graph);
  return { graph, names: averages.map((v) => v.name) };
}

/**
 * Builds the step of `network` (an inference graph: input `N x C x H x W`, first output logits `N x K`), which is not
 * changed. Graph outputs besides state: `loss` and `correct`, float32 scalars of the batch.
 */
export function buildStep(network: Graph, options: StepOptions): StepGraph {
  const { graph, learned, running, initial, averages } = trainingForward(network, options);
  const { batchSize } = options;
  const classes = graph.outputs[0]!.dims[1]!;

  const b = new Builder(graph, 'loss/');
  const targets = graph.input('targets', 'float32', [batchSize, classes]);
  const [output, ...updatedAverages] = graph.outputs as [Value, ...Value[]];
  const loss = options.distillation
    ? distillationLoss(
        b,
        output,
        targets,
        graph.input('teacher', 'float32', [batchSize, classes]),
        options.distillation,
      )
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
  for (const [i, average] of averages.entries()) {
    if (initial.has(average)) keep(average.name, updatedAverages[i]!, initial.get(average)!);
  }
  graph.outputs = outputs;
  lower(graph);
  for (const [i, name] of ['loss', 'correct'].entries()) graph.rename(graph.outputs[i]!, name);
  const slots = kept.map((slot, i) => ({ ...slot, next: graph.outputs[i + 2]!.name }));
  return { graph, slots, learned: learned.map((v) => v.name), running: running.map((v) => v.name) };
}
