/**
 * `tritbank export --to onnx` as a function: reads a model, makes the export, reads it as it will be in its file and
 * compares the two, on test images where there are data, on noise otherwise; then writes the file.
 */

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  adaptInput,
  type Change,
  type ClassifierData,
  compareModels,
  type ImageForm,
  type Interval,
  imagesToMeasure,
  labelByModel,
  missingNames,
  mostNames,
  noteInputSize,
  noteNormalisation,
  openDataFor,
  readLabels,
} from '../classifier/index.ts';
import type { StorageScheme } from '../cost/index.ts';
import { compile } from '../engine/index.ts';
import { openModel } from '../formats/index.ts';
import { f32, type Graph, Random, TritbankError } from '../ir/index.ts';
import { initializerBytes, maxModelBytes, readModel, saveModel, writeModel } from '../onnx/index.ts';
import { limitOf } from '../onnx/read-files.ts';
import { classesIn } from '../onnx/score-kind.ts';
import { inferShapes, normalizeNetwork, requireInference } from '../passes/index.ts';
import { takeTurn } from '../threads/turn.ts';
import { exportOnnx } from './onnx/export-onnx.ts';
import { type Calibration, type ExportForms, formsOf } from './onnx/options.ts';
import { predictSize } from './onnx/size.ts';

export interface ExportConfig extends Partial<ExportForms>, ImageForm {
  /** An ONNX file. */
  readonly model: string;
  /** The file to write. */
  readonly out: string;
  /** Data set name or directory; needed for 8-bit activations. */
  readonly data?: string;
  readonly dataDir?: string;
  /** Training images for calibration. Default 256. */
  readonly images?: number;
  /** Compare on this many test images, spread over the split; all by default. */
  readonly testSamples?: number;
  /** Names of the classes, or what `readLabels` takes; default: the model's own, or the data set's. */
  readonly labels?: readonly string[] | string;
  /** Of the choice of images. Default 0. */
  readonly seed?: number;
  readonly threads?: number;
}

export interface ExportProgress {
  readonly stage: 'calibrate' | 'compare';
  /** Images. */
  readonly done: number;
  readonly total: number;
}

export interface ExportRunOptions {
  readonly onProgress?: (progress: ExportProgress) => void;
  readonly signal?: AbortSignal;
  readonly warn?: (line: string) => void;
  /** The command line, for the records. */
  readonly command?: string;
}

export interface ExportResult extends ExportForms {
  readonly model: string;
  readonly out: string;
  /** Of both files. */
  readonly bytes: { readonly before: number; readonly after: number };
  /** What `tritbank cost` predicts under `scheme`, and what scales of 8-bit filters add to that. */
  readonly predicted?: { readonly scheme: StorageScheme; readonly bytes: number; readonly scaleBytes: number };
  /** On test images: shares in 0..1. */
  readonly accuracy?: {
    readonly before: number;
    readonly after: number;
    readonly samples: number;
    /** Wilson's 95 % intervals of both. */
    readonly intervals?: { readonly before: Interval; readonly after: Interval };
  };
  /** Share of test images with the same prediction. */
  readonly agreement?: number;
  /** Whether the accuracy changed by more than chance. */
  readonly change?: Change;
  /** Without data: root mean square of the scores' differences on noise, relative to that of the scores. */
  readonly difference?: number;
  readonly command: string;
  readonly date: string;
}

/**
 * Exports the file `config.model` as the file `config.out`, and compares the two on test images, or on noise without
 * data, before it is written. Throws E_USAGE for options that do not fit each other, E_DATA and E_MODEL where data and model do not fit,
 * E_FILE where it cannot read or write, E_UNSUPPORTED for a model that is quantized already; AbortError after the
 * signal, and then no file.
 *
 * @example
 * import { exportModel } from 'tritbank';
 *
 * const config = { model: 'mobilenet.onnx', out: 'exported.onnx', data: 'images' } as const;
 * const { bytes, agreement } = await exportModel({ ...config, activations: 'int8', images: 16 });
 * console.log(bytes.after / bytes.before, agreement);
 */
export async function exportModel(config: ExportConfig, options: ExportRunOptions = {}): Promise<ExportResult> {
  const { model, out } = config;
  const forms = formsOf(config);
  if (forms.activations === 'int8' && config.data === undefined) {
    throw new TritbankError('E_USAGE', 'data', 'expected images to calibrate activations of 8 bits, found none');
  }
  if (resolve(model) === resolve(out)) {
    throw new TritbankError('E_USAGE', 'out', `expected another file than the model, found '${out}'`);
  }
  const { graph, fileBytes } = await openModel(model);
  const network = normalizeNetwork(adaptInput(graph, config, options.warn));
  requireInference(network);
  const data = config.data === undefined ? undefined : await openImages(network, config, options);
  if (data) {
    noteNormalisation(network, data.normalisation);
    noteInputSize(network, data.size);
  }
  const labels = labelsOf(network, config, data);
  const exported = await exportOnnx(network, {
    ...forms,
    ...(labels && { labels }),
    ...(options.warn && { warn: options.warn }),
    ...(options.signal && { signal: options.signal }),
    ...(data && forms.activations === 'int8' && { calibration: calibrationOf(data, config, options) }),
  });
  const stored = inferShapes(asRead(exported, out));
  const compared = data
    ? await compareOnImages(network, stored, data, config, options)
    : await compareOnNoise(network, stored, config, options);
  await takeTurn(options.signal);
  await saveModel(exported, out);
  const predicted = predictSize(network, forms);
  return {
    model,
    out,
    ...forms,
    bytes: { before: fileBytes, after: statSync(out).size },
    ...(predicted && { predicted }),
    ...compared,
    command: options.command ?? '',
    date: new Date().toISOString(),
  };
}

