/**
 * Compression of a given, trained network: analysed, planned under a budget, rebuilt with hybrid filter banks, trained
 * with the original as its teacher (or calibrated, or left as decomposed), exported, and measured as a file. Each stage
 * leaves its result in the run directory, where the next run finds it:
 *
 *   config.json  analysis.json  plan.json  training/ (a run of `fineTune`)  model.onnx  result.json
 */

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { measureCost, type NetworkCost, type Relative } from '../cost/index.ts';
import { type Graph, TritbankError } from '../ir/index.ts';
import { loadModel, saveModel } from '../onnx/index.ts';
import { normalizeNetwork } from '../passes/index.ts';
import { deploy, toFrozen } from '../quantize/index.ts';
import { fineTune, makeRunDirectory, type RunResult, writeFileAtomic } from '../train/index.ts';
import { formatAnalysis, readAnalysis } from './analysis-file.ts';
import { type BuiltBanks, buildBanks } from './build-banks.ts';
import { calibrate } from './calibrate/calibrate.ts';
import { requireCandidates } from './candidates.ts';
import { type Accuracy, type Agreement, compareModels, type ExampleImage, openData } from './compare-models.ts';
import {
  type CompressConfig,
  type CompressOptions,
  type CompressStage,
  checkCompressConfig,
} from './compress-config.ts';
import type { LayerCandidates } from './planning/candidate.ts';
import { costCandidates, type PlannerOptions } from './planning/layer-costs.ts';
import {
  checkAnalysis,
  filterSensitivity,
  makeCandidates,
  predictLosses,
  predictNonZero,
} from './planning/make-candidates.ts';
import { optimizePlan } from './planning/optimize.ts';
import { checkPlan, describePlan, formatPlan, type PlanFile, readPlan, toPlan } from './planning/plan-file.ts';
import { makeUniformBanks } from './planning/uniform-plan.ts';
import { type Analysis, analyzeNetwork, defaultSparsities } from './sensitivity.ts';
import { collectStatistics, type LayerStatistics } from './statistics/statistics.ts';

export interface CompressResult {
  readonly model: string;
  readonly original: string;
  readonly plan: PlanFile;
  /** Of the exported file. */
  readonly relative: Relative;
  readonly bytes: number;
  /** 1000-way, or as many ways as the model has classes; absent without data. */
  readonly accuracy?: { readonly before: Accuracy; readonly after: Accuracy };
  /** Between the original's and the file's predictions. */
  readonly agreement?: Agreement;
  /** Wall time by stage, of stages that ran. */
  readonly seconds: Readonly<Partial<Record<CompressStage, number>>>;
  readonly config: CompressConfig;
  readonly command: string;
  readonly date: string;
}

/** The result, and what else a report about the run shows. */
export interface Compression {
  readonly result: CompressResult;
  /** The original with every value at 16 bits. */
  readonly before: NetworkCost;
  /** The exported file. */
  readonly after: NetworkCost;
  /** Absent for a plan that was given. */
  readonly analysis?: Analysis;
  /** Of the method `train`. */
  readonly training?: RunResult;
  /** Of `result.agreement.examples`. */
  readonly samples?: readonly ExampleImage[];
}

interface Job {
  readonly config: CompressConfig;
  readonly options: CompressOptions;
  /** The normalised original. */
  readonly graph: Graph;
  readonly seconds: Partial<Record<CompressStage, number>>;
}

const fileIn = ({ options }: Job, name: string) => join(options.out, name);

async function timed<T>(job: Job, stage: CompressStage, work: () => Promise<T>): Promise<T> {
  job.options.signal?.throwIfAborted();
  const began = performance.now();
  const result = await work();
  job.seconds[stage] = (performance.now() - began) / 1000;
  return result;
}

const reporter =
  ({ options }: Job, stage: CompressStage, unit: string) =>
  (done: number, total: number) =>
    options.onProgress?.({ stage, done, total, unit });

