/** The data of fine-tuning: images as a given model wants them, with labels in its numbering. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Dataset, openDataset, selectImages } from '../data/index.ts';
import { type Graph, TritbankError } from '../ir/index.ts';
import type { RunData, RunOptions } from './context.ts';
import { classCountOf } from './evaluate.ts';
import type { FineTuneConfig } from './fine-tune-config.ts';
import { pickTraining } from './pick-training.ts';
import { type Normalisation, readNormalisation } from './pixels.ts';

interface ImageInput {
  readonly channels: 1 | 3;
  /** Height and width; undefined where the model leaves them open. */
  readonly size: number | undefined;
}

/** The model's only input as square images. E_MODEL for anything else. */
export function imageInputOf(graph: Graph): ImageInput {
  const shape = graph.inputs[0]?.type?.shape;
  const [, channels, height, width] = shape ?? [];
  const isSingle = graph.inputs.length === 1 && shape?.length === 4;
  const isOpen = typeof height === 'string' && typeof width === 'string';
  if (isSingle && (channels === 1 || channels === 3) && (height === width || isOpen)) {
    return { channels, size: typeof height === 'number' ? height : undefined };
  }
  const found = graph.inputs.length > 1 ? `${graph.inputs.length} inputs` : shape ? `[${shape.join(', ')}]` : 'none';
  throw new TritbankError('E_MODEL', `graph '${graph.name}'`, `expected an input [N, 1 or 3, S, S], found ${found}`);
}

function normalisationFor(model: Graph, channels: number, given: Normalisation | undefined): Normalisation {
  const normalisation = given ?? readNormalisation(model, channels);
  if (!normalisation) {
    const expected = 'expected input_mean and input_std in its metadata, or a normalisation in the options';
    throw new TritbankError('E_MODEL', `graph '${model.name}'`, `${expected}, found neither`);
  }
  return normalisation;
}

async function open(
  config: FineTuneConfig,
  { channels, size }: ImageInput,
  classCount: number,
  { warn }: Pick<RunOptions, 'warn'>,
): Promise<Dataset> {
  const labels = config.labels ?? (existsSync(join(config.data, 'classes.json')) ? 'index' : 'folder');
  try {
    return await openDataset(config.data, {
      channels,
      labels,
      classCount,
      ...(size !== undefined && { imageSize: size }),
      ...(config.dataDir !== undefined && { dir: config.dataDir }),
      ...(warn && { warn }),
    });
  } catch (error) {
    if (!(error instanceof TritbankError) || error.where !== 'classCount') throw error;
    const message = `expected class indices below ${classCount}, the number of classes of the model; ${error.detail}`;
    throw new TritbankError('E_DATA', join(config.data, 'classes.json'), message, { cause: error });
  }
}

/** Random-resized crops of a trained network's data: less is cut away than is customary from scratch (0.08). */
const crops = { area: [0.35, 1], ratio: [3 / 4, 4 / 3] } as const;

/**
 * Opens the data for `model`, whose shapes are inferred: images of its size, normalised as its metadata (or
 * `config.normalisation`) says, labels 0..K-1 for its K classes. A folder with `classes.json` may hold some of the
 * classes. Throws E_DATA where the classes do not fit, E_MODEL where the model is no classifier of images or does not
 * say how pixels are normalised.
 */
export async function openDataFor(model: Graph, config: FineTuneConfig, options: RunOptions): Promise<RunData> {
  const input = imageInputOf(model);
  const size = input.size ?? config.inputSize;
  if (size === undefined || (config.inputSize ?? size) !== size) {
    const expected = size === undefined ? 'an input size' : `the model's input size ${size}`;
    throw new TritbankError('E_USAGE', 'input size', `expected ${expected}, found ${config.inputSize ?? 'none'}`);
  }
  const classCount = classCountOf(model);
  const normalisation = normalisationFor(model, input.channels, config.normalisation);
  const dataset = await open(config, { ...input, size }, classCount, options);
  const found = dataset.classes.length;
  if (found !== classCount) {
    const expected = `expected the ${classCount} classes of the model, or a classes.json that gives their indices`;
    throw new TritbankError('E_DATA', `data set '${dataset.name}'`, `${expected}, found ${found} classes`);
  }
  if (dataset.channels !== input.channels) {
    const message = `expected ${input.channels} channels for this model, found ${dataset.channels}`;
    throw new TritbankError('E_DATA', `data set '${dataset.name}'`, message);
  }
  const { augment, test } = dataset;
  const count = Math.min(config.testSamples ?? test.length, test.length);
  // Spread over the split, whose images may be sorted by class.
  const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * test.length) / count));
  const used: Dataset = {
    ...dataset,
    augment: augment.resizedCrop === true ? { ...augment, resizedCrop: crops } : augment,
    test: count < test.length ? selectImages(test, chosen) : test,
  };
  return { dataset: used, train: pickTraining(used, config), size: dataset.height, normalisation };
}
