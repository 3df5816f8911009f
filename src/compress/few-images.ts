/**
 * Training on few images, or from a network that is good already, must not end below where it began: a part of the images is
 * held out, from calibration too, and judges what becomes of the network after each epoch and in the end (early
 * stopping; Prechelt 1998, "Early stopping - but when?").
 */

import { type ClassifierData, chooseTraining, evaluateGraph } from '../classifier/index.ts';
import type { Dataset, Division, Split } from '../data/index.ts';
import { jsonCodec } from '../files/index.ts';
import type { Graph } from '../ir/index.ts';
import { holdOutOf } from '../train/index.ts';
import type { CompressConfig } from './compress-config.ts';
import { compressFiles, type Job, signalOf, threadsOf, trainingOf, warningsTo } from './job.ts';

/** Below so many training images, or without labels, what is best is decided by images that are held out. */
const fewImages = 10_000;

/** A tenth of the images; a fifth of a few hundred; 1,000 are enough. */
function chooseShare(images: number): number {
  const count = Math.min(1000, Math.max(0.1 * images, Math.min(100, 0.2 * images)));
  return Math.round(count) / images;
}

/**
 * The configuration with a share of images held out, where it trains from a calibrated network, on few images or on images
 * without labels, and says nothing of it.
 */
export function withValidation(
  config: CompressConfig,
  data: ClassifierData | undefined,
  warn: ((line: string) => void) | undefined,
): CompressConfig {
  const { method, init, training } = config;
  if (method !== 'train' || training.validation !== undefined || !data) return config;
  const { dataset } = data;
  const { length } = chooseTraining(dataset, training);
  const isTaught = training.distillation !== undefined;
  if (init !== 'calibrate' && !(isTaught && (dataset.isUnlabelled || length < fewImages))) return config;
  const validation = chooseShare(length);
  const count = Math.round(validation * length);
  if (count === 0 || length - count < training.batchSize) return config;
  warn?.(`${count} of ${length} training images are held out (--validation): the epoch that does best on them is kept`);
  return { ...config, training: { ...training, validation } };
}

/** The training images of a run in two parts; undefined where all are trained on. */
export function divideImages(job: Pick<Job, 'config'>, dataset: Dataset): Division | undefined {
  const { training, seed } = job.config;
  const { validation, distillation } = training;
  if (validation === undefined) return undefined;
  const isTaught = distillation !== undefined;
  return holdOutOf(dataset, chooseTraining(dataset, trainingOf(job as Job)), { validation, seed, isTaught });
}

/** What the images that were held out say of a calibrated network and of what training made of it. */
export interface HeldOutCheck {
  readonly images: number;
  /** Shares of these that are right; of images without labels, for which the original says the same. */
  readonly calibrated: number;
  readonly trained: number;
  readonly kept: 'calibrated' | 'trained';
}

/** Of a calibrated network and a trained one the better, the trained one where they are equal; kept in the run directory. */
export async function keepBetter(job: Job, calibrated: Graph, trained: Graph, heldOut: Split): Promise<Graph> {
  const check = await job.run.stage('check', compressFiles.heldOut, jsonCodec<HeldOutCheck>(2), async () => {
    const { dataset, normalisation } = job.data!;
    const predict = (graph: Graph) =>
      evaluateGraph(graph, heldOut, dataset.classes, normalisation, {
        ...threadsOf(job),
        ...signalOf(job),
        ...warningsTo(job),
      });
    const before = await predict(calibrated);
    const after = await predict(trained);
    const truth = dataset.isUnlabelled ? (await predict(job.graph)).predictions : undefined;
    const [was, is] = [before, after].map(({ top1, predictions }) =>
      truth ? predictions.filter((p, i) => p === truth[i]).length / truth.length : top1,
    ) as [number, number];
    const isTrained = is > was || (is === was && (truth !== undefined || after.loss <= before.loss));
    const kept = isTrained ? 'trained' : 'calibrated';
    return { images: before.samples, calibrated: was, trained: is, kept } satisfies HeldOutCheck;
  });
  if (check.kept === 'trained') return trained;
  const [was, is] = [check.calibrated, check.trained].map((share) => `${(100 * share).toFixed(1)} %`);
  job.options.warn?.(
    `the calibrated network is kept: training ended at ${is} of the ${check.images} images held out, it began at ${was}`,
  );
  return calibrated;
}
