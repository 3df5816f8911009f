/** The images that a run trains on. */

import { chooseTraining } from '../classifier/index.ts';
import type { Dataset, Split } from '../data/index.ts';
import { TritbankError } from '../ir/index.ts';
import type { Recipe } from './config.ts';

/**
 * The training split, or `trainSamples` of its images drawn by the seed. E_DATA where training or test images are
 * missing, or where there is not one whole batch.
 */
export function pickTraining(
  dataset: Dataset,
  { batchSize, ...choice }: Pick<Recipe, 'batchSize' | 'seed' | 'trainSamples'>,
): Split {
  for (const [name, split] of Object.entries({ training: dataset.train, test: dataset.test })) {
    if (split.length === 0) {
      throw new TritbankError('E_DATA', `data set '${dataset.name}'`, `expected ${name} images, found none`);
    }
  }
  const train = chooseTraining(dataset, choice);
  if (train.length < batchSize) {
    const message = `expected at least one batch of ${batchSize} training images, found ${train.length}`;
    throw new TritbankError('E_DATA', `data set '${dataset.name}'`, message);
  }
  return train;
}
