/** The images that a run trains on. */

import { chooseTraining } from '../classifier/index.ts';
import { type Dataset, holdOut, type Split } from '../data/index.ts';
import { TritbankError } from '../ir/index.ts';
import type { Recipe } from './config.ts';

export interface TrainingImages {
  readonly train: Split;
  /** Held out of the training images: what decides while training goes on, so that test images are for the end. */
  readonly validation?: Split;
}

/**
 * The training split, or `trainSamples` of its images drawn by the seed, less those held out for validation. E_DATA where
 * training or test images are missing, or where there is not one whole batch.
 */
export function pickTraining(
  dataset: Dataset,
  { batchSize, validation, ...choice }: Pick<Recipe, 'batchSize' | 'seed' | 'trainSamples' | 'validation'>,
): TrainingImages {
  for (const [name, split] of Object.entries({ training: dataset.train, test: dataset.test })) {
    if (split.length === 0) {
      throw new TritbankError('E_DATA', `data set '${dataset.name}'`, `expected ${name} images, found none`);
    }
  }
  const chosen = chooseTraining(dataset, choice);
  const division = validation === undefined ? undefined : holdOut(chosen, validation, choice.seed);
  const train = division?.kept ?? chosen;
  if (train.length < batchSize) {
    const message = `expected at least one batch of ${batchSize} training images, found ${train.length}`;
    throw new TritbankError('E_DATA', `data set '${dataset.name}'`, message);
  }
  return { train, ...(division && { validation: division.heldOut }) };
}
