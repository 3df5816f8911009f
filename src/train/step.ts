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
import { decays, findParameters } from './parameters.ts';
import { type Normalisation, takePixels } from './pixels.ts';
import { companion, type Pack, packInitializers, slotOf } from './state.ts';

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

const emaSuffix = 'ema';

/** The name under which the exponential moving average of a parameter is kept. */
export const emaName = (parameter: string) => `${parameter}/${emaSuffix}`;

/**
 * Makes batch norms compute with the statistics of the batch. Returns each running average with the value that it
 * follows: the batch's mean or variance.
 */
function useBatchStatistics(graph: Graph): { average: Value; statistic: Value }[] {
  const pairs: { average: Value; statistic: Value }[] = [];
  for (const node of graph.nodes.filter((n) => n.op === 'BatchNormalization')) {
    const b = new Builder(graph, '', node);
    const attributes = { ...node.attributes, training_mode: int(1), momentum: float(0) };
    const training = b.node('BatchNormalization', node.inputs, attributes, 3, node.name);
    node.output().replaceAllUsesWith(training.output());
    graph.remove(node);
    for (const i of [1, 2]) pairs.push({ average: training.input(2 + i), statistic: training.output(i) });
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
  /** Batch-last; the outputs are the logits `[B, K]`, then the statistics that `running` follow. */
  readonly graph: Graph;
  readonly learned: readonly Value[];
  readonly running: readonly { readonly name: string; readonly initial: Tensor }[];
}

/** The forward pass of training: pixels in, batch statistics. `network` is not changed. */
function trainingForward(
  network: Graph,
  options: Pick<StepOptions, 'batchSize' | 'normalisation' | 'frozen'>,
): Forward {
  const graph = network.clone();
  // What only other outputs need is neither run nor learned.
  graph.outputs = [graph.outputs[0]!];
  removeDead(graph);
  const { learned } = findParameters(graph, options.frozen);
  takePixels(graph, options.batchSize, options.normalisation);
  inferShapes(graph);
  const pairs = useBatchStatistics(graph);
  graph.outputs = [graph.outputs[0]!, ...pairs.map((p) => p.statistic)];
  const running = pairs.map(({ average }) => ({ name: average.name, initial: average.constant! }));
  toBatchLast(graph);
  return { graph, learned, running };
}

/**
 * The graph that measures the batch statistics of all batch norms: feed `images`; output i is the mean or variance that
 * the running average `names[i]` follows.
 */
export function buildStatistics(
  network: Graph,
  options: Pick<StepOptions, 'batchSize' | 'normalisation'>,
): { graph: Graph; names: readonly string[] } {
  const { graph, running } = trainingForward(network, options);
  graph.name = `${network.name}-statistics`;
  graph.outputs = graph.outputs.slice(1);
  lower(graph);
  return { graph, names: running.map((r) => r.name) };
}

/** Most parts of a pack: WebGPU allows a dozen buffers in one kernel. */
const maxParts = 8;

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Matrices and kernels in a pack each, vectors in packs of several. */
function packParameters(graph: Graph, learned: readonly Value[]): { pack: Pack; decay: boolean }[] {
  const matrices = learned.filter(decays).map((v) => ({ pack: packInitializers(graph, v.name, [v]), decay: true }));
  const vectors = chunks(
    learned.filter((v) => !decays(v)),
    maxParts,
  );
  return [...matrices, ...vectors.map((v) => ({ pack: packInitializers(graph, 'vectors', v), decay: false }))];
}

/**
 * Builds the step of `network` (an inference graph: input `N x C x H x W`, first output logits `N x K`), which is not
 * changed. Graph outputs besides state: `loss` and `correct`, float32 scalars of the batch.
 */
export function buildStep(network: Graph, options: StepOptions): StepGraph {
  const { graph, learned, running } = trainingForward(network, options);
  graph.name = `${network.name}-step`;
  const { batchSize, optimizer } = options;
  const learnedNames = learned.map((v) => v.name);
  const packs = packParameters(graph, learned);

  const b = new Builder(graph, 'loss/');
  const [logits, ...statistics] = graph.outputs as [Value, ...Value[]];
  const classes = logits.dims[1]!;
  const targets = graph.input('targets', 'float32', [batchSize, classes]);
  const loss = options.distillation
    ? distillationLoss(
        b,
        logits,
        targets,
        graph.input('teacher', 'float32', [batchSize, classes]),
        options.distillation,
      )
    : crossEntropy(b, logits, targets);
  const correct = countCorrect(b, logits, targets);

  const inputs = packs.map(({ pack }) => pack.input);
  const exact = differentiate(graph, loss, inputs);
  const gradients = options.clipNorm === undefined ? exact : clip(new Builder(graph, 'clip/'), exact, options.clipNorm);
  const clock: Clock = {
    learningRate: graph.input('learning_rate', 'float32', []),
    step: graph.input('step', 'float32', []),
  };

  const kept: Pack[] = [];
  const outputs = [loss, correct];
  const keep = (pack: Pack, next: Value) => {
    outputs.push(next);
    kept.push(pack);
  };
  for (const { pack, decay } of packs) {
    const gradient = gradients.get(pack.input);
    const u = new Builder(graph, `update/${pack.input.name}/`);
    if (!gradient) {
      // The loss does not depend on these.
      keep(pack, u.op('Identity', [pack.input]));
      continue;
    }
    const states = stateNames(optimizer).map((suffix) => companion(graph, pack, suffix, initialState));
    const state = states.map((s) => s.input);
    const updated = emitUpdate(u, optimizer, { parameter: pack.input, gradient, decay, state }, clock);
    keep(pack, updated.parameter);
    for (const [i, companionPack] of states.entries()) keep(companionPack, updated.state[i]!);
    if (options.emaDecay === undefined) continue;
    const average = companion(graph, pack, emaSuffix, (initial) => initial);
    // d = min(decay, (1 + step) / (10 + step)): the first weights are forgotten at once
    const d = u.min(u.div(u.add(clock.step, 1), u.add(clock.step, 10)), options.emaDecay);
    keep(average, u.add(u.mul(average.input, d), u.mul(updated.parameter, u.sub(1, d))));
  }
  const momentum = options.batchNormMomentum ?? 0.9;
  for (const indices of chunks([...running.keys()], maxParts)) {
    const parts = indices.map((i) => running[i]!);
    const u = new Builder(graph, 'running/');
    const size = parts.reduce((n, { initial }) => n + initial.data.length, 0);
    const pack: Pack = { input: graph.input(graph.freshName('running'), 'float32', [size]), parts };
    const measured = u.concat(
      indices.map((i) => statistics[i]!),
      0,
    );
    keep(pack, u.add(u.mul(pack.input, momentum), u.mul(measured, 1 - momentum)));
  }
  graph.outputs = outputs;
  lower(graph);
  for (const [i, name] of ['loss', 'correct'].entries()) graph.rename(graph.outputs[i]!, name);
  const slots = kept.map((pack, i) => slotOf(pack, graph.outputs[i + 2]!.name));
  return { graph, slots, learned: learnedNames, running: running.map((r) => r.name) };
}
