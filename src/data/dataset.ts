/**
 * What a data set is to the rest of Tritbank: named classes, and two splits of labelled uint8 images of one size.
 * How the images are stored (IDX, CIFAR batches, a folder, made up) stays behind `Split.read`.
 */

import { type Size, type SizeOption, sizeOf } from '../images/size.ts';
import { TritbankError } from '../ir/errors.ts';
import type { Random } from '../ir/random.ts';
import type { AugmentOptions } from './augment.ts';
import type { CropWindow, ImageShape } from './image.ts';

/** Labelled images of one shape. */
export interface Split extends ImageShape {
  readonly length: number;
  /** Class of each image, each in 0 .. classCount - 1. */
  readonly labels: Int32Array;
  readonly classCount: number;
  /** All images one after the other in CHW order, for splits held in memory. Read-only. */
  readonly pixels?: Uint8Array;
  /**
   * Image `index` as `channels x height x width` bytes in CHW order, RGB, 0..255: whole (shorter side fitted, then the
   * centre), or the part in `window` brought to that size. Do not write into the result. Throws (or rejects with)
   * E_FORMAT or E_FILE, naming the file, when the image cannot be decoded.
   */
  read(index: number, window?: CropWindow): Uint8Array | Promise<Uint8Array>;
  /** Image `index` changed at random in the split's own way, for training with `augment.own`. */
  vary?(index: number, random: Random): Promise<Uint8Array>;
  /**
   * The order of an epoch, for splits that are read best in an order of their own. Default: all images shuffled. Ranks take
   * consecutive pieces of it, not rows of the same batches.
   */
  order?(seed: number, epoch: number): Uint32Array;
  /** Where image `index` comes from, for messages: a file's path, or `mnist train[12]`. */
  describe(index: number): string;
}

export interface Dataset extends ImageShape {
  /** `mnist`, `cifar10` ..., or a directory's name. */
  readonly name: string;
  readonly classes: readonly string[];
  /** Names of the class folders, where their sorted order numbers the classes; absent where the data have an order. */
  readonly folders?: readonly string[];
  /** May be empty when a directory holds evaluation images only. */
  readonly train: Split;
  readonly test: Split;
  /** The labels mean nothing: they are all 0. */
  readonly isUnlabelled?: true;
  /** The usual augmentation for training on this data set. */
  readonly augment: AugmentOptions;
  /** What was computed of sounds, as JSON: a model that was trained on these fits no others. Absent of pictures. */
  readonly inputFeatures?: string;
  /** Mean and deviation of the training images' channels, where they are known; else `statistics` measures them. */
  readonly statistics?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** What a report should say about the data: how it was split, files whose content is not the official one. */
  readonly notes: readonly string[];
}

export interface OpenOptions {
  /** Directory of a named data set, instead of the usual places. */
  readonly dir?: string;
  /**
   * Height and width of delivered images. Folders: any size, by default the first image's shorter side, at most 224.
   * Fixed-size sets: their size, or up to 8 pixels more, filled up with zeros (28 -> 32), or enlarged (32 -> 96).
   */
  readonly imageSize?: SizeOption;
  /** Folders: 1 decodes to grey, 3 (default) to RGB. `synthetic`: default 3. Grey sets: 3 repeats their channel. */
  readonly channels?: 1 | 3;
  /**
   * Folders: `folder` (default) numbers the class folders in sorted order; `index` takes the label from
   * `classes.json` (`{"n01440764": {"index": 0, "name": "tench"}}`), for models with more
   * outputs than there are folders.
   */
  readonly labels?: 'folder' | 'index';
  /** Number of classes with `labels: 'index'` (default: the largest index + 1), and of `synthetic` (default 10). */
  readonly classCount?: number;
  /** Folders, evaluation: side of the centre crop / shorter side, 0.1..1; default 1, customary for ImageNet 0.875. */
  readonly cropFraction?: number;
  /** Folders without split folders: fraction of each class that becomes the test split, 0..1; default 0.1. */
  readonly testFraction?: number;
  /** Folders: read all images below, whatever folders they are in, without labels. */
  readonly unlabelled?: boolean;
  /** Seed of `synthetic`; default 0. */
  readonly seed?: number;
  /** Receives one line for each thing that is odd but not wrong; such lines are in `Dataset.notes` too. */
  readonly warn?: (message: string) => void;
}

/** Throws E_USAGE unless `value` is an integer in min .. max; returns it. */
export function requireInteger(where: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const bounded = max === Number.MAX_SAFE_INTEGER ? ` of at least ${min}` : ` in ${min}..${max}`;
  const range = min === -Number.MAX_SAFE_INTEGER ? '' : bounded;
  throw new TritbankError('E_USAGE', where, `expected an integer${range}, found ${value}`);
}

/** Height and width; throws E_USAGE unless both are integers in min .. max. */
export function requireSize(where: string, given: SizeOption, min: number, max: number): Size {
  const size = sizeOf(given);
  for (const side of [size.height, size.width]) requireInteger(where, side, min, max);
  return size;
}

/** Throws E_USAGE unless min <= value <= max; returns it. */
export function requireNumber(where: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  throw new TritbankError('E_USAGE', where, `expected a number in ${min}..${max}, found ${value}`);
}
