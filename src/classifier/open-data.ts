/** The data set that a model is evaluated, trained or calibrated on: images as it wants them, labels in its numbering. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Dataset,
  openDataset,
  readClassFile,
  type Split,
  statistics,
  stratifiedSubset,
  subset,
} from '../data/index.ts';
import { formatSize, type Size } from '../images/size.ts';
import { type Graph, TritbankError } from '../ir/index.ts';
import { readPreprocessing } from '../onnx/metadata.ts';
import { requireInference } from '../passes/index.ts';
import { requireFeatures } from './features.ts';
import { type ImageForm, spreadNormalisation } from './image-form.ts';
import { lacksBackground, statedImageNet } from './imagenet.ts';
import { chooseInputSize, type ImageInput, imageInputOf } from './input.ts';
import { readLabels } from './label-file.ts';
import { findStranger, isSameNumbering, type ModelClasses, matchByName } from './match-classes.ts';
import { type Normalisation, rawPixels, readNormalisation } from './normalisation.ts';
import { classCountOf } from './scores.ts';

/** Which images, and how they are read. */
export interface DataOptions extends ImageForm {
  /** Data set name or directory, see `data/`. */
  readonly data: string;
  /** Directory of a named data set. */
  readonly dataDir?: string;
  /**
   * Folders: `folder` numbers the classes in sorted order, `index` takes them from `classes.json`. By default they are
   * matched by name (`match-classes.ts`), then by `classes.json` where there is one; E_DATA where neither tells.
   */
  readonly labels?: 'folder' | 'index';
  /** Folders: all images below, without labels, whatever folders they are in. Images in no folder have none anyway. */
  readonly unlabelled?: boolean;
  /** Names of the model's classes, in place of its metadata: a file, or `imagenet`, see `readLabels`. */
  readonly labelFile?: string;
  /** Evaluate on this many test images, drawn from each class in proportion; all by default. */
  readonly testSamples?: number;
  /** Of that draw; by default the same for all runs, so that their figures are of the same images. */
  readonly testSeed?: number;
}

export interface ClassifierData {
  /** With as many classes as the model, and the test images that are asked for. */
  readonly dataset: Dataset;
  readonly size: Size;
  readonly normalisation: Normalisation;
}

/** Where warnings go, a line each. */
export interface Warnings {
  readonly warn?: (line: string) => void;
}

/** Labels are in the data's own numbering (`folder`) or in that of `classes.json` (`index`). */
async function open(
  options: DataOptions,
  input: ImageInput,
  labels: 'folder' | 'index',
  classCount: number | undefined,
  { warn }: Warnings,
): Promise<Dataset> {
  const { data, dataDir } = options;
  try {
    return await openDataset(data, {
      channels: input.channels,
      labels,
      ...(classCount !== undefined && { classCount }),
      imageSize: chooseInputSize(input, options.inputSize),
      ...(dataDir !== undefined && { dir: dataDir }),
      ...(options.unlabelled === true && { unlabelled: true }),
      ...(warn && { warn }),
    });
  } catch (error) {
    if (error instanceof TritbankError && error.where.startsWith('imageSize of')) {
      const found = `found ${formatSize(chooseInputSize(input, options.inputSize))} (${error.detail})`;
      const message = `expected an input size to which its images can be enlarged, ${found}`;
      throw new TritbankError('E_DATA', `data set '${data}'`, message, { cause: error });
    }
    if (!(error instanceof TritbankError) || error.where !== 'classCount') throw error;
    const hint = "labels 'folder' takes the folders in sorted order";
    const message = `expected class indices below ${classCount}, the number of classes of the model (${hint}); ${error.detail}`;
    throw new TritbankError('E_DATA', join(data, 'classes.json'), message, { cause: error });
  }
}

/** What the model's classes are called: by the option, by the metadata, by ImageNet's list where the metadata say so. */
function classesOf({ metadata }: Graph, count: number, { labelFile }: DataOptions): ModelClasses {
  const imageNet = statedImageNet(metadata, count);
  const { labels } = readPreprocessing(metadata);
  const own = labels?.some((name, k) => name !== `class ${k}`) ? labels : undefined;
  const names = labelFile === undefined ? (own ?? imageNet) : readLabels(labelFile, count);
  return { count, names, isImageNet: imageNet !== undefined || labelFile === 'imagenet' };
}

/** The data with labels in the model's numbering. */
async function openLabelled(model: Graph, options: DataOptions, input: ImageInput, count: number, warn: Warnings) {
  const { data, labels } = options;
  const classes = classesOf(model, count, options);
  const byIndex = () => open(options, input, 'index', count, warn);
  if (labels === 'index' && options.unlabelled !== true) return byIndex();
  const dataset = await open(options, input, 'folder', count, warn);
  if (dataset.isUnlabelled) return { ...dataset, classes: classes.names ?? dataset.classes };
  if (labels === 'folder') return requireCount(dataset, classes);
  const matched = matchByName(dataset, classes);
  if (matched) return matched;
  if (dataset.folders && existsSync(join(data, 'classes.json'))) {
    await requireBackground(data, dataset.folders, count);
    return byIndex();
  }
  if (dataset.folders?.length === 1 && count > 1) {
    // one folder of many images is no class
    warn.warn?.(`${data}: one folder only, and no class of the model is called like it: images without labels`);
    return openLabelled(model, { ...options, unlabelled: true }, input, count, warn);
  }
  requireCount(dataset, classes);
  if (isSameNumbering(dataset, classes)) return dataset;
  const stranger = findStranger(dataset, classes.names ?? []);
  const expected = `expected folders that are called as the classes of the model ('${classes.names?.[0]}' ...)`;
  const ways = "a classes.json that gives their indices, or the labels 'folder' for their sorted order";
  throw new TritbankError('E_DATA', `data set '${dataset.name}'`, `${expected}, ${ways}; found '${stranger}'`);
}

