/**
 * What a compression is for: the network as a packed file, and the control that it has to beat, the uncompressed network in
 * int8 by the same code, calibrated on the same images.
 */

import { type Accuracy, evaluateGraph, imagesToMeasure } from '../classifier/index.ts';
import { type Calibration, type ExportForms, exportOnnx } from '../export/index.ts';
import { type Codec, jsonCodec } from '../files/index.ts';
import type { Graph } from '../ir/index.ts';
import { loadModel, saveModel } from '../onnx/index.ts';
import { inferShapes } from '../passes/index.ts';
import { compressFiles, type Job, ofControl, reporter, signalOf, threadsOf, trainingOf, warningsTo } from './job.ts';

/** What a file takes in this toolkit's runtime, on one thread, an image at a time. */
export interface RuntimeUse {
  /** Bytes of weights as the kernels read them. */
  readonly weightBytes: number;
  /** Bytes of all activations, which share them by their lifetimes. */
  readonly activationBytes: number;
  /** Median of warm runs, in turns with the other files. */
  readonly milliseconds: number;
}

/** A file of the network that is compared. */
export interface DeployedFile {
  readonly model: string;
  readonly forms: ExportForms;
  /** On disk. */
  readonly bytes: number;
  /** Absent where the runtime lacks an operator of the network. */
  readonly runtime?: RuntimeUse;
}

/** The uncompressed network in int8: 8-bit weights, and with data 8-bit activations. */
export interface Control extends DeployedFile, Partial<Accuracy> {}

/** The original file beside them, where it is one. */
export type OriginalFile = Partial<Pick<DeployedFile, 'bytes' | 'runtime'>>;

const modelCodec: Codec<Graph> = { read: loadModel, write: saveModel };

/** How the compressed network is stored: filters have the bits of the storage scheme that its budget is counted in. */
export function compressedForms({ config: { activations, scheme } }: Pick<Job, 'config'>): ExportForms {
  const bits = scheme.filterBits;
  const integers = activations === 'int8' || bits <= 8;
  const filters = integers ? 'int8' : bits <= 16 ? 'fp16' : 'fp32';
  return { activations, filters, ternary: 'five-trit' };
}

/** Without data no range of an activation is known, so that weights alone have 8 bits. */
export const controlForms = ({ data }: Pick<Job, 'data'>): ExportForms => ({
  activations: data ? 'int8' : 'float',
  filters: 'int8',
  ternary: 'five-trit',
});

/** The images that the compression was measured on. */
function calibrationOf(job: Job): Calibration {
  const { dataset, normalisation } = job.data!;
  return {
    split: imagesToMeasure(dataset, trainingOf(job)),
    normalisation,
    images: job.config.images,
    seed: job.config.seed,
    ...threadsOf(job),
    ...signalOf(job),
    ...warningsTo(job),
    onProgress: reporter(job, 'export', 'images'),
  };
}

/** The network as a file of the run directory; an earlier command may have written it. */
export async function pack(
  job: Job,
  network: Graph | (() => Promise<Graph>),
  file: string,
  forms: ExportForms,
): Promise<Graph> {
  const { run } = job;
  return run.stage('export', file, modelCodec, async () =>
    exportOnnx(typeof network === 'function' ? await network() : network, {
      ...forms,
      ...warningsTo(job),
      ...(forms.activations === 'int8' && { calibration: calibrationOf(job) }),
    }),
  );
}

export interface Packed {
  /** The compressed network, as read from its file. */
  readonly model: Graph;
  readonly control: Graph;
}

export const readPacked = async ({ run }: Job, file: string): Promise<Graph> =>
  inferShapes(await loadModel(run.file(file)));

/** Writes the control, if that was not done yet, and reads it back. */
export async function packControl(job: Job): Promise<Graph> {
  await pack(ofControl(job), job.graph, compressFiles.control, controlForms(job));
  return readPacked(job, compressFiles.control);
}

/** Of the second control, which says the bits of its filters itself. */
export const fourBitsForms: ExportForms = { activations: 'int8', filters: 'int8', ternary: 'five-trit' };

/** Writes both files and reads them back. */
export async function packBoth(job: Job, network: Graph): Promise<Packed> {
  await pack(job, network, compressFiles.model, compressedForms(job));
  const control = await packControl(job);
  return { model: await readPacked(job, compressFiles.model), control };
}

/** The files of a control, and of its accuracy. */
const controlFiles = {
  int8: [compressFiles.control, compressFiles.controlAccuracy],
  int4: [compressFiles.fourBits, compressFiles.fourBitsAccuracy],
} as const;

/** Accuracy of a control on the test images; undefined without data. */
export function evaluateControl(job: Job, control: Graph, which: 'int8' | 'int4'): Promise<Accuracy> | undefined {
  const { data, run } = job;
  const [file, accuracy] = controlFiles[which];
  const aside = ofControl(job, file);
  return (
    data &&
    run.stage('verify', accuracy, jsonCodec<Accuracy>(2), async () => {
      const { dataset, normalisation } = data;
      const found = await evaluateGraph(control, dataset.test, dataset.classes, normalisation, {
        ...threadsOf(job),
        ...signalOf(job),
        ...warningsTo(aside),
        onProgress: reporter(job, 'control', 'images'),
      });
      const { top1, top5, loss, samples, intervals } = found;
      return { top1, top5, loss, samples, interval: intervals.top1 };
    })
  );
}