const threadsOf = ({ config }: Job) => (config.threads === undefined ? {} : { threads: config.threads });
const signalOf = ({ options }: Job) => (options.signal ? { signal: options.signal } : {});

/** Throws E_RESUME for another configuration than the directory's. */
function prepareDirectory({ config, options }: Pick<Job, 'config' | 'options'>): void {
  makeRunDirectory(options.out);
  const path = join(options.out, 'config.json');
  if (options.resume && existsSync(path)) {
    const stored: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isDeepStrictEqual(stored, JSON.parse(JSON.stringify(config)))) return;
    throw new TritbankError('E_RESUME', path, 'expected the configuration of the run in there, found another one');
  }
  for (const name of ['analysis.json', 'plan.json', 'training', 'model.onnx', 'result.json', 'report.html']) {
    rmSync(join(options.out, name), { recursive: true, force: true });
  }
  writeFileAtomic(path, `${JSON.stringify(config, null, 2)}\n`);
}

/** By layer; undefined without data. */
type Statistics = ReadonlyMap<string, LayerStatistics> | undefined;

async function gatherStatistics(job: Job): Promise<Statistics> {
  const { config, options, graph } = job;
  if (config.data === undefined) return undefined;
  return timed(job, 'statistics', async () => {
    const { train, normalisation } = await openData(graph, config, options);
    return collectStatistics(graph, train, {
      images: Math.min(config.images, train.length),
      seed: config.seed,
      normalisation,
      ...threadsOf(job),
      ...signalOf(job),
      onProgress: reporter(job, 'statistics', 'images'),
    });
  });
}

async function analyze(job: Job, gather: () => Promise<Statistics>): Promise<Analysis> {
  const { config, graph, options } = job;
  const path = fileIn(job, 'analysis.json');
  if (options.resume && existsSync(path)) return readAnalysis(path);
  const statistics = await gather();
  const report = reporter(job, 'analysis', 'per mille');
  const sparsities = config.conventions.ternary === 'zero-skipping' ? defaultSparsities : [];
  const analysis = await timed(job, 'analysis', () =>
    analyzeNetwork(graph, {
      seed: config.seed,
      sparsities: config.sparsities ?? sparsities,
      ...(config.ratios && { ratios: config.ratios }),
      ...(statistics && { statistics, data: { name: config.data!, images: config.images } }),
      ...threadsOf(job),
      ...signalOf(job),
      onProgress: (share) => report(Math.round(1000 * share), 1000),
    }),
  );
  writeFileAtomic(path, formatAnalysis(analysis));
  return analysis;
}

/** One candidate per layer: the bank of the uniform choice, with its predicted loss. */
function uniformCandidates(
  graph: Graph,
  analysis: Analysis,
  choice: { alpha: number; widthRatio: number },
): LayerCandidates[] {
  const kinds = new Set(analysis.layers.map((layer) => layer.kind));
  const banks = makeUniformBanks(graph, filterSensitivity(analysis, choice.widthRatio), {
    ...choice,
    kinds: [...kinds],
  });
  const known = new Map(analysis.layers.map((layer) => [layer.name, layer]));
  return [...banks].flatMap(([name, bank]): LayerCandidates[] => {
    const layer = known.get(name);
    if (!layer) return [];
    const kept = new Set(bank.fullPrecision);
    const ternary = layer.filters - kept.size;
    if (ternary === 0) return [{ name, candidates: [{ ...bank, loss: 0, nonZero: 0 }] }];
    const losses = predictLosses(layer, ternary, bank.hidden);
    const loss = losses.reduce((sum, one, filter) => sum + (kept.has(filter) ? 0 : one), 0);
    return [{ name, candidates: [{ ...bank, loss, nonZero: predictNonZero(layer, ternary, bank.hidden) }] }];
  });
}

function openAnalysis(path: string, graph: Graph): Analysis {
  const analysis = readAnalysis(path);
  checkAnalysis(graph, analysis);
  return analysis;
}

