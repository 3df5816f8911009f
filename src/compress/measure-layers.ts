/** What the images of a data set say of the layers of a network, as an analysis takes it. */

import { type ClassifierData, imagesToMeasure } from '../classifier/index.ts';
import type { Graph } from '../ir/index.ts';
import type { AnalyzeOptions } from './sensitivity.ts';
import { collectStatistics, type StatisticsOptions } from './statistics/statistics.ts';

export type Measured = Required<Pick<AnalyzeOptions, 'statistics' | 'data'>>;

/** Statistics of `images` images, of the training part where there is one; labels are not read. */
export async function measureLayers(
  graph: Graph,
  { dataset, normalisation }: ClassifierData,
  options: StatisticsOptions & { readonly images: number },
): Promise<Measured> {
  const split = imagesToMeasure(dataset);
  const images = Math.min(options.images, split.length);
  const statistics = await collectStatistics(graph, split, { normalisation, ...options, images });
  return { statistics, data: { name: dataset.name, images } };
}
