/**
 * Compression of a given, trained network: analysed, planned under a budget, rebuilt with hybrid filter banks, trained
 * with the original as its teacher (or calibrated, or left as decomposed), packed, and measured as a file beside its control. Each stage
 * leaves its result in the run directory, where the next run finds it (`job.ts` names the files).
 */

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  type Accuracy,
  type Agreement,
  adaptInput,
  type Change,
  type ClassifierData,
  type Comparison,
  chanceWarning,
  closeInputSize,
  compareModels,
  type ExampleImage,
  labelByModel,
  missingNames,
  noteNormalisation,
  openDataFor,
  readExamples,
} from '../classifier/index.ts';
import { measureCost, type NetworkCost, type PlanFile, type Relative, readPlan } from '../cost/index.ts';
import { divideAt, sampleIndices } from '../data/index.ts';
import {
  type Codec,
  checkRunPlace,
  jsonCodec,
  RunDirectory,
  type RunPlace,
  readObject,
  runKinds,
} from '../files/index.ts';
import { loadModel, readAnyModel, resolveModel } from '../formats/index.ts';
import type { Graph } from '../ir/index.ts';
import { fingerprint, saveModel } from '../onnx/index.ts';
import { metadataKeys } from '../onnx/metadata.ts';
import { freeBatch, normalizeNetwork, requireInference } from '../passes/index.ts';
import { checkPlan } from '../quantize/index.ts';
import { checkMirror, type RunResult, runFiles } from '../train/index.ts';
import { readAnalysis } from './analysis-file.ts';
import { requireCandidates } from './candidates.ts';
import {
  type CompressConfig,
  type CompressOptions,
  type CompressSettings,
  checkCompressConfig,
  completeConfig,
} from './compress-config.ts';
import { type Control, type DeployedFile, evaluateControl, type OriginalFile, packBoth } from './deployment.ts';
import { type HeldOutCheck, withValidation } from './few-images.ts';
import { measureFootprint } from './footprint.ts';
import { countedFourBits, hasFourBits, packFourBits } from './four-bits.ts';
import {
  compressFiles,
  compressOrder,
  countingOf,
  type Job,
  reporter,
  signalOf,
  threadsOf,
  warningsTo,
} from './job.ts';
import { analysisCodec, analyze, gatherStatistics, plan, planCodec, type Statistics } from './make-plan.ts';
import { checkAnalysis } from './planning/make-candidates.ts';
import { rebuild } from './rebuild.ts';
import type { Analysis } from './sensitivity.ts';
import { machineOf, measureOnTarget, type TargetFigures } from './target-figures.ts';

export interface CompressResult extends DeployedFile {
  /** The file of the compressed network in float, for further training and other exports. */
  readonly network: string;
  readonly original: string;
  readonly plan: PlanFile;
  /** Of the network, counted under the configuration's storage scheme. */
  readonly relative: Relative;
  /** Bytes of the values under that scheme; `bytes` are those of the file. */
  readonly countedBytes: number;
  /** The uncompressed network in int8. */
  readonly control: Control;
  /** The uncompressed network with filters of 4 bits, calibrated likewise; of a calibration into 8 bits. */
  readonly fourBits?: Control;
  /** Of a compression for a target. */
  readonly target?: TargetFigures;
  /** The original, where it is a file. */
  readonly originalFile: OriginalFile;
  /** 1000-way, or as many ways as the model has classes; absent without data. */
  readonly accuracy?: { readonly before: Accuracy; readonly after: Accuracy };
  /** Between the original's and the file's predictions. */
  readonly agreement?: Agreement;
  /** Whether the accuracy changed by more than chance. */
  readonly change?: Change;
  /** Of training that went on from a calibration. */
  readonly heldOut?: HeldOutCheck;
  /** The images had no labels: what the original says of them stands for these, and accuracy is agreement. */
  readonly labels?: 'original';
  /** Wall time by stage, of all commands that worked on the run. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly config: CompressConfig;
  /** The command that began the run, and all that worked on it. */
  readonly command: string;
  readonly commands: readonly string[];
  readonly date: string;
}

