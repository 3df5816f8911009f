/**
 * One phase of a run: a step graph, driven over epochs of batches. Leaves a checkpoint after every epoch and when it is
 * aborted, stops when the loss is not finite or grows without bound. One idea, the loop, with what happens in it.
 */

import { evaluateGraph } from '../classifier/index.ts';
import { anyOf, type Communicator, isRoot } from '../cluster/index.ts';
import { type Batch, batches, stepCount } from '../data/index.ts';
import { compileProgram, type Program } from '../engine/index.ts';
import { readLines } from '../files/index.ts';
import { AbortError, scalar, type Tensor, TritbankError } from '../ir/index.ts';
import { loadState, type QuantizedNetwork } from '../quantize/index.ts';
import { keepBest } from './best.ts';
import { type Position, saveCheckpoint } from './checkpoint.ts';
import { augmentation, engineOptions, type RunContext, recordEpoch, together } from './context.ts';
import { findNonFinite } from './diagnose.ts';
import { networkOf } from './phase-networks.ts';
import type { PhaseSpan } from './phases.ts';
import { pinFirst, pinnedShare, type TernaryControl } from './pins.ts';
import type { EpochRecord } from './records.ts';
import { reestimate } from './reestimate.ts';
import { requireSameState } from './same-state.ts';
import { scheduleFactor } from './schedule.ts';
import { describeSlowRank, rankTimes } from './slow-ranks.ts';
import { localBatch, spreadOf } from './spread.ts';
import { buildStep, emaName, type StepGraph } from './step.ts';

/** Batches that show the statistics of averaged weights. */
const averagedBatches = 20;

export class PhaseLoop {
  private readonly network: QuantizedNetwork;
  private readonly built: StepGraph;
  private readonly steps: number;
  /** Epochs of the head, which the schedule does not count. */
  private readonly skipped: number;

  constructor(
    private readonly context: RunContext,
    private readonly span: PhaseSpan,
    private readonly index: number,
    private readonly frozenFrom: ReadonlyMap<string, Tensor>,
  ) {
    const { recipe, normalisation, quantized, distillation, options } = context;
    const spread = spreadOf(recipe, options.ranks);
    this.network = networkOf(span.phase, quantized, frozenFrom, context.head);
    this.built = buildStep(this.network.graph, {
      batchSize: localBatch(recipe, options.ranks),
      optimizer: recipe.optimizer,
      normalisation,
      frozen: this.network.fixed,
      ...(recipe.bodyRate !== undefined && span.phase !== 'head' && { bodyRate: recipe.bodyRate }),
      ...(recipe.normStatistics && { normStatistics: recipe.normStatistics }),
      ...(recipe.clipNorm !== undefined && { clipNorm: recipe.clipNorm }),
      ...(recipe.emaDecay > 0 && { emaDecay: recipe.emaDecay }),
      ...(distillation && { distillation: distillation.loss }),
      ...(span.phase === 'ternary' && { ternary: this.control() }),
      ...(spread && { spread }),
    });
    this.skipped = context.head && span.phase !== 'head' ? span.before : 0;
    this.steps = stepCount(context.train, { batchSize: recipe.batchSize, dropLast: true });
  }

  private control(): TernaryControl {
    const { oscillation, freezeLayers } = this.context.recipe;
    const weights = this.network.ternary;
    return { weights, ...(oscillation && { oscillation }), ...(freezeLayers && { freezeLayers }) };
  }

  /** Trains the rest of the phase from `state` and `position`; returns the final state and the next phase's start. */
  async run(
    state: ReadonlyMap<string, Tensor>,
    position: Position,
  ): Promise<{ state: ReadonlyMap<string, Tensor>; position: Position }> {
    const { recipe, options } = this.context;
    const how = { ...engineOptions(recipe), ...together(options) };
    const program = await compileProgram(this.built.graph, this.built.slots, how);
    try {
      // From an earlier phase come weights and averages; momentum is kept only within a phase.
      await program.load(position.epoch > 0 || position.batch > 0 ? state : this.weightsOf(state));
      this.context.options.onProgress?.({
        kind: 'phase',
        phase: this.span.phase,
        epoch: this.span.before + position.epoch + 1,
        epochs: recipe.epochs,
        done: 0,
        total: this.steps * recipe.batchSize,
      });
      if (this.keepsBest && this.span.before + position.epoch + position.batch === 0)
        await this.measureStart(program, position);
      while (position.epoch < this.span.epochs) position = await this.epoch(program, position);
      const final = await program.state();
      return {
        state: await this.weights(final),
        position: { ...position, phase: this.index + 1, epoch: 0, batch: 0, lossSum: 0, correct: 0 },
      };
    } finally {
      await program.release();
    }
  }

