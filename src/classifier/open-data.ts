/** The data set that a model is evaluated, trained or calibrated on: images as it wants them, labels in its numbering. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Dataset, openDataset, type Split, selectImages, statistics, subset } from '../data/index.ts';
import { type Graph, TritbankError } from '../ir/index.ts';
import { chooseInputSize, type ImageInput, imageInputOf } from './input.ts';
import { type Normalisation, readNormalisation } from './normalisation.ts';
import { classCountOf } from './scores.ts';

/** Which images, and how they are read. */
export interface DataOptions {
  /** Data set name or directory, see `data/`. */
  readonly data: string;
  /** Directory of a named data set. */
  readonly dataDir?: string;
  /** Folders: `index` takes labels from `classes.json`, which is the default where there is one. */
  readonly labels?: 'folder' | 'index';
  /** Height and width of the images, for models that leave them open. */
  readonly inputSize?: number;
  /** Default: the metadata of the model, or else the mean and deviation of the training images, with a warning. */
  readonly normalisation?: Normalisation;
  /** Evaluate on this many test images, evenly spread over the split; all by default. */
  readonly testSamples?: number;
}

export interface ClassifierData {
  /** With as many classes as the model, and the test images that are asked for. */
  readonly dataset: Dataset;
  /** Height and width of the images. */
  readonly size: number;
  readonly normalisation: Normalisation;
}

/** Where warnings go, a line each. */
export interface Warnings {
  readonly warn?: (line: string) => void;
}

/** With a number of classes, labels are in the model's numbering; without one, nobody looks at them. */
async function open(options: DataOptions, input: ImageInput, classCount: number | undefined, { warn }: Warnings) {
  const { data, dataDir } = options;
  const labels = options.labels ?? (existsSync(join(data, 'classes.json')) ? 'index' : 'folder');
  const size = chooseInputSize(input, options.inputSize);
  try {
    return await openDataset(data, {
      channels: input.channels,
      ...(classCount !== undefined && { labels, classCount }),
      imageSize: size,
      ...(dataDir !== undefined && { dir: dataDir }),
      ...(warn && { warn }),
    });
  } catch (error) {
    if (!(error instanceof TritbankError) || error.where !== 'classCount') throw error;
    const message = `expected class indices below ${classCount}, the number of classes of the model; ${error.detail}`;
    throw new TritbankError('E_DATA', join(data, 'classes.json'), message, { cause: error });
  }
}

function checkFit(
  { name, classes, channels }: Dataset,
  classCount: number | undefined,
  expectedChannels: number,
): void {
  const where = `data set '${name}'`;
  if (classCount !== undefined && classes.length !== classCount) {
    const expected = `expected the ${classCount} classes of the model, or a classes.json that gives their indices`;
    throw new TritbankError('E_DATA', where, `${expected}, found ${classes.length} classes`);
  }
  if (channels === expectedChannels) return;
  const message = `expected ${expectedChannels} channels for this model, found ${channels}`;
  throw new TritbankError('E_DATA', where, message);
}

async function normalisationFor(model: Graph, dataset: Dataset, given: Normalisation | undefined, { warn }: Warnings) {
  const known = given ?? readNormalisation(model, dataset.channels);
  if (known) return known;
  const found = await statistics(dataset);
  const figures = (values: readonly number[]) => values.map((v) => v.toFixed(1)).join(', ');
  const taken = `mean ${figures(found.mean)}, deviation ${figures(found.std)}`;
  warn?.(`the model does not say how pixels are normalised: those of ${dataset.name} are taken (${taken})`);
  return found;
}

/** Random-resized crops of a trained network's data: less is cut away than is customary from scratch (0.08). */
const crops = { area: [0.35, 1], ratio: [3 / 4, 4 / 3] } as const;

/**
 * Opens the data for `model`, whose shapes are inferred: images of its size, normalised as its metadata (or
 * `options.normalisation`) says, labels 0..K-1 for its K classes. A folder with `classes.json` may hold some of the
 * classes. Throws E_DATA where the classes or channels do not fit, E_MODEL where the model is no classifier of images,
 * E_USAGE for a size that is not the model's.
 *
 * @example
 * import { inferShapes, loadModel, openDataFor } from 'tritbank';
 *
 * const graph = inferShapes(await loadModel('mobilenet.onnx'));
 * const { dataset, size, normalisation } = await openDataFor(graph, { data: 'images', testSamples: 8 });
 * console.log(dataset.classes, dataset.test.length, `${size} x ${size}`, normalisation.mean);
 */
export async function openDataFor(model: Graph, options: DataOptions, warn: Warnings = {}): Promise<ClassifierData> {
  const data = await openFor(model, options, classCountOf(model), warn);
  const { augment, test } = data.dataset;
  const count = Math.min(options.testSamples ?? test.length, test.length);
  // spread over the split, whose images may be sorted by class
  const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * test.length) / count));
  const dataset: Dataset = {
    ...data.dataset,
    augment: augment.resizedCrop === true ? { ...augment, resizedCrop: crops } : augment,
    test: count < test.length ? selectImages(test, chosen) : test,
  };
  return { ...data, dataset };
}

/** The same for images that are measured only: whatever their classes are. */
export const openImagesFor = (model: Graph, options: DataOptions, warn: Warnings = {}): Promise<ClassifierData> =>
  openFor(model, options, undefined, warn);

async function openFor(model: Graph, options: DataOptions, classCount: number | undefined, warn: Warnings) {
  const input = imageInputOf(model);
  const dataset = await open(options, input, classCount, warn);
  checkFit(dataset, classCount, input.channels);
  const normalisation = await normalisationFor(model, dataset, options.normalisation, warn);
  return { dataset, size: dataset.height, normalisation };
}

/** Which of the training images are used. */
export interface TrainingChoice {
  /** So many, drawn by the seed; all by default. */
  readonly trainSamples?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** The training images in use. */
export const chooseTraining = ({ train }: Dataset, { trainSamples, seed = 0 }: TrainingChoice): Split =>
  trainSamples !== undefined && trainSamples < train.length ? subset(train, trainSamples, seed) : train;

/** The training images in use, or the test images of a data set that has no others. E_DATA for one without any. */
export function imagesToMeasure(dataset: Dataset, choice: TrainingChoice = {}): Split {
  const { name, train, test } = dataset;
  const split = train.length > 0 ? chooseTraining(dataset, choice) : test;
  if (split.length > 0) return split;
  throw new TritbankError('E_DATA', `data set '${name}'`, 'expected images, found none');
}