/** What the networks that are compared cost. */
export interface Costs {
  /** The original with every value at 16 bits. */
  readonly before: NetworkCost;
  /** The compressed network. */
  readonly after: NetworkCost;
  /** The original with every value at 8 bits, in the accelerator's int8 format if it has one. */
  readonly control: NetworkCost;
  /** The original with filters of 4 bits and all else at 8, where that is a control. */
  readonly fourBits?: NetworkCost;
}

/** The result, and what else a report about the run shows. */
export interface Compression extends Costs {
  readonly result: CompressResult;
  /** The compressed network. */
  readonly graph: Graph;
  /**
   * The same on an accelerator with memory energies: the chosen one, or Horowitz' figures where that has none (the
   * paper's), since arithmetic is the smaller part.
   */
  readonly withMemory: Costs;
  /** Absent for a plan that was given. */
  readonly analysis?: Analysis;
  /** Of the method `train`. */
  readonly training?: RunResult;
  /** Of `result.agreement.examples`. */
  readonly samples?: readonly ExampleImage[];
}

/** Whose memory energies stand in for those that an accelerator model lacks. */
const memoryModel = 'horowitz-fp16';

/** What the original, the compressed network and the control cost. */
function measureAll({ config, graph }: Job, network: Graph, accelerator = config.accelerator): Costs {
  // a format is one of its accelerator's
  const { format: _format, ...rest } = config;
  const chosen = accelerator === config.accelerator ? config : { ...rest, accelerator };
  const counting = countingOf(chosen);
  const { format } = countingOf({ ...chosen, activations: 'int8' });
  return {
    // in its own number format, whatever that of the compressed network
    before: measureCost(graph, { ...countingOf({ ...chosen, activations: 'float' }), scheme: 'fp' }),
    after: measureCost(network, counting),
    control: measureCost(graph, { ...counting, format, scheme: 'int8' }),
    ...(hasFourBits({ config }) && {
      fourBits: measureCost(countedFourBits(graph), { ...counting, format, scheme: 'int8' }),
    }),
  };
}

const modelCodec: Codec<Graph> = { read: loadModel, write: saveModel };

/** The compressed network; what the original's metadata say beyond its own is kept. */
async function rebuildModel(job: Job, chosen: PlanFile, statistics: () => Promise<Statistics>): Promise<Graph> {
  const compressed = await rebuild(job, chosen, statistics);
  for (const [key, value] of job.graph.metadata) if (!compressed.metadata.has(key)) compressed.metadata.set(key, value);
  if (job.data) noteNormalisation(compressed, job.data.normalisation);
  const names = missingNames(compressed, job.data?.dataset);
  if (names) compressed.metadata.set(metadataKeys.labels, JSON.stringify(names));
  return compressed;
}

/** How the network was trained, if it was. */
function readTraining({ run }: Job): RunResult | undefined {
  const path = join(run.file(compressFiles.training), runFiles.result);
  return existsSync(path) ? readObject<RunResult>(path) : undefined;
}

/** What images that were held out say, if any were. */
function readHeldOut({ run }: Job): Pick<CompressResult, 'heldOut'> {
  const path = run.file(compressFiles.heldOut);
  return existsSync(path) ? { heldOut: readObject<HeldOutCheck>(path) } : {};
}

/** Accuracy before and after on the test images; undefined without data. */
function compare(job: Job, exported: Graph): Promise<Comparison> | undefined {
  const { data, graph, run } = job;
  return (
    data &&
    run.stage('verify', compressFiles.comparison, jsonCodec<Comparison>(2), () =>
      compareModels(graph, exported, data, {
        ...threadsOf(job),
        ...signalOf(job),
        ...warningsTo(job),
        onProgress: reporter(job, 'verify', 'images'),
      }),
    )
  );
}

/** What fails already in the original is not the compression's fault, and says so. */
function warnOfChance({ data, options }: Job, { accuracy: { before, after } }: Comparison): void {
  const labels = data!.dataset.test.labels;
  const warning =
    chanceWarning('the original', before.top1, labels) ?? chanceWarning('the compressed model', after.top1, labels);
  if (warning) options.warn?.(warning);
}