/** The export as a reader of its file has it; one that takes several files, as it is. */
const asRead = (exported: Graph, name: string): Graph =>
  initializerBytes(exported) < maxModelBytes / 2
    ? readModel(writeModel(exported), { name, limit: limitOf({}) })
    : exported.clone();

/** Names that the file does not have yet. */
function labelsOf(
  network: Graph,
  { labels }: ExportConfig,
  data: ClassifierData | undefined,
): readonly string[] | undefined {
  if (typeof labels === 'string') return readLabels(labels, classesIn(network.outputs[0]?.type?.shape));
  if (labels || network.metadata.has('labels')) return labels;
  return missingNames(network, data?.dataset) ?? (data && mostNames(data.dataset));
}

async function openImages(network: Graph, config: ExportConfig, options: ExportRunOptions): Promise<ClassifierData> {
  const { data, dataDir, testSamples, inputSize, normalisation, labels, threads } = config;
  const setting = {
    data: data!,
    ...(dataDir !== undefined && { dataDir }),
    ...(testSamples !== undefined && { testSamples }),
    ...(inputSize !== undefined && { inputSize }),
    ...(normalisation && { normalisation }),
    ...(typeof labels === 'string' && { labelFile: labels }),
  };
  const opened = await openDataFor(network, setting, options);
  return labelByModel(network, opened, { training: false, ...(threads !== undefined && { threads }) });
}

function calibrationOf(
  data: ClassifierData,
  config: ExportConfig,
  { onProgress, signal, warn }: ExportRunOptions,
): Calibration {
  const { images, seed, threads } = config;
  return {
    split: imagesToMeasure(data.dataset),
    normalisation: data.normalisation,
    ...(images !== undefined && { images }),
    ...(seed !== undefined && { seed }),
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    ...(warn && { warn }),
    ...(onProgress && { onProgress: (done, total) => onProgress({ stage: 'calibrate', done, total }) }),
  };
}

const batchSize = 32;

async function compareOnImages(
  network: Graph,
  stored: Graph,
  data: ClassifierData,
  { threads }: ExportConfig,
  { onProgress, signal, warn }: ExportRunOptions,
): Promise<Pick<ExportResult, 'accuracy' | 'agreement' | 'change'>> {
  const { accuracy, agreement, change } = await compareModels(network, stored, data, {
    batchSize,
    ...(threads !== undefined && { threads }),
    ...(warn && { warn }),
    ...(signal && { signal }),
    onProgress: (done, total) => onProgress?.({ stage: 'compare', done, total }),
  });
  const { before, after } = accuracy;
  return {
    accuracy: {
      ...{ before: before.top1, after: after.top1, samples: after.samples },
      ...(before.interval && after.interval && { intervals: { before: before.interval, after: after.interval } }),
    },
    agreement: agreement.share,
    ...(change && { change }),
  };
}

async function compareOnNoise(
  network: Graph,
  stored: Graph,
  config: ExportConfig,
  { signal }: ExportRunOptions,
): Promise<Pick<ExportResult, 'difference'>> {
  const [input, output] = [network.inputs[0], network.outputs[0]];
  const shape = input?.type?.shape?.map((dim, i) => (typeof dim === 'string' && i === 0 ? 1 : dim));
  if (!input || !output || network.inputs.length > 1 || !shape?.every((dim) => typeof dim === 'number')) return {};
  const random = new Random(config.seed ?? 0, 'noise');
  const count = shape.reduce((product, dim) => product * dim, 1);
  const noise = f32(
    shape,
    Float32Array.from({ length: count }, () => random.normal()),
  );
  const run = async (graph: Graph) => {
    await takeTurn(signal);
    const engine = await compile(graph, config.threads === undefined ? {} : { threads: config.threads });
    try {
      return (await engine.run({ [input.name]: noise }))[output.name]!.data as Float32Array;
    } finally {
      await engine.release();
    }
  };
  const [before, after] = [await run(network), await run(stored)];
  const squares = (values: Float32Array) => values.reduce((sum, v) => sum + v * v, 0);
  const differences = before.map((v, i) => v - after[i]!);
  return { difference: Math.sqrt(squares(differences) / (squares(before) || 1)) };
}
