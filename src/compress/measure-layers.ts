/** What the images of a data set say of the layers of a network, as an analysis takes it. */

import { type ClassifierData, imagesToMeasure, type TrainingChoice } from '../classifier/index.ts';
import type { Graph } from '../ir/index.ts';
import type { AnalyzeOptions } from './sensitivity.ts';
import { collectStatistics, type StatisticsOptions } from './statistics/statistics.ts';

export type Measured = Required<Pick<AnalyzeOptions, 'statistics' | 'data'>>;

export type MeasureOptions = StatisticsOptions & Pick<TrainingChoice, 'trainSamples'> & { readonly images: number };

/** Statistics of `images` of the training images in use, where there are any; labels are not read. */
export async function measureLayers(
  graph: Graph,
  { dataset, normalisation }: ClassifierData,
  { trainSamples, ...options }: MeasureOptions,
): Promise<Measured> {
  const { seed } = options;
  const split = imagesToMeasure(dataset, {
    ...(trainSamples !== undefined && { trainSamples }),
    ...(seed !== undefined && { seed }),
  });
  const images = Math.min(options.images, split.length);
  const statistics = await collectStatistics(graph, split, { normalisation, ...options, images });
  return { statistics, data: { name: dataset.name, images } };
}