/** Indices of ImageNet's 1000 classes are not those of 1001 scores. */
async function requireBackground(data: string, folders: readonly string[], count: number): Promise<void> {
  const entries = await readClassFile(data);
  const indices = new Map(folders.map((folder) => [folder, entries?.get(folder)?.index ?? -1]));
  if (!lacksBackground(indices, count)) return;
  const ways = "the labels 'imagenet' take the first score for a background, 'index' takes the indices as they are";
  const message = `expected indices of the model's ${count} classes, found those of ImageNet's 1000 (${ways})`;
  throw new TritbankError('E_DATA', join(data, 'classes.json'), message);
}

function requireCount(dataset: Dataset, { count, names }: ModelClasses): Dataset {
  const { name, classes } = dataset;
  if (classes.length === count) return dataset;
  const expected = `expected the ${count} classes of the model, or a classes.json that gives their indices`;
  const stranger = names && findStranger(dataset, names);
  const found = `found ${classes.length} classes${stranger === undefined ? '' : `, '${stranger}' among them`}`;
  throw new TritbankError('E_DATA', `data set '${name}'`, `${expected}, ${found}`);
}

async function normalisationFor(model: Graph, dataset: Dataset, given: Normalisation | undefined, { warn }: Warnings) {
  if (model.inputs[0]!.dtype === 'uint8') return rawPixels(dataset.channels);
  const known = (given && spreadNormalisation(given, dataset.channels)) ?? readNormalisation(model, dataset.channels);
  if (known) return known;
  const found = await statistics(dataset, warn ? { warn } : {});
  const figures = (values: readonly number[]) => values.map((v) => v.toFixed(1)).join(', ');
  const taken = `mean ${figures(found.mean)}, deviation ${figures(found.std)}`;
  warn?.(`the model does not say how pixels are normalised: those of ${dataset.name} are taken (${taken})`);
  return found;
}

/** Random-resized crops of a trained network's data: less is cut away than is customary from scratch (0.08). */
const crops = { area: [0.35, 1], ratio: [3 / 4, 4 / 3] } as const;

/** The data with the augmentation that a trained network gets. */
export const gentleCrops = (dataset: Dataset): Dataset =>
  dataset.augment.resizedCrop === true ? { ...dataset, augment: { ...dataset.augment, resizedCrop: crops } } : dataset;

/**
 * Opens the data for `model`, whose shapes are inferred: images of its size, normalised as its metadata (or
 * `options.normalisation`) says, labels 0..K-1 for its K classes, of which a folder may hold some. Throws E_DATA where the classes or channels do not fit, E_MODEL where the model is no classifier of images,
 * E_USAGE for a size that is not the model's.
 *
 * @example
 * import { inferShapes, loadModel, openDataFor } from 'tritbank';
 *
 * const graph = inferShapes(await loadModel('mobilenet.onnx'));
 * const { dataset, size, normalisation } = await openDataFor(graph, { data: 'images', testSamples: 8 });
 * console.log(dataset.classes, dataset.test.length, `${size.height} x ${size.width}`, normalisation.mean);
 */
export async function openDataFor(model: Graph, options: DataOptions, warn: Warnings = {}): Promise<ClassifierData> {
  const data = await openFor(model, options, classCountOf(model), warn);
  const { test } = data.dataset;
  const dataset: Dataset = {
    ...gentleCrops(data.dataset),
    test: stratifiedSubset(test, Math.min(options.testSamples ?? test.length, test.length), options.testSeed),
  };
  return { ...data, dataset };
}

/** The same for images that are measured only: whatever their classes are. */
export const openImagesFor = (model: Graph, options: DataOptions, warn: Warnings = {}): Promise<ClassifierData> =>
  openFor(model, options, undefined, warn);

async function openFor(model: Graph, options: DataOptions, classCount: number | undefined, warn: Warnings) {
  const input = imageInputOf(model);
  requireInference(model);
  const dataset =
    classCount === undefined
      ? await open(options, input, 'folder', undefined, warn)
      : await openLabelled(model, options, input, classCount, warn);
  if (dataset.channels !== input.channels) {
    const message = `expected ${input.channels} channels for this model, found ${dataset.channels}`;
    throw new TritbankError('E_DATA', `data set '${dataset.name}'`, message);
  }
  requireFeatures(model, dataset);
  const normalisation = await normalisationFor(model, dataset, options.normalisation, warn);
  return { dataset, size: { height: dataset.height, width: dataset.width }, normalisation };
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