function openPlan(path: string, graph: Graph): PlanFile {
  const plan = readPlan(path);
  checkPlan(plan, graph, path);
  return plan;
}

async function makePlanFile(job: Job, analysis: () => Promise<Analysis>): Promise<PlanFile> {
  const { config, graph, options } = job;
  const path = fileIn(job, 'plan.json');
  if (options.resume && existsSync(path)) return openPlan(path, graph);
  const found = await analysis();
  const plan = await timed(job, 'plan', async () => {
    const { accelerator, format, conventions, scheme, alphas, ratios, sparsities, uniform, budget } = config;
    const counting: PlannerOptions = { accelerator, conventions, scheme, ...(format !== undefined && { format }) };
    const grid = {
      ...(alphas && { alphas }),
      ...(ratios && { ratios }),
      ...(sparsities && { sparsities: [0, ...sparsities] }),
    };
    const candidates = uniform ? uniformCandidates(graph, found, uniform) : makeCandidates(graph, found, grid);
    const costs = costCandidates(graph, candidates, counting);
    const choice = uniform ? candidates.map(() => 0) : (await optimizePlan(costs, budget)).choice;
    return describePlan(config.model, budget, costs, choice);
  });
  writeFileAtomic(path, formatPlan(plan));
  return plan;
}

async function build(job: Job, plan: PlanFile, statistics: Statistics): Promise<BuiltBanks> {
  const { plan: banks, orders } = toPlan(plan, job.graph);
  const { seed, init } = job.config;
  const sparsities = Object.entries(plan.layers).flatMap(([name, layer]) =>
    layer.method === 'fp' || layer.sparsity === undefined ? [] : [[name, layer.sparsity] as const],
  );
  const report = reporter(job, 'build', 'layers');
  return timed(job, 'build', () =>
    buildBanks(job.graph, banks, orders, {
      seed,
      factors: init,
      sparsities: Object.fromEntries(sparsities),
      ...(statistics && { statistics }),
      ...threadsOf(job),
      ...signalOf(job),
      onProgress: (done, total) => report(done, total),
    }),
  );
}

async function train(job: Job, plan: PlanFile, built: BuiltBanks): Promise<RunResult> {
  const { config, options, graph } = job;
  const { plan: banks } = toPlan(plan, graph);
  const { data, dataDir, seed, threads } = config;
  const training = {
    ...config.training,
    data: data!,
    seed,
    ...(dataDir !== undefined && { dataDir }),
    ...(threads !== undefined && { threads }),
  };
  const out = fileIn(job, 'training');
  return timed(job, 'train', () =>
    fineTune({ base: built.base, plan: banks, quantized: built.quantized, initial: built.initial }, training, {
      out,
      resume: options.resume === true,
      ...signalOf(job),
      ...(options.command !== undefined && { command: options.command }),
      ...(options.warn && { warn: options.warn }),
      onProgress: ({ kind, epoch, epochs, done, total, record }) => {
        if (kind === 'phase' || kind === 'note') return;
        const figures = record && `loss ${record.trainLoss.toFixed(3)}  top-1 ${(100 * record.top1).toFixed(2)} %`;
        const whole = { done: (epoch - 1) * total + done, total: epochs * total };
        if (kind === 'images') options.onProgress?.({ stage: 'train', unit: 'images', ...whole });
        if (kind === 'epoch-end')
          options.onProgress?.({
            stage: 'train',
            unit: 'images',
            ...whole,
            note: `epoch ${epoch}/${epochs}  ${figures}`,
          });
      },
    }),
  );
}

async function calibrateBanks(job: Job, plan: PlanFile): Promise<Graph> {
  const { config, options, graph } = job;
  const banks = new Map(
    Object.entries(plan.layers).flatMap(([name, layer]) => {
      if (layer.method === 'fp') return [];
      const { filters: fullPrecision, hidden, sparsity = 0 } = layer;
      return [[name, { fullPrecision, hidden, sparsity }] as const];
    }),
  );
  return timed(job, 'calibrate', async () => {
    const { train, normalisation } = await openData(graph, config, options);
    const report = reporter(job, 'calibrate', 'layers');
    const calibrated = await calibrate(graph, banks, train, {
      images: Math.min(config.images, train.length),
      seed: config.seed,
      normalisation,
      ...threadsOf(job),
      ...signalOf(job),
      ...(options.warn && { warn: options.warn }),
      onProgress: ({ done, total }) => report(done, total),
    });
    return calibrated.graph;
  });
}