  /** Learned parameters and running averages, and each weight average starting at its weight. */
  private weightsOf(state: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
    const kept = new Map<string, Tensor>();
    for (const name of [...this.built.learned, ...this.built.running]) {
      const tensor = state.get(name);
      if (!tensor) continue;
      kept.set(name, tensor);
      kept.set(emaName(name), tensor);
    }
    return kept;
  }

  /**
   * What the network is evaluated with and what is handed on: moving averages in place of weights, where kept, and then
   * batch-norm statistics that belong to them.
   */
  private async weights(state: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>> {
    const { recipe, train, normalisation, size, dataset, options: given } = this.context;
    const result = new Map<string, Tensor>();
    for (const name of [...this.built.learned, ...this.built.running]) {
      const tensor = state.get(emaName(name)) ?? state.get(name);
      if (tensor) result.set(name, tensor);
    }
    if (recipe.emaDecay === 0 || recipe.normStatistics === 'fixed') return result;
    const graph = this.network.graph.clone();
    loadState(graph, result);
    const { batchSize, seed } = recipe;
    const options = {
      ...engineOptions(recipe),
      ...augmentation(recipe, dataset),
      ...together(given),
      batchSize,
      count: averagedBatches,
      seed,
      normalisation,
      size,
    };
    return new Map([...result, ...(await reestimate(graph, train, options))]);
  }

  private async epoch(program: Program, start: Position): Promise<Position> {
    const { recipe, options, train, size, dataset } = this.context;
    let position = start;
    const began = performance.now();
    const waited = options.ranks?.waited() ?? 0;
    const stream = batches(train, {
      batchSize: recipe.batchSize,
      seed: recipe.seed,
      epoch: this.span.before + position.epoch,
      shuffle: true,
      dropLast: true,
      start: position.batch,
      size,
      ...augmentation(recipe, dataset),
      mixup: recipe.mixup,
      ...(recipe.cutmix !== undefined && { cutmix: recipe.cutmix }),
      smoothing: recipe.labelSmoothing,
      ...(options.ranks && { part: { index: options.ranks.rank, count: options.ranks.size } }),
      ...(options.warn && { warn: options.warn }),
    });
    const elapsed = () => start.seconds + (performance.now() - began) / 1000;
    for await (const batch of stream) {
      const done = position.epoch * this.steps + position.batch;
      // Optimizer state starts anew with the phase, and so does the count that Adam's bias correction needs.
      const { loss, correct } = await this.step(program, batch, this.learningRate(done), done + 1);
      const slowLoss = position.step === 0 ? loss : position.slowLoss + 0.02 * (loss - position.slowLoss);
      position = {
        ...position,
        batch: position.batch + 1,
        step: position.step + 1,
        lossSum: position.lossSum + loss,
        correct: position.correct + correct,
        slowLoss,
        seconds: elapsed(),
      };
      await this.checkLoss(program, batch, loss, position);
      if (await this.isAborted()) await this.abort(program, position);
      this.report(position);
    }
    const trainSeconds = (performance.now() - began) / 1000;
    if (options.ranks)
      await this.warnOfSlowRank(options.ranks, 1000 * trainSeconds - (options.ranks.waited() - waited));
    const state = await this.freezeLayers(program, position.epoch + 1);
    if (options.ranks) await requireSameState(options.ranks, state, `epoch ${this.span.before + position.epoch + 1}`);
    const images = (position.batch - start.batch) * recipe.batchSize;
    const learningRate = this.learningRate(position.epoch * this.steps + position.batch - 1);
    const rate = images > 0 ? images / trainSeconds : this.epochRate(position);
    const record = await this.unlessStopped(program, position, this.evaluate(state, position, learningRate, rate));
    position = {
      ...position,
      epoch: position.epoch + 1,
      batch: 0,
      lossSum: 0,
      correct: 0,
      seconds: elapsed(),
    };
    recordEpoch(this.context, { ...record, seconds: position.seconds });
    this.save(position, state);
    this.progress('epoch-end', position, { record, done: this.steps * recipe.batchSize });
    return position;
  }

  /** Images a second of an epoch that was stopped after its last step: of the whole of it. */
  private epochRate({ seconds }: Position): number {
    const before = readLines<EpochRecord>(this.context.files.metrics).at(-1)?.seconds ?? 0;
    return (this.steps * this.context.recipe.batchSize) / Math.max(1e-3, seconds - before);
  }

  private async warnOfSlowRank(ranks: Communicator, milliseconds: number): Promise<void> {
    const line = describeSlowRank(await rankTimes(ranks, milliseconds));
    if (line !== undefined && isRoot(ranks)) this.context.options.warn?.(line);
  }

  private save(position: Position, state: ReadonlyMap<string, Tensor>): void {
    const { files, options } = this.context;
    if (isRoot(options.ranks)) saveCheckpoint(files.checkpoint, { position, state, frozenFrom: this.frozenFrom });
  }

  /** Whether this rank or another one was told to stop. */
  private async isAborted(): Promise<boolean> {
    const { signal, ranks } = this.context.options;
    const isAborted = signal?.aborted === true;
    return ranks ? anyOf(ranks, isAborted) : isAborted;
  }

  /** After `epochs` epochs of the ternary phase, pins that share of its layers; returns the state of the program. */
  private async freezeLayers(program: Program, epochs: number): Promise<ReadonlyMap<string, Tensor>> {
    const state = await program.state();
    if (this.span.phase !== 'ternary' || !this.context.recipe.freezeLayers) return state;
    const pins = pinFirst(this.network.ternary, state, epochs / this.span.epochs);
    await program.load(pins);
    return new Map([...state, ...pins]);
  }

  /** The rate of the step before which `done` steps of this phase were made. */
  private learningRate(done: number): number {
    const { learningRate: given, schedule, epochs, batchSize, rateBatch = batchSize } = this.context.recipe;
    const learningRate = (given * batchSize) / rateBatch;
    if (this.span.phase === 'head') return this.context.headRate ?? learningRate;
    const { skipped } = this;
    const epoch = this.span.before - skipped + done / this.steps;
    return learningRate * scheduleFactor(schedule, epoch, epochs - skipped);
  }

  private async step(program: Program, batch: Batch, learningRate: number, step: number) {
    const { distillation, dataset } = this.context;
    const { channels, height, width } = batch.shape;
    const images: Tensor = { dtype: 'uint8', dims: [batch.size, channels, height, width], data: batch.images };
    const classes = dataset.classes.length;
    const targets: Tensor = {
      dtype: 'float32',
      dims: [batch.size, classes],
      data: batch.targets ?? oneHot(batch.labels, classes),
    };
    const result = await program.step({
      images,
      targets,
      ...(distillation && { teacher: await distillation.teacher.logits(images, step) }),
      learning_rate: scalar(learningRate),
      step: scalar(step),
    });
    return { loss: (result.loss!.data as Float32Array)[0]!, correct: (result.correct!.data as Float32Array)[0]! };
  }

  /** E_DIVERGED for a loss that is not finite, or whose slow average is ten times that of guessing. */
  private async checkLoss(program: Program, batch: Batch, loss: number, position: Position): Promise<void> {
    const { dataset, normalisation, distillation } = this.context;
    // The teacher's part of the loss is scaled by T^2.
    const { weight, temperature } = distillation?.loss ?? { weight: 0, temperature: 1 };
    const scale = Math.max(1, weight * temperature ** 2);
    const limit = 10 * scale * Math.max(1, Math.log(dataset.classes.length));
    if (Number.isFinite(loss) && (position.slowLoss < limit || position.step < 20)) return;
    const where = `step ${position.step} (epoch ${this.span.before + position.epoch + 1}, phase ${this.span.phase})`;
    if (Number.isFinite(loss)) {
      const found = `found ${position.slowLoss.toFixed(1)} on average`;
      const message = `expected a loss below ${limit.toFixed(1)}, ${found}; try a lower learning rate`;
      throw new TritbankError('E_DIVERGED', where, message);
    }
    const { channels, height, width } = batch.shape;
    const images: Tensor = { dtype: 'uint8', dims: [batch.size, channels, height, width], data: batch.images };
    const before = program.previousState() ?? (await program.state());
    const layer = await findNonFinite(this.network.graph, before, images, normalisation);
    const place = layer ? `layer '${layer}'` : 'the gradient';
    throw new TritbankError('E_DIVERGED', where, `expected a finite loss, found ${loss}, first in ${place}`);
  }

  private async abort(program: Program, position: Position): Promise<never> {
    const state = await program.state();
    this.save(position, state);
    throw new AbortError(`stopped at step ${position.step}; the checkpoint is in ${this.context.options.out}`);
  }

  /** What is evaluated; a run that is stopped meanwhile evaluates anew when it goes on. */
  private async unlessStopped<T>(program: Program, position: Position, evaluating: Promise<T>): Promise<T> {
    try {
      return await evaluating;
    } catch (error) {
      const { signal } = this.context.options;
      if (signal?.aborted && error === signal.reason) await this.abort(program, position);
      throw error;
    }
  }

  /** Weights of ternary phases before the last one are none to export. */
  private get keepsBest(): boolean {
    const { validation } = this.context;
    return validation !== undefined && (this.network.ternary.length === 0 || this.span.phase === 'frozen');
  }

  /** What the run begins with is the first that may be best: training then never ends below its start. */
  private async measureStart(program: Program, position: Position): Promise<void> {
    const measuring = this.measure(await program.state(), position);
    const { evaluation, weights } = await this.unlessStopped(program, position, measuring);
    const { top1, loss } = evaluation;
    keepBest(this.context.files.best, { epoch: 0, phase: this.span.phase, top1, testLoss: loss }, weights);
  }

  /** The network of a state, and what it has right of the validation images or, without these, the test images. */
  private async measure(state: ReadonlyMap<string, Tensor>, position: Position) {
    const { recipe, dataset, validation, normalisation, options } = this.context;
    const graph = this.network.graph.clone();
    const weights = await this.weights(state);
    loadState(graph, weights);
    const evaluation = await evaluateGraph(graph, validation ?? dataset.test, dataset.classes, normalisation, {
      ...engineOptions(recipe),
      ...together(options),
      // ranks stop between steps, all at the same one
      ...(options.signal && !options.ranks && { signal: options.signal }),
      ...(options.warn && { warn: options.warn }),
      onProgress: (done, total) => this.progress('evaluate', position, { done, total }),
    });
    return { evaluation, weights };
  }

  private async evaluate(
    state: ReadonlyMap<string, Tensor>,
    position: Position,
    learningRate: number,
    imagesPerSecond: number,
  ): Promise<EpochRecord> {
    const { recipe, validation } = this.context;
    const { evaluation, weights } = await this.measure(state, position);
    const pinned = this.span.phase === 'ternary' ? pinnedShare(this.network.ternary, state) : undefined;
    const record: EpochRecord = {
      epoch: this.span.before + position.epoch + 1,
      phase: this.span.phase,
      step: position.step,
      learningRate,
      trainLoss: position.lossSum / position.batch,
      trainTop1: position.correct / (position.batch * recipe.batchSize),
      split: validation ? 'validation' : 'test',
      testLoss: evaluation.loss,
      top1: evaluation.top1,
      top5: evaluation.top5,
      imagesPerSecond,
      seconds: position.seconds,
      ...(pinned !== undefined && { pinned }),
    };
    if (this.keepsBest) keepBest(this.context.files.best, record, weights);
    return record;
  }

  private report(position: Position): void {
    const { batchSize } = this.context.recipe;
    this.progress('images', position, {
      done: position.batch * batchSize,
      loss: position.lossSum / position.batch,
      top1: position.correct / (position.batch * batchSize),
    });
  }

  private progress(
    kind: 'images' | 'evaluate' | 'epoch-end',
    position: Position,
    more: { done: number; total?: number; loss?: number; top1?: number; record?: EpochRecord },
  ): void {
    const { recipe, options } = this.context;
    const epoch = Math.min(this.span.before + position.epoch + (kind === 'epoch-end' ? 0 : 1), recipe.epochs);
    const total = this.steps * recipe.batchSize;
    options.onProgress?.({ kind, phase: this.span.phase, epoch, epochs: recipe.epochs, total, ...more });
  }
}

function oneHot(labels: Int32Array, classes: number): Float32Array {
  const targets = new Float32Array(labels.length * classes);
  for (const [row, label] of labels.entries()) targets[row * classes + label] = 1;
  return targets;
}
