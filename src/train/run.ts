/** Training from scratch (`transfer.ts` has that of a given network): opens the data, builds and rewrites an architecture, trains it (`train-graph.ts`). */

import { featureMetadata, requireLabels } from '../classifier/index.ts';
import { type Dataset, openDataset, statistics } from '../data/index.ts';
import { checkRunPlace } from '../files/index.ts';
import type { Size } from '../images/size.ts';
import { buildNetwork } from '../models/index.ts';
import { inferShapes } from '../passes/index.ts';
import { applyPlan, makePlan } from '../quantize/index.ts';
import type { TrainConfig } from './config.ts';
import type { RunOptions } from './context.ts';
import { loadInitialWeights } from './initial-weights.ts';
import { checkConfig } from './options.ts';
import { pickTraining, type TrainingImages } from './pick-training.ts';
import type { RunResult } from './records.ts';
import { runPlace, withInputs } from './run-layout.ts';
import { withTeacher } from './teacher.ts';
import { type TrainTask, trainGraph } from './train-graph.ts';
import { transferNetwork } from './transfer.ts';

async function openData(
  config: TrainConfig,
  options: RunOptions,
): Promise<{ readonly dataset: Dataset } & TrainingImages> {
  const dataset = await openDataset(config.data, {
    ...(config.dataDir !== undefined && { dir: config.dataDir }),
    ...(config.inputSize !== undefined && { imageSize: config.inputSize }),
    ...(options.warn && { warn: options.warn }),
  });
  requireLabels(dataset);
  return { dataset, ...pickTraining(dataset, config, options) };
}

/** Images up to this size are not halved by the first convolution unless asked for. */
const smallImage = 64;

/** Spectrograms, which are not square, are halved as published. */
const isSmall = ({ height, width }: Size) => height === width && height <= smallImage;

/**
 * Trains a network, from scratch or with a new head for other classes, and leaves the files of `trainGraph` in `options.out`.
 * Errors: E_USAGE and E_DATA for a bad configuration or data set, E_MODEL for a teacher or plan that does not fit, and
 * those of `trainGraph`.
 *
 * @example
 * import { defaultConfig, trainNetwork } from 'tritbank';
 *
 * const network = { model: 'ds-cnn', width: 0.25, firstStride: 2, method: 'hybrid', layerKinds: ['first'] } as const;
 * const config = { ...defaultConfig, ...network, data: 'images', epochs: 1, batchSize: 8 };
 * const { top1, bytes, model } = await trainNetwork(config, { out: 'runs/hybrid' });
 * console.log(top1, bytes, model);
 */
export async function trainNetwork(config: TrainConfig, given: RunOptions): Promise<RunResult> {
  checkConfig(config);
  if (config.from !== undefined) return transferNetwork({ ...config, from: config.from }, given);
  const options = withInputs(given, config);
  checkRunPlace(options.out, runPlace(options));
  const { dataset, ...images } = await openData(config, options);
  const size = { height: dataset.height, width: dataset.width };
  const normalisation = await statistics(dataset, options.warn ? { warn: options.warn } : {});
  const firstStride = config.firstStride ?? (isSmall(size) ? 1 : 2);
  const { outputStride } = config;
  const shape = {
    inputSize: size,
    channels: dataset.channels,
    classes: dataset.classes.length,
    firstStride,
    ...(outputStride !== undefined && { outputStride }),
  };
  const base = inferShapes(buildNetwork(config.model, { width: config.width, seed: config.seed, ...shape }));
  if (config.initial !== undefined) loadInitialWeights(base, config.initial);
  const plan = makePlan(base, {
    method: config.method,
    alpha: config.alpha,
    granularity: config.granularity,
    ...(config.widthRatio !== undefined && { widthRatio: config.widthRatio }),
    ...(config.layerKinds && { kinds: config.layerKinds }),
  });
  const task: TrainTask = {
    base,
    quantized: applyPlan(base, plan, config.seed),
    plan,
    method: config.method,
    architecture: `${config.model} ${config.width}, ${size.height}x${size.width}, ${outputStride === undefined ? `first stride ${firstStride}` : `output stride ${outputStride}`}`,
    data: { dataset, ...images, size, normalisation },
    config,
    metadata: { labels: JSON.stringify(dataset.classes), ...featureMetadata(dataset) },
  };
  return withTeacher(config, task.data, options, (distillation) =>
    trainGraph({ ...task, ...distillation }, config, options),
  );
}
