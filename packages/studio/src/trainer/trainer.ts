/**
 * Training in the page, by the toolkit's step graph: phases as `tritbank train` has them, a few steps at a time, so that
 * whoever calls decides when to go on.
 */

import { evaluateGraph, type Normalisation, normalisationMetadata } from '#toolkit/classifier/index.ts';
import { measureStorage } from '#toolkit/cost/index.ts';
import { type Batch, batches, stepCount } from '#toolkit/data/index.ts';
import { compileProgram, type Program } from '#toolkit/engine/index.ts';
import { exportOnnx } from '#toolkit/export/onnx/index.ts';
import { type Graph, scalar, type Tensor } from '#toolkit/ir/index.ts';
import { buildNetwork } from '#toolkit/models/index.ts';
import { writeModel } from '#toolkit/onnx/write.ts';
import {
  applyPlan,
  deploy,
  loadState,
  makePlan,
  type QuantizedNetwork,
  ternarize,
  toFrozen,
} from '#toolkit/quantize/index.ts';
import { networkOf } from '#toolkit/train/phase-networks.ts';
import { type PhaseSpan, planPhases } from '#toolkit/train/phases.ts';
import type { Method, Phase } from '#toolkit/train/records.ts';
import { reestimate } from '#toolkit/train/reestimate.ts';
import { scheduleFactor } from '#toolkit/train/schedule.ts';
import { buildStep, type StepGraph } from '#toolkit/train/step.ts';
import type { TrainingData } from './data.ts';

export interface TrainSettings {
  readonly method: Method;
  readonly epochs: number;
  readonly width: number;
  /** Of hybrid banks. */
  readonly alpha: number;
  readonly widthRatio: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly seed: number;
}

export interface StepRecord {
  readonly step: number;
  /** With fractions: 1.5 is half of the second epoch done. */
  readonly epoch: number;
  readonly phase: Phase;
  readonly loss: number;
  /** Share of the batch that was right. */
  readonly top1: number;
}

export interface EpochEnd {
  readonly epoch: number;
  readonly phase: Phase;
  readonly testLoss: number;
  readonly top1: number;
}

/** A ternary weight as it is now. */
export interface Matrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** What the optimizer moves; in the phase `frozen` the fixed trits. */
  readonly latent: Float32Array;
  readonly trits: Float32Array;
}

const optimizer = { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-4 } as const;

type State = ReadonlyMap<string, Tensor>;

export class Trainer {
  readonly spans: readonly PhaseSpan[];
  readonly stepsPerEpoch: number;
  private readonly quantized: QuantizedNetwork;
  private at = 0;
  private network: QuantizedNetwork | undefined;
  private built: StepGraph | undefined;
  private program: Program | undefined;
  private stream: AsyncGenerator<Batch, void, undefined> | undefined;
  private state: State = new Map();
  private frozenFrom: State = new Map();
  /** In the present phase. */
  private epoch = 0;
  private steps = 0;
  private total = 0;

  constructor(
    private readonly data: TrainingData,
    private readonly normalisation: Normalisation,
    private readonly settings: TrainSettings,
  ) {
    const { method, width, alpha, widthRatio, epochs, batchSize, seed } = settings;
    const base = buildNetwork('mobilenet-v1', {
      ...{ width, inputSize: data.height, channels: data.channels, classes: data.classes.length, seed },
      firstStride: data.height > 64 ? 2 : 1,
    });
    const ratio = method === 'hybrid' ? { widthRatio } : {};
    const plan = makePlan(base, { method, alpha, ...ratio });
    this.quantized =
      method === 'fp' ? { graph: base, ternary: [], rounded: [], fixed: new Set() } : applyPlan(base, plan, seed);
    this.spans = planPhases({ method, epochs, phases: [0.4, 0.4, 0.2] });
    this.stepsPerEpoch = stepCount(data.train, { batchSize, dropLast: true });
  }

  /** Names of the ternary weights. */
  get ternary(): string[] {
    return this.quantized.ternary.map(({ name }) => name);
  }

  get isDone(): boolean {
    return this.at === this.spans.length;
  }

  private async enter(): Promise<void> {
    const { phase } = this.spans[this.at]!;
    if (phase === 'frozen') {
      this.frozenFrom = this.state;
      this.state = new Map();
    }
    this.network = networkOf(phase, this.quantized, this.frozenFrom);
    const { batchSize } = this.settings;
    const frozen = this.network.fixed;
    this.built = buildStep(this.network.graph, { batchSize, optimizer, normalisation: this.normalisation, frozen });
    this.program = await compileProgram(this.built.graph, this.built.slots, { threads: 1 });
    await this.program.load(this.state);
    this.epoch = 0;
    this.steps = 0;
  }

