/**
 * Images without labels, labelled with what a network says of them: what learns from it, or replaces it, is judged by whether
 * it says the same.
 */

import type { Split } from '../data/index.ts';
import type { Graph } from '../ir/index.ts';
import { watchReads } from './compare.ts';
import { type EvaluateOptions, evaluateGraph } from './evaluate.ts';
import type { ClassifierData } from './open-data.ts';

/** The split with the labels that `network` gives its images; an image that cannot be decoded keeps label 0. */
async function relabel(
  network: Graph,
  split: Split,
  { dataset, normalisation }: ClassifierData,
  options: EvaluateOptions,
): Promise<Split> {
  if (split.length === 0) return split;
  const { split: watched, failed } = watchReads(split);
  const { predictions } = await evaluateGraph(network, watched, dataset.classes, normalisation, options);
  const labels = new Int32Array(split.length);
  const seen = Array.from(labels.keys()).filter((image) => !failed.has(image));
  for (const [i, image] of seen.entries()) labels[image] = predictions[i]!;
  const { length, classCount, pixels, channels, height, width } = split;
  return {
    ...{ length, labels, classCount, channels, height, width },
    ...(pixels && { pixels }),
    read: (index, window) => split.read(index, window),
    describe: (index) => split.describe(index),
  };
}

/**
 * The data with labels from `network`'s predictions where they have none, of the test images and, with `training`, of the
 * others; data with labels as they are. Throws what `evaluateGraph` throws.
 *
 * @example
 * import { inferShapes, labelByModel, loadModel, openDataFor } from 'tritbank';
 *
 * const graph = inferShapes(await loadModel('mobilenet.onnx'));
 * const data = await openDataFor(graph, { data: 'images', unlabelled: true });
 * const { dataset } = await labelByModel(graph, data, { training: false });
 * console.log(dataset.test.labels); // what the network says of each image
 */
export async function labelByModel(
  network: Graph,
  data: ClassifierData,
  { training, ...options }: EvaluateOptions & { readonly training: boolean },
): Promise<ClassifierData> {
  const { dataset } = data;
  if (!dataset.isUnlabelled) return data;
  const test = await relabel(network, dataset.test, data, options);
  const train = training ? await relabel(network, dataset.train, data, options) : dataset.train;
  return { ...data, dataset: { ...dataset, train, test } };
}
