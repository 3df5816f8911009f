/** A part of a split, for calibration sets, evaluation on some images, and quick looks. */

import { TritbankError } from '../ir/errors.ts';
import { Random } from '../ir/random.ts';
import { requireInteger, type Split } from './dataset.ts';
import type { CropWindow } from './image.ts';
import { imageBytes } from './image.ts';
import { MemorySplit } from './memory.ts';

/** `count` different indices below `length`, drawn by `seed`, in ascending order. */
export function sampleIndices(length: number, count: number, seed: number): Uint32Array {
  const all = Uint32Array.from({ length }, (_, i) => i);
  if (count === length) return all;
  return new Random(seed, 'subset').shuffle(all).slice(0, count).sort();
}

/**
 * `count` random images of the split, the same ones for the same seed. E_USAGE when it has fewer.
 *
 * @example
 * import { openDataset, subset } from 'tritbank';
 *
 * const { train } = await openDataset('images');
 * const few = subset(train, 12, 7);
 * console.log(few.length, few.describe(0));
 */
export function subset(split: Split, count: number, seed = 0): Split {
  requireInteger('subset', count, 0, split.length);
  return selectImages(split, sampleIndices(split.length, count, seed));
}

/**
 * `count` images of the split, of each class as large a part as in the whole, by the same seed the same ones: all images
 * in an order of classes, at random within each, of which every (length / count)-th is taken. E_USAGE when it has fewer.
 *
 * @example
 * import { openDataset, stratifiedSubset } from 'tritbank';
 *
 * const { test, classes } = await openDataset('images');
 * const few = stratifiedSubset(test, classes.length);
 * console.log(few.labels); // each class once where all have as many images
 */
export function stratifiedSubset(split: Split, count: number, seed = 0): Split {
  requireInteger('subset', count, 0, split.length);
  return count === split.length ? split : selectImages(split, stratifiedIndices(split, count, seed));
}

/** `count` indices in ascending order, of each class in proportion. */
function stratifiedIndices(split: Split, count: number, seed: number): Uint32Array {
  const random = new Random(seed, 'strata');
  const byClass = Array.from({ length: split.classCount }, (): number[] => []);
  for (const index of random.shuffle(split.labels.map((_, i) => i))) byClass[split.labels[index]!]!.push(index);
  const order = byClass.flat();
  const start = random.float();
  const chosen = Uint32Array.from(
    { length: count },
    (_, k) => order[Math.floor(((k + start) * order.length) / count)]!,
  );
  return chosen.sort();
}

/** The images at `indices`, in that order. Images in memory are copied. */
export function selectImages(split: Split, indices: ArrayLike<number>): Split {
  const labels = Int32Array.from(indices, (i) => split.labels[i]!);
  const { channels, height, width, classCount, pixels } = split;
  if (pixels) {
    const bytes = imageBytes(split);
    const chosen = new Uint8Array(indices.length * bytes);
    for (let k = 0; k < indices.length; k++) {
      chosen.set(pixels.subarray(indices[k]! * bytes, (indices[k]! + 1) * bytes), k * bytes);
    }
    const memory = new MemorySplit('subset', split, chosen, labels, classCount);
    return {
      ...{ channels, height, width, classCount, labels, pixels: chosen, length: indices.length },
      read: (index: number, window?: CropWindow) => memory.read(index, window),
      describe: (index: number) => split.describe(indices[index]!),
    };
  }
  return {
    channels,
    height,
    width,
    classCount,
    labels,
    length: indices.length,
    ...(split.order && { order: (seed: number, epoch: number) => orderWithin(split, indices, seed, epoch) }),
    read: (index: number, window?: CropWindow) => split.read(indices[index]!, window),
    ...(split.vary && { vary: (index: number, random: Random) => split.vary!(indices[index]!, random) }),
    describe: (index: number) => split.describe(indices[index]!),
  };
}

/** The places in `indices` in the split's own order. */
function orderWithin(split: Split, indices: ArrayLike<number>, seed: number, epoch: number): Uint32Array {
  const places = new Map(Array.from(indices, (index, place) => [index, place]));
  return Uint32Array.from([...split.order!(seed, epoch)].flatMap((index) => places.get(index) ?? []));
}

/** A split in two parts. */
export interface Division {
  readonly kept: Split;
  readonly heldOut: Split;
}

/**
 * Holds out `share` (above 0, below 1) of the split, of each class in proportion, by the same seed the same images. Every
 * class keeps an image at least, of those that would be held out where there is no other. E_USAGE for another share, E_DATA
 * where one of the parts would be empty.
 *
 * @example
 * import { holdOut, openDataset } from 'tritbank';
 *
 * const { train } = await openDataset('images');
 * const { kept, heldOut } = holdOut(train, 0.25, 1);
 * console.log(kept.length + heldOut.length === train.length, heldOut.describe(0));
 */
export function holdOut(split: Split, share: number, seed = 0): Division {
  if (!(share > 0 && share < 1)) {
    throw new TritbankError('E_USAGE', 'validation', `expected a share above 0 and below 1, found ${share}`);
  }
  const count = Math.round(share * split.length);
  if (count === 0 || count === split.length) {
    const expected = 'expected images on both sides of a validation split';
    throw new TritbankError('E_DATA', 'validation', `${expected}, found ${count} of ${split.length} held out`);
  }
  const division = divideAt(split, keepOneEach(split, stratifiedIndices(split, count, seed)));
  if (division.heldOut.length > 0) return division;
  const expected = 'expected classes of several images, so that some can be held out for validation';
  throw new TritbankError('E_DATA', 'validation', `${expected}, found one training image of each`);
}

/** The indices without the last one of each class that has no other image. */
function keepOneEach({ labels, classCount }: Split, chosen: Uint32Array): Uint32Array {
  const left = new Int32Array(classCount);
  for (const label of labels) left[label]!++;
  for (const index of chosen) left[labels[index]!]!--;
  const last = new Map([...chosen].map((index) => [labels[index]!, index]));
  return chosen.filter((index) => left[labels[index]!]! > 0 || last.get(labels[index]!) !== index);
}

/** The images at `indices` held out, the others kept, both in their order. */
export function divideAt(split: Split, indices: ArrayLike<number>): Division {
  const chosen = Uint32Array.from(indices).sort();
  const others = new Set(chosen);
  const kept = Uint32Array.from({ length: split.length }, (_, i) => i).filter((i) => !others.has(i));
  return { kept: selectImages(split, kept), heldOut: selectImages(split, chosen) };
}
