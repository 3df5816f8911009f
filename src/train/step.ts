/**
 * The training step as one static graph: augmented pixels in, forward pass with batch statistics, loss, backward pass,
 * clipping, optimizer, running averages and weight averages; new state and metrics out.
 */

import { differentiate } from '../autodiff/differentiate.ts';
import { type Normalisation, scoreKindOf } from '../classifier/index.ts';
import type { StateSlot } from '../engine/index.ts';
import { f32, type Graph, type Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { lower, trainingForward } from './forward.ts';
import { countCorrect, type Distillation, distillationLoss, lossFormOf } from './loss.ts';
import { type Clock, emitUpdate, initialState, type OptimizerOptions, stateNames } from './optimizer.ts';
import { decays, depthRates } from './parameters.ts';
import { emitPins, emitPull, findLatents, type Latent, pinStates, type TernaryControl } from './pins.ts';
import { averageGradients, averageMeasures, type Spread } from './spread.ts';
import { companion, type Pack, packInitializers, slotOf } from './state.ts';

export { buildStatistics } from './forward.ts';

export interface StepOptions {
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  readonly normalisation: Normalisation;
  /** What batch norms compute with: statistics of the batch (default), or running averages, which then stay what they are. */
  readonly normStatistics?: 'batch' | 'fixed';
  /** Weight of the old value in batch norms' running averages; default 0.9. */
  readonly batchNormMomentum?: number;
  /** Largest global norm of the gradient; unlimited by default. */
  readonly clipNorm?: number;
  /** Decay of the exponential moving average of the weights, f. ex. 0.999; none by default. */
  readonly emaDecay?: number;
  readonly distillation?: Distillation;
  /** Learning rate of the first layers relative to that of the last, see `depthRates`; default 1. */
  readonly bodyRate?: number;
  /** Initializers that stay as they are. */
  readonly frozen?: ReadonlySet<string>;
  /** Of a network in its ternary phase: the ternary weights, and what keeps them from oscillating. */
  readonly ternary?: TernaryControl;
  /** Of a step that several ranks make together, each with `batchSize` images of it. */
  readonly spread?: Spread;
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

function clip(b: Builder, gradients: Map<Value, Value>, limit: number): Map<Value, Value> {
  const squares = [...gradients.values()].map((g) => b.reduce('ReduceSumSquare', g, undefined, false));
  const norm = b.sqrt(b.op('Sum', squares));
  const factor = b.min(b.div(limit, b.max(norm, 1e-12)), 1);
  return new Map([...gradients].map(([parameter, g]) => [parameter, b.mul(g, factor)]));
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

/** The factors of a pack's parts: one number of one part, else one an element. */
function rateOf(b: Builder, { parts }: Pack, rates: ReadonlyMap<string, number>): Value | number {
  if (parts.length === 1) return rates.get(parts[0]!.name)!;
  const factors = parts.flatMap(({ name, initial }) => Array<number>(initial.data.length).fill(rates.get(name)!));
  return b.constant('rates', f32([factors.length], factors));
}

/**
 * Builds the step of `network` (an inference graph: input `N x C x H x W`, first output logits `N x K`), which is not
 * changed. With `spread`, it has sums over all ranks, for `compileProgram` with `ranks`. It reads, with B images a batch, `images` `B x C x H x W` uint8, `targets` `B x K` float32 whose rows sum
 * to 1, `teacher` likewise if there is distillation, and the scalars `learning_rate` and `step`, which counts from 1.
 * Graph outputs besides state: `loss` (nats) and `correct` (images), float32 scalars of the batch. E_GRADIENT for an
 * operator without gradient.
 *
 * @example
 * import { buildNetwork, buildStep, compileProgram, defaultConfig, f32, scalar } from 'tritbank';
 *
 * const shape = { width: 0.25, inputSize: 32, channels: 3, classes: 2, firstStride: 2, seed: 1 } as const;
 * const normalisation = { mean: [128, 128, 128], std: [64, 64, 64] };
 * const options = { batchSize: 2, optimizer: defaultConfig.optimizer, normalisation };
 * const { graph, slots } = buildStep(buildNetwork('ds-cnn', shape), options);
 * const program = await compileProgram(graph, slots);
 * const images = { dtype: 'uint8', dims: [2, 3, 32, 32], data: new Uint8Array(2 * 3 * 32 * 32).fill(100) } as const;
 * const feeds = { images, targets: f32([2, 2], [1, 0, 0, 1]), learning_rate: scalar(0.01), step: scalar(1) };
 * console.log((await program.step(feeds)).loss!.data[0]);
 */
export function buildStep(network: Graph, options: StepOptions): StepGraph {
  const { batchSize, optimizer, spread } = options;
  const normalisingRanks = spread?.syncBatchNorm ? spread.ranks : 1;
  const { graph, learned, running } = trainingForward(
    network,
    { ...options, normalisingRanks },
    options.normStatistics === 'fixed' ? 'none' : 'all',
  );
  graph.name = `${network.name}-step`;
  const learnedNames = learned.map((v) => v.name);
  // Found before packing takes the initializers' places.
  const latents = options.ternary ? findLatents(learned, options.ternary.weights) : new Map<string, Latent>();
  const rates = options.bodyRate === undefined ? undefined : depthRates(graph, learned, options.bodyRate);
  const packs = packParameters(graph, learned);

  const b = new Builder(graph, 'loss/');
  const [logits, ...measured] = graph.outputs as [Value, ...Value[]];
  const classes = logits.dims[1]!;
  const targets = graph.input('targets', 'float32', [batchSize, classes]);
  const form = lossFormOf(scoreKindOf(network));
  const loss = options.distillation
    ? distillationLoss(
        b,
        logits,
        targets,
        graph.input('teacher', 'float32', [batchSize, classes]),
        options.distillation,
        form,
      )
    : form.crossEntropy(b, logits, targets);
  const found = { loss, correct: countCorrect(b, logits, targets), statistics: measured };
  const { correct, statistics, ...all } = spread
    ? averageMeasures(new Builder(graph, 'measures/'), found, spread)
    : found;

  const inputs = packs.map(({ pack }) => pack.input);
  const own = differentiate(graph, loss, inputs);
  const exact = spread ? averageGradients(graph, (prefix) => new Builder(graph, prefix), own, spread) : own;
  const gradients = options.clipNorm === undefined ? exact : clip(new Builder(graph, 'clip/'), exact, options.clipNorm);
  const clock: Clock = {
    learningRate: graph.input('learning_rate', 'float32', []),
    step: graph.input('step', 'float32', []),
  };

  const kept: Pack[] = [];
  const outputs = [all.loss, correct];
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
    const latent = latents.get(pack.parts[0]!.name);
    const { oscillation, freezeLayers } = options.ternary ?? {};
    const pull = latent && oscillation?.kind === 'dampen' ? emitPull(u, latent, oscillation) : undefined;
    const states = stateNames(optimizer).map((suffix) => companion(graph, pack, suffix, initialState));
    const state = states.map((s) => s.input);
    const whole = pull ? u.add(gradient, pull) : gradient;
    const clocked = rates ? { ...clock, learningRate: u.mul(clock.learningRate, rateOf(u, pack, rates)) } : clock;
    const updated = emitUpdate(u, optimizer, { parameter: pack.input, gradient: whole, decay, state }, clocked);
    const pins =
      latent && (oscillation?.kind === 'freeze' || freezeLayers)
        ? emitPins(u, latent, updated.parameter, pinStates(graph, pack, oscillation), oscillation)
        : undefined;
    const parameter = pins?.parameter ?? updated.parameter;
    keep(pack, parameter);
    for (const [i, companionPack] of states.entries()) keep(companionPack, updated.state[i]!);
    for (const { pack: pinPack, next } of pins?.states ?? []) keep(pinPack, next);
    if (options.emaDecay === undefined) continue;
    const average = companion(graph, pack, emaSuffix, (initial) => initial);
    // d = min(decay, (1 + step) / (10 + step)): the first weights are forgotten at once
    const d = u.min(u.div(u.add(clock.step, 1), u.add(clock.step, 10)), options.emaDecay);
    const averaged = u.add(u.mul(average.input, d), u.mul(parameter, u.sub(1, d)));
    keep(average, pins ? u.where(pins.isFree, averaged, parameter) : averaged);
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