  /** Works for about so long; ends early after an epoch, whose test is in the result. */
  async advance(milliseconds: number): Promise<{ steps: StepRecord[]; end?: EpochEnd }> {
    if (!this.program) await this.enter();
    const until = performance.now() + milliseconds;
    const { batchSize, seed, learningRate, epochs } = this.settings;
    const span = this.spans[this.at]!;
    const { train, augment } = this.data;
    this.stream ??= batches(train, {
      ...{ batchSize, seed, epoch: span.before + this.epoch, shuffle: true, dropLast: true, augment },
    });
    const done: StepRecord[] = [];
    while (performance.now() < until || done.length === 0) {
      const next = await this.stream.next();
      if (next.done) return { steps: done, end: await this.endEpoch() };
      const epoch = span.before + this.steps / this.stepsPerEpoch;
      const rate = learningRate * scheduleFactor({ name: 'cosine', warmup: 0.1 }, epoch, epochs);
      this.steps++;
      this.total++;
      done.push({ step: this.total, epoch, phase: span.phase, ...(await this.step(next.value, rate)) });
    }
    return { steps: done };
  }

  private async step(
    { shape, size, images: data, labels }: Batch,
    rate: number,
  ): Promise<{ loss: number; top1: number }> {
    const classes = this.data.classes.length;
    const targets = new Float32Array(size * classes);
    for (const [row, label] of labels.entries()) targets[row * classes + label] = 1;
    const { loss, correct } = await this.program!.step({
      images: { dtype: 'uint8', dims: [size, shape.channels, shape.height, shape.width], data },
      targets: { dtype: 'float32', dims: [size, classes], data: targets },
      learning_rate: scalar(rate),
      step: scalar(this.steps),
    });
    return { loss: Number(loss!.data[0]), top1: Number(correct!.data[0]) / size };
  }

  private async endEpoch(): Promise<EpochEnd> {
    const span = this.spans[this.at]!;
    this.stream = undefined;
    this.epoch++;
    const state = await this.program!.state();
    const kept = [...this.built!.learned, ...this.built!.running];
    this.state = new Map(kept.map((name) => [name, state.get(name)!]));
    const graph = this.network!.graph.clone();
    loadState(graph, this.state);
    const { test, classes } = this.data;
    const { loss, top1 } = await evaluateGraph(graph, test, classes, this.normalisation, { threads: 1 });
    if (this.epoch === span.epochs) {
      await this.program!.release();
      this.program = undefined;
      this.at++;
    }
    return { epoch: span.before + this.epoch, phase: span.phase, testLoss: loss, top1 };
  }

  /** A ternary weight as it is now, filters as rows. */
  async look(name: string): Promise<Matrix | undefined> {
    const weight = this.quantized.ternary.find((one) => one.name === name);
    if (!weight || !this.network) return undefined;
    const state = this.program ? await this.program.state() : this.state;
    const found = state.get(name) ?? this.network.graph.value(name).constant!;
    const rows = found.dims[0]!;
    const latent = Float32Array.from(found.data as Float32Array);
    const { values } = ternarize(found, weight.granularity);
    return { name, rows, columns: latent.length / rows, latent, trits: Float32Array.from(values.data) };
  }

  /** The trained network as a packed file, tested as it was written. */
  async finish(): Promise<{ bytes: Uint8Array; stored: number; top1: number }> {
    const { quantized, state, frozenFrom, normalisation, data, settings } = this;
    const isTernary = quantized.ternary.length > 0;
    const isFrozen = this.spans.at(-1)!.phase === 'frozen';
    const network = isTernary ? toFrozen(quantized, isFrozen ? frozenFrom : state) : quantized;
    const trained = new Map(isFrozen || !isTernary ? state : []);
    const graph = network.graph.clone();
    loadState(graph, trained);
    const { batchSize, seed } = settings;
    const how = { batchSize, count: 20, seed, normalisation, size: data, threads: 1 };
    for (const [name, tensor] of await reestimate(graph, data.train, how)) trained.set(name, tensor);
    const metadata = { ...normalisationMetadata(normalisation), method: settings.method };
    const model: Graph = deploy(network, trained, metadata);
    const { top1 } = await evaluateGraph(model, data.test, data.classes, normalisation, { threads: 1 });
    const packed = await exportOnnx(model, { labels: data.classes });
    return { bytes: writeModel(packed), stored: measureStorage(model).bytes, top1 };
  }

  async close(): Promise<void> {
    await this.program?.release();
    this.program = undefined;
  }
}
