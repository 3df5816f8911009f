/**
 * One training run, from configuration to exported model: opens the data, builds and rewrites the network, trains phase
 * by phase with a checkpoint after every epoch, re-estimates batch norms, exports, evaluates the exported file.
 */

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Dataset, openDataset, type Split, statistics, subset } from '../data/index.ts';
import { type Graph, type Tensor, TritbankError } from '../ir/index.ts';
import { buildNetwork } from '../models/index.ts';
import { loadModel, saveModel } from '../onnx/index.ts';
import { inferShapes } from '../passes/index.ts';
import { applyPlan, deploy, loadState, makePlan, type Plan, toFrozen } from '../quantize/index.ts';
import { type Checkpoint, loadCheckpoint } from './checkpoint.ts';
import { checkConfig, type TrainConfig } from './config.ts';
import { engineOptions, type RunContext, type RunOptions } from './context.ts';
import { evaluateGraph } from './evaluate.ts';
import { AbortError, PhaseLoop } from './loop.ts';
import { planPhases } from './phases.ts';
import { normalisationMetadata } from './pixels.ts';
import type { EpochRecord, Phase, RunResult } from './records.ts';
import { reestimate } from './reestimate.ts';
import { describeResult } from './result.ts';
import { makeRunDirectory, readLines, truncateLines, writeFileAtomic } from './run-files.ts';
import { loadTeacher } from './teacher.ts';
import { EventFile } from './tensorboard.ts';

async function openData(config: TrainConfig, options: RunOptions): Promise<{ dataset: Dataset; train: Split }> {
  const dataset = await openDataset(config.data, {
    ...(config.dataDir !== undefined && { dir: config.dataDir }),
    ...(config.inputSize !== undefined && { imageSize: config.inputSize }),
    ...(options.warn && { warn: options.warn }),
  });
  for (const [name, split] of Object.entries({ training: dataset.train, test: dataset.test })) {
    if (split.length === 0) {
      throw new TritbankError('E_DATA', `data set '${dataset.name}'`, `expected ${name} images, found none`);
    }
  }
  const wanted = config.trainSamples;
  const isPart = wanted !== undefined && wanted < dataset.train.length;
  const train = isPart ? subset(dataset.train, wanted, config.seed) : dataset.train;
  if (train.length < config.batchSize) {
    const message = `expected at least one batch of ${config.batchSize} training images, found ${train.length}`;
    throw new TritbankError('E_DATA', `data set '${dataset.name}'`, message);
  }
  return { dataset, train };
}

const checkpointName = 'checkpoint.safetensors';
const modelName = 'model.onnx';
const resultName = 'result.json';

function prepareDirectory(config: TrainConfig, options: RunOptions): Checkpoint | undefined {
  makeRunDirectory(options.out);
  const configFile = join(options.out, 'config.json');
  const text = `${JSON.stringify(config, null, 2)}\n`;
  if (options.resume && existsSync(configFile)) {
    const differing = differences(readConfig(configFile), JSON.parse(text) as object);
    if (differing) {
      const message = `expected the configuration of the run in ${options.out}, found other values of ${differing}`;
      throw new TritbankError('E_RESUME', configFile, message);
    }
    return loadCheckpoint(join(options.out, checkpointName));
  }
  // What an earlier run left must not be taken for this run's.
  for (const name of [checkpointName, modelName, resultName]) rmSync(join(options.out, name), { force: true });
  writeFileAtomic(configFile, text);
  return undefined;
}

function readConfig(path: string): object {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as object;
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new TritbankError('E_FORMAT', path, `expected a configuration, found: ${found}`, { cause });
  }
}

function differences(a: object, b: object): string {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const value = (o: object, key: string) => (o as Record<string, unknown>)[key];
  return keys.filter((key) => !isDeepStrictEqual(value(a, key), value(b, key))).join(', ');
}

/** Images up to this size are not halved by the first convolution unless asked for. */
const smallImage = 64;

/**
 * Trains a network and leaves `config.json`, `plan.json`, `metrics.jsonl`, TensorBoard events, `checkpoint.safetensors`,
 * `model.onnx` and `result.json` in `options.out`.
 * Errors: E_USAGE and E_DATA for a bad configuration or data set, E_MODEL for a teacher or plan that does not fit,
 * E_DIVERGED when the loss is not finite or grows without bound, E_RESUME for a checkpoint of another run, E_FILE when
 * the directory cannot be written.
 */
