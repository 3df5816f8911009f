/**
 * The part of a run that is the same for every network: given a graph, its rewritten form and data, trains phase by
 * phase with a checkpoint after every epoch, re-estimates batch norms, exports, evaluates the exported file. Where the
 * graph comes from is the business of `run.ts` (an architecture) and `fine-tune.ts` (a given model).
 */

import { existsSync, rmSync } from 'node:fs';
import { chanceWarning, evaluateGraph, normalisationMetadata } from '../classifier/index.ts';
import { formatPlan } from '../cost/index.ts';
import type { Split } from '../data/index.ts';
import { jsonCodec, RunDirectory, readLines, truncateLines, writeFileAtomic } from '../files/index.ts';
import { AbortError, type Graph, type Tensor } from '../ir/index.ts';
import { loadModel, saveModel } from '../onnx/index.ts';
import { deploy, loadState, type Plan, type QuantizedNetwork, roundedWeights, toFrozen } from '../quantize/index.ts';
import { type Best, loadBest } from './best.ts';
import { type Checkpoint, loadCheckpoint } from './checkpoint.ts';
import { type Recipe, upgradeConfig } from './config.ts';
import { augmentation, engineOptions, type RunContext, type RunData, type RunOptions, together } from './context.ts';
import { writeHeldOut } from './held-out.ts';
import { PhaseLoop } from './loop.ts';
import type { Distillation } from './loss.ts';
import { planPhases } from './phases.ts';
import type { EpochRecord, Method, Phase, RunResult } from './records.ts';
import { reestimate } from './reestimate.ts';
import { describeResult } from './result.ts';
import { runFiles, runPlace } from './run-layout.ts';
import type { Teacher } from './teacher.ts';
import { EventFile } from './tensorboard.ts';