/** A plan or analysis of another run, checked before anything is touched: it may be in the directory that is emptied. */
function readGiven({ plan: planFile, analysis: analysisFile }: CompressConfig, graph: Graph) {
  const givenPlan = planFile === undefined ? undefined : readPlan(planFile);
  if (givenPlan) checkPlan(givenPlan, graph, planFile);
  const givenAnalysis = analysisFile === undefined ? undefined : readAnalysis(analysisFile);
  if (givenAnalysis) checkAnalysis(graph, givenAnalysis);
  return { givenPlan, givenAnalysis };
}

/** The data, those without labels with what the original says of them; undefined without data. */
async function openData(
  graph: Graph,
  { data, dataDir, training, threads }: CompressConfig,
  options: CompressOptions,
): Promise<ClassifierData | undefined> {
  if (data === undefined) return undefined;
  const place = dataDir === undefined ? {} : { dataDir };
  const opened = await openDataFor(graph, { ...training, data, ...place }, options);
  if (training.distillation) checkMirror(training.distillation, opened.dataset);
  return labelByModel(graph, keepApart(opened, options), {
    training: false,
    ...(threads !== undefined && { threads }),
    ...(options.signal && { signal: options.signal }),
    ...(options.warn && { warn: options.warn }),
    onProgress: (done, total) => options.onProgress?.({ stage: 'label', done, total, unit: 'images' }),
  });
}

/** Of images for evaluation alone a half is measured, so that nothing is judged on images that it was made with. */
function keepApart(data: ClassifierData, { warn }: CompressOptions): ClassifierData {
  const { dataset } = data;
  if (dataset.train.length > 0 || dataset.test.length < 2) return data;
  const { length } = dataset.test;
  const { kept, heldOut } = divideAt(dataset.test, sampleIndices(length, Math.floor(length / 2), 0));
  warn?.(
    `${dataset.name}: no training images: ${kept.length} test images are measured, the other ${heldOut.length} judge`,
  );
  return { ...data, dataset: { ...dataset, train: kept, test: heldOut } };
}

/** Plans and analyses may be replaced, since they are copied into the directory. */
function placeOf({ model, data, dataDir, training }: CompressConfig, options: CompressOptions): RunPlace {
  const { resume = false, force = false, ranks } = options;
  return {
    layout: runKinds.compress.layout,
    ...(ranks && { ranks }),
    resume,
    force,
    inputs: [model, data, dataDir, ...(training.teachers ?? [])],
  };
}

/** Configurations of earlier releases did not tell the network by its content, and left the file unpacked. */
const upgrade = (network: string) => (stored: object) => ({ network, activations: 'float', ...stored });

/**
 * Compresses a model (an ONNX file, its bytes, or a graph, which is not changed) and leaves the files of every stage
 * in a run directory. What `settings` leaves out has defaults: without a budget, the paper's uniform choice; without
 * data, weights are decomposed and nothing is trained.
 *
 * Errors: E_USAGE for a configuration or a budget that cannot be met, or files in the way of a new run, E_MODEL for a model without layers to compress
 * or with weights that are not finite, E_DATA for data that do not fit, E_RESUME for another run's directory or
 * another network, E_BUSY where another process works in the directory, E_FORMAT for a damaged file in it, and those
 * of training. What is wrong with the model, the data or a given plan is found before the directory is touched.
 *
 * @example
 * import { compressModel } from 'tritbank';
 *
 * const settings = { data: 'images', budget: { size: 0.9, energy: 0.9 }, method: 'calibrate', images: 16 } as const;
 * const { result } = await compressModel('mobilenet.onnx', { ...settings, threads: 1 }, { out: 'runs/compressed' });
 * console.log(result.model, result.bytes, result.accuracy?.after.top1);
 */
