/** The images that a run trains on. */

import { chooseTraining } from '../classifier/index.ts';
import { type Dataset, type Division, divideAt, holdOut, type Split, sampleIndices } from '../data/index.ts';
import { TritbankError } from '../ir/index.ts';
import type { Recipe } from './config.ts';
import type { RunOptions } from './context.ts';
import { holdOutAgain, storedHeldOut } from './held-out.ts';
import { localBatch } from './spread.ts';

export interface TrainingImages {
  readonly train: Split;
  /** Held out of the training images: what decides while training goes on, so that test images are for the end. */
  readonly validation?: Split;
}

/** Which images, of which data. */
type Choice = Pick<Recipe, 'batchSize' | 'seed' | 'trainSamples' | 'validation'> & {
  readonly data: string;
  /** A teacher knows the classes, whether or not there are images of each. */
  readonly isTaught?: boolean;
};

/** Images a class, below which those of a taught network are held out whatever their classes are. */
const fewOfAClass = 5;

/**
 * The images held out of `chosen` for validation: of each class in proportion, so that each keeps one; for a taught network with
 * few of a class, or with labels that mean nothing, any. E_DATA where one of the parts would be empty.
 */
export function holdOutOf(
  { isUnlabelled }: Pick<Dataset, 'isUnlabelled'>,
  chosen: Split,
  { validation, seed, isTaught }: { readonly validation: number; readonly seed: number; readonly isTaught: boolean },
): Division {
  const count = Math.round(validation * chosen.length);
  const isAny = isUnlabelled || chosen.length < fewOfAClass * new Set(chosen.labels).size;
  if (!isTaught || !isAny || count === 0 || count === chosen.length) return holdOut(chosen, validation, seed);
  return divideAt(chosen, sampleIndices(chosen.length, count, seed));
}

/**
 * The training split, or `trainSamples` of its images drawn by the seed, less those held out for validation: the same ones
 * where a run goes on. Warns of classes without training or test images. E_USAGE for a batch that the ranks cannot divide. E_DATA where training or test images are missing,
 * where there are fewer than two classes, or where there is not one whole batch; E_RESUME where images that were held out
 * are missing.
 */
export function pickTraining(
  dataset: Dataset,
  { batchSize, validation, data, isTaught = false, ...choice }: Choice,
  options: Pick<RunOptions, 'out' | 'resume' | 'warn' | 'ranks'>,
): TrainingImages {
  localBatch({ batchSize }, options.ranks);
  if (dataset.classes.length < 2) {
    const found = dataset.classes.map((name) => `only '${name}'`)[0] ?? 'none';
    throw new TritbankError('E_DATA', `data set '${data}'`, `expected at least 2 classes, found ${found}`);
  }
  for (const [name, split] of Object.entries({ training: dataset.train, test: dataset.test })) {
    if (split.length === 0) {
      throw new TritbankError('E_DATA', `data set '${dataset.name}'`, `expected ${name} images, found none`);
    }
  }
  const chosen = chooseTraining(dataset, choice);
  const stored = storedHeldOut(options);
  const division =
    validation === undefined
      ? undefined
      : stored
        ? holdOutAgain(chosen, stored, options.out)
        : holdOutOf(dataset, chosen, { validation, isTaught, seed: choice.seed });
  const train = division?.kept ?? chosen;
  if (train.length < batchSize) {
    const message = `expected at least one batch of ${batchSize} training images (--batch-size), found ${train.length}`;
    throw new TritbankError('E_DATA', `data set '${dataset.name}'`, message);
  }
  for (const line of lackingClasses(dataset, train)) options.warn?.(line);
  const rest = train.length % batchSize;
  if (rest > notableRest * train.length) {
    const which = `${rest} of ${train.length} training images, other ones each time`;
    options.warn?.(`an epoch leaves out ${which}: its batches have ${batchSize} (--batch-size)`);
  }
  return { train, ...(division && { validation: division.heldOut }) };
}

/** A share of images in no whole batch that is worth a word. */
const notableRest = 0.1;

/** So many names are enough in a line. */
const mostNames = 5;

/** A line for the classes of the data that have no image of a kind. */
function lackingClasses({ classes, train: all, test }: Dataset, train: Split): string[] {
  const present = new Set([...all.labels, ...test.labels]);
  return Object.entries({ training: train, test }).flatMap(([kind, { labels }]) => {
    const there = new Set(labels);
    const names = [...present].filter((label) => !there.has(label)).map((label) => `'${classes[label]}'`);
    if (names.length === 0) return [];
    const more = names.length > mostNames ? ` and ${names.length - mostNames} others` : '';
    return [
      `no ${kind} images of ${names.length > 1 ? 'the classes' : 'class'} ${names.slice(0, mostNames).join(', ')}${more}`,
    ];
  });
}