/** A network to be trained, and on what. */
export interface TrainTask {
  /** The uncompressed network, shapes inferred: what sizes are compared with. */
  readonly base: Graph;
  /** The network that is trained. Training starts from the values that its initializers have. */
  readonly quantized: QuantizedNetwork;
  /** For `plan.json`. */
  readonly plan: Plan;
  readonly method: Method;
  /** For people. */
  readonly architecture: string;
  readonly data: RunData;
  /** Names of the parameters that are trained first, for `headEpochs`, while all others are fixed. */
  readonly head?: ReadonlySet<string>;
  readonly headEpochs?: number;
  readonly headRate?: number;
  readonly distillation?: { readonly teacher: Teacher; readonly loss: Distillation };
  /** For `config.json`: all that the run depends on besides the data; a resumed run must have the same. */
  readonly config: object;
  /** Added to the exported model's metadata. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Trains a graph and leaves `config.json`, `plan.json`, `metrics.jsonl`, TensorBoard events, `checkpoint.safetensors`,
 * `model.onnx`, `result.json` and `provenance.jsonl` in `options.out`. A run that is finished is not done again. A teacher
 * stays open.
 * Errors: E_DIVERGED when the loss is not finite or grows without bound, E_RESUME for a checkpoint of another run, E_BUSY
 * where another process trains in the directory, E_USAGE where files are in the way of a new run, E_FORMAT for a damaged
 * file, E_FILE when the directory cannot be written.
 */
export async function trainGraph(task: TrainTask, recipe: Recipe, options: RunOptions): Promise<RunResult> {
  const { command = '' } = options;
  const how = { ...runPlace(options), config: task.config, command, upgrade: upgradeConfig };
  const run = await RunDirectory.openTogether(options.out, how);
  try {
    // a result without its model is none
    if (!existsSync(run.file(runFiles.model))) rmSync(run.file(runFiles.result), { force: true });
    const work = () => trainIn(run, task, recipe, options);
    const result = await run.stage('train', runFiles.result, jsonCodec<RunResult>(), work, { together: true });
    // each rank has the model in its own place
    return options.ranks ? { ...result, model: run.file(runFiles.model) } : result;
  } finally {
    run.close();
  }
}

async function trainIn(run: RunDirectory, task: TrainTask, recipe: Recipe, options: RunOptions): Promise<RunResult> {
  const plan = { version: 2, model: task.architecture, layers: task.plan.layers } as const;
  writeFileAtomic(run.file(runFiles.plan), formatPlan(plan));
  const { validation } = task.data;
  if (validation) writeHeldOut(run.path, validation);
  const files = {
    checkpoint: run.file(runFiles.checkpoint),
    metrics: run.file(runFiles.metrics),
    best: run.file(runFiles.best),
  };
  const checkpoint = loadCheckpoint(files.checkpoint);
  if (!checkpoint) {
    writeFileAtomic(files.metrics, '');
    rmSync(files.best, { force: true });
  }
  const events = new EventFile(run.path);
  try {
    const { quantized, method, architecture, data, distillation, head, headRate } = task;
    const context = {
      ...data,
      recipe,
      options,
      architecture,
      method,
      distillation,
      quantized,
      files,
      events,
      ...(head && { head, headRate }),
    };
    return await runPhases(context, task, run, checkpoint);
  } finally {
    events.close();
  }
}

async function runPhases(
  context: RunContext,
  task: TrainTask,
  run: RunDirectory,
  checkpoint: Checkpoint | undefined,
): Promise<RunResult> {
  const { recipe, method, files } = context;
  const spans = planPhases({ method, ...pickSpans(recipe, task) });
  let position = checkpoint?.position ?? {
    phase: 0,
    epoch: 0,
    batch: 0,
    lossSum: 0,
    correct: 0,
    step: 0,
    seconds: 0,
    slowLoss: 0,
  };
  const done = (checkpoint ? (spans[position.phase]?.before ?? recipe.epochs) : 0) + position.epoch;
  if (checkpoint) truncateLines<EpochRecord>(files.metrics, (record) => record.epoch <= done);
  let state: ReadonlyMap<string, Tensor> = checkpoint?.state ?? new Map();
  let frozenFrom: ReadonlyMap<string, Tensor> = checkpoint?.frozenFrom ?? new Map();
  for (let i = position.phase; i < spans.length; i++) {
    const span = spans[i]!;
    if (span.phase === 'frozen' && position.epoch === 0 && position.batch === 0) {
      frozenFrom = state;
      state = new Map();
    }
    const loop = new PhaseLoop(context, span, i, frozenFrom);
    ({ state, position } = await loop.run(state, position));
  }
  const final = spans.at(-1)!.phase;
  const isKept = context.validation && (context.quantized.ternary.length === 0 || final === 'frozen');
  const best = isKept ? loadBest(files.best) : undefined;
  const last = best?.phase ?? final;
  return finish(context, task, run, { last, best, state: best?.state ?? state, frozenFrom, seconds: position.seconds });
}

/** Re-estimated batch norms and other images account for less than this share. */
const suspiciousLoss = 0.1;

const pickSpans = ({ epochs, phases }: Recipe, { headEpochs }: TrainTask) => ({
  epochs,
  phases,
  ...(headEpochs !== undefined && { headEpochs }),
});

function stopIfAborted({ signal, out }: RunOptions): void {
  if (signal?.aborted) throw new AbortError(`stopped before the end; the checkpoint is in ${out}`);
}

/** What the phases leave. */
interface Trained {
  readonly last: Phase;
  /** Where images were held out: the epoch whose weights these are. */
  readonly best: Best | undefined;
  readonly state: ReadonlyMap<string, Tensor>;
  readonly frozenFrom: ReadonlyMap<string, Tensor>;
  readonly seconds: number;
}

/** Exports the network whose ternary weights are fixed: the one of the frozen phase, or one frozen here. */
async function finish(
  context: RunContext,
  { base, metadata }: TrainTask,
  run: RunDirectory,
  { last, best, state, frozenFrom, seconds }: Trained,
): Promise<RunResult> {
  const { recipe, options, dataset, train, validation, size, normalisation, quantized, method } = context;
  stopIfAborted(options);
  const isFixed = last === 'frozen' || quantized.ternary.length === 0;
  const latent = last === 'frozen' ? frozenFrom : state;
  const network = quantized.ternary.length === 0 ? quantized : toFrozen(quantized, latent);
  const trained = new Map([...(isFixed ? state : []), ...roundedWeights(network, state)]);
  const graph = network.graph.clone();
  loadState(graph, trained);
  // the body that a new head was trained on is the given one
  const isFixedNorm = recipe.normStatistics === 'fixed';
  if (recipe.reestimateBatches > 0 && !isFixedNorm && last !== 'head') {
    const fresh = await reestimate(graph, train, {
      ...engineOptions(recipe),
      ...augmentation(recipe, dataset),
      ...together(options),
      batchSize: recipe.batchSize,
      count: recipe.reestimateBatches,
      seed: recipe.seed,
      normalisation,
      size,
    });
    for (const [name, tensor] of fresh) trained.set(name, tensor);
  }
  stopIfAborted(options);
  const model = deploy(network, trained, { ...normalisationMetadata(normalisation), method, ...metadata });
  const path = run.file(runFiles.model);
  await saveModel(model, path);
  const exported = await loadModel(path);
  const { epochs } = recipe;
  const evaluate = async (split: Split) => {
    try {
      return await evaluateGraph(exported, split, dataset.classes, normalisation, {
        ...{ ...engineOptions(recipe), ...together(options) },
        ...(options.signal && !options.ranks && { signal: options.signal }),
        ...(options.warn && split === dataset.test && { warn: options.warn }),
        onProgress: (done, total) => {
          options.onProgress?.({ kind: 'evaluate', phase: last, epoch: epochs, epochs, done, total });
        },
      });
    } catch (error) {
      if (error === options.signal?.reason) stopIfAborted(options);
      throw error;
    }
  };
  const evaluation = await evaluate(dataset.test);
  const warning = chanceWarning('the model', evaluation.top1, dataset.test.labels);
  if (warning) options.warn?.(warning);
  const history = readLines<EpochRecord>(context.files.metrics);
  const measured = best ?? history.at(-1);
  // what was measured after the epochs was measured on these
  const again = validation ? await evaluate(validation) : evaluation;
  if (measured && again.top1 < measured.top1 - suspiciousLoss) {
    const [was, is] = [measured.top1, again.top1].map((share) => `${(100 * share).toFixed(1)} %`);
    const images = `${validation ? 'validation' : 'test'} images`;
    options.warn?.(`the file is right in ${is} of the ${images}, where epoch ${measured.epoch} measured ${was}`);
  }
  return describeResult({ context, base, exported, path, evaluation, history, seconds, best, command: run.command });
}