export async function trainNetwork(config: TrainConfig, options: RunOptions): Promise<RunResult> {
  checkConfig(config);
  const { dataset, train } = await openData(config, options);
  const size = dataset.height;
  const normalisation = await statistics(dataset);
  const firstStride = config.firstStride ?? (size <= smallImage ? 1 : 2);
  const shape = { inputSize: size, channels: dataset.channels, classes: dataset.classes.length, firstStride };
  const base = inferShapes(buildNetwork(config.model, { width: config.width, seed: config.seed, ...shape }));
  const architecture = `${config.model} ${config.width}, ${size}x${size}, first stride ${firstStride}`;
  const plan = makePlan(base, {
    method: config.method,
    alpha: config.alpha,
    granularity: config.granularity,
    ...(config.widthRatio !== undefined && { widthRatio: config.widthRatio }),
    ...(config.layerKinds && { kinds: config.layerKinds }),
  });
  const quantized = applyPlan(base, plan, config.seed);
  // Opened before anything is written: a teacher that does not fit must not cost an earlier run.
  const teacher = config.teacher
    ? await loadTeacher(config.teacher, {
        ...engineOptions(config),
        batchSize: config.batchSize,
        channels: dataset.channels,
        size,
        classes: dataset.classes.length,
        normalisation,
      })
    : undefined;
  let events: EventFile | undefined;
  try {
    const checkpoint = prepareDirectory(config, options);
    savePlan(options.out, plan);
    const files = { checkpoint: join(options.out, checkpointName), metrics: join(options.out, 'metrics.jsonl') };
    if (!checkpoint) writeFileAtomic(files.metrics, '');
    events = new EventFile(options.out);
    const data = { dataset, train, size, normalisation };
    const context = { config, options, ...data, architecture, teacher, quantized, files, events };
    return await runPhases(context, base, checkpoint);
  } finally {
    await teacher?.release();
    events?.close();
  }
}

function savePlan(out: string, plan: Plan): void {
  writeFileAtomic(join(out, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`);
}

async function runPhases(context: RunContext, base: Graph, checkpoint: Checkpoint | undefined): Promise<RunResult> {
  const { config, files } = context;
  const spans = planPhases(config);
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
  const done = (checkpoint ? (spans[position.phase]?.before ?? config.epochs) : 0) + position.epoch;
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
  return finish(context, base, spans.at(-1)!.phase, state, frozenFrom, position.seconds);
}

function stopIfAborted({ signal, out }: RunOptions): void {
  if (signal?.aborted) throw new AbortError(`stopped before the export; the checkpoint is in ${out}`);
}

/** The network whose ternary weights are fixed: the one of the frozen phase, or one frozen here. */
async function finish(
  context: RunContext,
  base: Graph,
  last: Phase,
  state: ReadonlyMap<string, Tensor>,
  frozenFrom: ReadonlyMap<string, Tensor>,
  seconds: number,
): Promise<RunResult> {
  const { config, options, dataset, train, size, normalisation, quantized } = context;
  stopIfAborted(options);
  const isFixed = last === 'frozen' || quantized.ternary.length === 0;
  const latent = last === 'frozen' ? frozenFrom : state;
  const network = quantized.ternary.length === 0 ? quantized : toFrozen(quantized, latent);
  const trained = new Map(isFixed ? state : []);
  const graph = network.graph.clone();
  loadState(graph, trained);
  if (config.reestimateBatches > 0) {
    const fresh = await reestimate(graph, train, {
      ...engineOptions(config),
      batchSize: config.batchSize,
      count: config.reestimateBatches,
      seed: config.seed,
      normalisation,
      size,
    });
    for (const [name, tensor] of fresh) trained.set(name, tensor);
  }
  stopIfAborted(options);
  const model = deploy(network, trained, {
    ...normalisationMetadata(normalisation),
    labels: JSON.stringify(dataset.classes),
    method: config.method,
  });
  const path = join(options.out, modelName);
  await saveModel(model, path);
  const exported = await loadModel(path);
  const evaluation = await evaluateGraph(exported, dataset.test, dataset.classes, normalisation, {
    ...engineOptions(config),
    ...(options.warn && { warn: options.warn }),
    onProgress: (done, total) => {
      options.onProgress?.({ kind: 'evaluate', phase: last, epoch: config.epochs, epochs: config.epochs, done, total });
    },
  });
  const history = readLines<EpochRecord>(context.files.metrics);
  const result = await describeResult({ context, base, exported, path, evaluation, history, seconds });
  writeFileAtomic(join(options.out, resultName), `${JSON.stringify(result)}\n`);
  return result;
}