export async function compressModel(
  model: string | Uint8Array | Graph,
  settings: CompressSettings = {},
  options: CompressOptions = {},
): Promise<Compression> {
  const path = typeof model === 'string' ? await resolveModel(model, options.warn) : undefined;
  const loaded = typeof model === 'string' ? await loadModel(path!) : await toGraph(model);
  const asked = completeConfig(path ?? loaded.name, settings);
  checkCompressConfig(asked);
  const machine = machineOf(asked);
  const graph = normalizeNetwork(adaptInput(loaded, asked.training, options.warn));
  freeBatch(graph);
  requireInference(graph);
  requireCandidates(graph);
  const out = options.out ?? join('runs', `${basename(asked.model).replace(/\.(onnx|tflite|json)$/, '')}-compressed`);
  const place = placeOf(asked, options);
  checkRunPlace(out, place);
  const given = readGiven(asked, graph);
  const data = await openData(graph, asked, options);
  const config = withValidation(asked, data, options.warn);
  closeInputSize(graph, data?.size ?? config.training.inputSize);
  const network = fingerprint(graph);
  const { command = '', signal } = options;
  const how = {
    ...place,
    config: { ...config, network },
    // read before, and copied to where they are
    keep: [config.plan, config.analysis],
    order: compressOrder,
    command,
    signal,
    upgrade: upgrade(network),
  };
  const run = await RunDirectory.openTogether(out, how);
  try {
    return await compressIn({ config, options, graph, run, data, machine }, given);
  } finally {
    run.close();
  }
}

const toGraph = async (model: Uint8Array | Graph): Promise<Graph> =>
  model instanceof Uint8Array ? readAnyModel(model) : model.clone();

async function compressIn(
  job: Job,
  {
    givenPlan,
    givenAnalysis,
  }: { readonly givenPlan?: PlanFile | undefined; readonly givenAnalysis?: Analysis | undefined },
): Promise<Compression> {
  const { config, run, data } = job;
  // copied, so that the directory has all that its result depends on
  if (givenAnalysis) analysisCodec.write(givenAnalysis, run.file(compressFiles.analysis));
  if (givenPlan) planCodec.write(givenPlan, run.file(compressFiles.plan));
  let gathered: Promise<Statistics> | undefined;
  const statistics = () => {
    gathered ??= gatherStatistics(job);
    return gathered;
  };
  const chosen = givenPlan ?? (await plan(job, async () => givenAnalysis ?? analyze(job, statistics)));
  checkPlan(chosen, job.graph, run.file(compressFiles.plan));
  const path = run.file(compressFiles.network);
  const rebuilding = () => rebuildModel(job, chosen, statistics);
  await run.stage('save', compressFiles.network, modelCodec, rebuilding, { together: config.method === 'train' });
  const network = await loadModel(path);
  const packed = await packBoth(job, network);
  const compared = await compare(job, packed.model);
  if (compared) warnOfChance(job, compared);
  const controlAccuracy = await evaluateControl(job, packed.control, 'int8');
  const fourBits = await packFourBits(job);
  const fourBitsAccuracy = fourBits && (await evaluateControl(job, fourBits, 'int4'));
  const files = await measureFootprint(job);
  const target = measureOnTarget(job, packed, files, chosen);
  const costs = measureAll(job, network);
  const withMemory = costs.before.memoryEnergy > 0 ? costs : measureAll(job, network, memoryModel);
  const stored = await run.stage('result', compressFiles.result, jsonCodec<CompressResult>(2), () => ({
    ...files.model,
    network: path,
    original: config.model,
    plan: chosen,
    relative: costs.after.relative,
    countedBytes: costs.after.bytes,
    control: { ...files.control, ...controlAccuracy },
    ...(files.fourBits && { fourBits: { ...files.fourBits, ...fourBitsAccuracy } }),
    originalFile: files.original,
    ...(target && { target }),
    ...compared,
    ...readHeldOut(job),
    ...(data?.dataset.isUnlabelled && { labels: 'original' as const }),
    seconds: run.seconds,
    config,
    command: run.command,
    commands: run.commands,
    date: new Date().toISOString(),
  }));
  // a directory may have been moved
  const moved = stored.fourBits && { fourBits: { ...stored.fourBits, model: run.file(compressFiles.fourBits) } };
  const here = { network: path, model: run.file(compressFiles.model), ...moved };
  const result = { ...stored, ...here, control: { ...stored.control, model: run.file(compressFiles.control) } };
  const analysis = run.file(compressFiles.analysis);
  const training = readTraining(job);
  return {
    result,
    graph: network,
    ...costs,
    withMemory,
    ...(existsSync(analysis) && { analysis: readAnalysis(analysis) }),
    ...(training && { training }),
    ...(compared && { samples: await readExamples(compared.agreement, (data as ClassifierData).dataset) }),
  };
}
