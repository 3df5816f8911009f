/** Splits held in memory: small images, all in one array. */

import { isSameSize, type Size, sizeOf } from '../images/size.ts';
import { TritbankError } from '../ir/errors.ts';
import { type Dataset, type OpenOptions, requireInteger, type Split } from './dataset.ts';
import { type CropWindow, cutWindow, type ImageShape, imageBytes, placeImage, resampleWindow } from './image.ts';

/** A split over `pixels` (length x C x H x W, kept by reference) and their labels. */
export class MemorySplit implements Split {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly length: number;

  constructor(
    private readonly name: string,
    shape: ImageShape,
    readonly pixels: Uint8Array,
    readonly labels: Int32Array,
    readonly classCount: number,
  ) {
    this.channels = shape.channels;
    this.height = shape.height;
    this.width = shape.width;
    this.length = labels.length;
    if (pixels.length !== labels.length * imageBytes(shape)) {
      throw new Error(`internal: ${name} has ${pixels.length} pixels for ${labels.length} labels`);
    }
  }

  read(index: number, window?: CropWindow): Uint8Array {
    const from = index * imageBytes(this);
    if (!window) return this.pixels.subarray(from, from + imageBytes(this));
    return resampleWindow(this.pixels, from, this, cutWindow(window, this.height, this.width));
  }

  describe(index: number): string {
    return `${this.name}[${index}]`;
  }
}

/** Label bytes as integers; E_DATA naming the file and the index where one is not below `classCount`. */
export function checkedLabels(file: string, bytes: Uint8Array, classCount: number): Int32Array {
  const at = bytes.findIndex((label) => label >= classCount);
  if (at < 0) return Int32Array.from(bytes);
  const found = `found ${bytes[at]} at index ${at}`;
  throw new TritbankError('E_DATA', file, `expected labels in 0..${classCount - 1}, ${found}`);
}

/** The images of a split in memory, enlarged when they are read: all of them at that size would not fit there. */
class EnlargedSplit implements Split {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly length: number;
  readonly labels: Int32Array;
  readonly classCount: number;

  constructor(
    private readonly split: MemorySplit,
    { height, width }: Size,
  ) {
    this.channels = split.channels;
    this.height = height;
    this.width = width;
    this.length = split.length;
    this.labels = split.labels;
    this.classCount = split.classCount;
  }

  read(index: number, window?: CropWindow): Uint8Array {
    const { pixels, height, width } = this.split;
    const area = window ? cutWindow(window, height, width) : { left: 0, top: 0, height, width };
    return resampleWindow(pixels, index * imageBytes(this.split), this.split, area, this);
  }

  describe(index: number): string {
    return this.split.describe(index);
  }
}

/** Grey images for networks that take colour: the one channel three times. */
class ColourSplit implements Split {
  readonly channels = 3;
  readonly height: number;
  readonly width: number;
  readonly length: number;
  readonly labels: Int32Array;
  readonly classCount: number;

  constructor(private readonly split: Split) {
    this.height = split.height;
    this.width = split.width;
    this.length = split.length;
    this.labels = split.labels;
    this.classCount = split.classCount;
  }

  async read(index: number, window?: CropWindow): Promise<Uint8Array> {
    const grey = await this.split.read(index, window);
    const colour = new Uint8Array(3 * grey.length);
    for (let channel = 0; channel < 3; channel++) colour.set(grey, channel * grey.length);
    return colour;
  }

  describe(index: number): string {
    return this.split.describe(index);
  }
}

function colourDataset(dataset: Dataset): Dataset {
  const { train, test, notes } = dataset;
  return {
    ...dataset,
    channels: 3,
    train: new ColourSplit(train),
    test: new ColourSplit(test),
    notes: [...notes, 'images are grey: their one channel stands for red, green and blue'],
  };
}

/** A data set whose splits are in memory. */
export type MemoryDataset = Dataset & { readonly train: MemorySplit; readonly test: MemorySplit };

/** Pixels that zeros around an image may add to a side; it is enlarged to what is larger still. */
const mostPadding = 8;
/** Pixels of the largest side that images are enlarged to. */
const mostEnlarged = 1024;

/** A data set in memory as a network takes it: of `imageSize`, and in colour where `channels` is 3. Throws what `fitSize` does. */
export function fitDataset(dataset: MemoryDataset, options: OpenOptions): Dataset {
  const fitted = fitSize(dataset, options);
  return options.channels === 3 && dataset.channels === 1 ? colourDataset(fitted) : fitted;
}

/**
 * A data set in memory with images of `imageSize`: with zeros around them up to 8 pixels more, else enlarged by bilinear
 * interpolation. E_USAGE for less than their own size, or more than 1024 pixels.
 */
function fitSize(dataset: MemoryDataset, options: OpenOptions): Dataset {
  if (options.imageSize === undefined) return dataset;
  const size = sizeOf(options.imageSize);
  if (isSameSize(size, dataset)) return dataset;
  const where = `imageSize of ${dataset.name}`;
  requireInteger(where, size.height, dataset.height, mostEnlarged);
  requireInteger(where, size.width, dataset.width, mostEnlarged);
  const more = Math.max(size.height - dataset.height, size.width - dataset.width);
  return more > mostPadding ? enlargeDataset(dataset, size) : padDataset(dataset, size);
}

function enlargeDataset(dataset: MemoryDataset, size: Size): Dataset {
  const { train, test, augment } = dataset;
  const crop = Math.round(((augment.crop ?? 0) * size.height) / dataset.height);
  return {
    ...dataset,
    ...size,
    train: new EnlargedSplit(train, size),
    test: new EnlargedSplit(test, size),
    augment: { ...augment, ...(crop > 0 && { crop }) },
    notes: [
      ...dataset.notes,
      `images of ${dataset.height}x${dataset.width} are enlarged to ${size.height}x${size.width}`,
    ],
  };
}

function padDataset(dataset: MemoryDataset, { height, width }: Size): Dataset {
  const shape: ImageShape = { channels: dataset.channels, height, width };
  const pad = (split: MemorySplit, part: string): Split => {
    const padded = new Uint8Array(split.length * imageBytes(shape));
    const top = Math.floor((height - split.height) / 2);
    const left = Math.floor((width - split.width) / 2);
    for (let i = 0; i < split.length; i++) {
      const placement = { top, left, flip: false };
      placeImage(split.pixels, i * imageBytes(split), split, padded, i * imageBytes(shape), height, width, placement);
    }
    return new MemorySplit(`${dataset.name} ${part}`, shape, padded, split.labels, split.classCount);
  };
  return { ...dataset, ...shape, train: pad(dataset.train, 'train'), test: pad(dataset.test, 'test') };
}