/** The compressed network as an inference graph, and how it was trained. */
async function compressWeights(
  job: Job,
  plan: PlanFile,
  statistics: () => Promise<Statistics>,
): Promise<{ readonly compressed: Graph; readonly training?: RunResult }> {
  const { method } = job.config;
  if (method === 'calibrate') return { compressed: await calibrateBanks(job, plan) };
  const built = await build(job, plan, await statistics());
  if (method === 'none') return { compressed: deploy(toFrozen(built.quantized, built.initial), new Map()) };
  const training = await train(job, plan, built);
  return { compressed: await loadModel(training.model), training };
}

/** What the original and the exported file cost. */
function measureBoth({ config, graph }: Job, exported: Graph): { before: NetworkCost; after: NetworkCost } {
  const { accelerator, format, conventions, scheme } = config;
  const options = { accelerator, conventions, ...(format !== undefined && { format }) };
  return {
    before: measureCost(graph, { ...options, scheme: 'fp' }),
    after: measureCost(exported, { ...options, scheme }),
  };
}

/**
 * Compresses a model and leaves the files of every stage in `options.out`. Errors: E_USAGE for a configuration or a budget
 * that cannot be met, E_MODEL for a model without layers to compress or with weights that are not finite, E_DATA for data
 * that do not fit, E_RESUME for another run's directory, and those of training. What is wrong with the model or a given
 * plan is found before the directory is touched.
 */
export async function compressModel(config: CompressConfig, options: CompressOptions): Promise<Compression> {
  checkCompressConfig(config);
  const graph = normalizeNetwork(await loadModel(config.model));
  requireCandidates(graph);
  const given = config.plan === undefined ? undefined : openPlan(config.plan, graph);
  // read before the directory is emptied, which may be where they are
  const known = config.analysis === undefined ? undefined : openAnalysis(config.analysis, graph);
  const job: Job = { config, options, graph, seconds: {} };
  prepareDirectory(job);
  if (known) writeFileAtomic(fileIn(job, 'analysis.json'), formatAnalysis(known));
  let gathered: Promise<Statistics> | undefined;
  const statistics = () => {
    gathered ??= gatherStatistics(job);
    return gathered;
  };
  const plan = given ?? (await makePlanFile(job, async () => known ?? analyze(job, statistics)));
  if (given) writeFileAtomic(fileIn(job, 'plan.json'), formatPlan(given));
  const { compressed, training } = await compressWeights(job, plan, statistics);
  const path = fileIn(job, 'model.onnx');
  for (const [key, value] of graph.metadata) if (!compressed.metadata.has(key)) compressed.metadata.set(key, value);
  await saveModel(compressed, path);
  const exported = await loadModel(path);
  const { before, after } = measureBoth(job, exported);
  const { images, ...compared } =
    config.data === undefined
      ? {}
      : await timed(job, 'verify', () =>
          compareModels(graph, exported, config, options, reporter(job, 'verify', 'images')),
        );
  const result: CompressResult = {
    model: path,
    original: config.model,
    plan,
    relative: after.relative,
    bytes: after.bytes,
    ...compared,
    seconds: job.seconds,
    config,
    command: options.command ?? '',
    date: new Date().toISOString(),
  };
  writeFileAtomic(fileIn(job, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
  const analysis = fileIn(job, 'analysis.json');
  return {
    result,
    before,
    after,
    ...(existsSync(analysis) && { analysis: readAnalysis(analysis) }),
    ...(training && { training }),
    ...(images && { samples: images }),
  };
}
