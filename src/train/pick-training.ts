/** The images that a run trains on. */

import { type Dataset, type Split, subset } from '../data/index.ts';
import { TritbankError } from '../ir/index.ts';
import type { Recipe } from './config.ts';

/**
 * The training split, or `trainSamples` of its images drawn by the seed. E_DATA where training or test images are
 * missing, or where there is not one whole batch.
 */
export function pickTraining(
  dataset: Dataset,
  { trainSamples, batchSize, seed }: Pick<Recipe, 'batchSize' | 'seed'> & { readonly trainSamples?: number },
): Split {
  for (const [name, split] of Object.entries({ training: dataset.train, test: dataset.test })) {
    if (split.length === 0) {
      throw new TritbankError('E_DATA', `data set '${dataset.name}'`, `expected ${name} images, found none`);
    }
  }
  const isPart = trainSamples !== undefined && trainSamples < dataset.train.length;
  const train = isPart ? subset(dataset.train, trainSamples, seed) : dataset.train;
  if (train.length < batchSize) {
    const message = `expected at least one batch of ${batchSize} training images, found ${train.length}`;
    throw new TritbankError('E_DATA', `data set '${dataset.name}'`, message);
  }
  return train;
}
