/** Splits held in memory: small images, all in one array. */

import { isSameSize, sizeOf } from '../images/size.ts';
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

/** Fills the images of a data set in memory up to `imageSize` with zeros around them. */
export function padDataset(dataset: Dataset, options: OpenOptions): Dataset {
  if (options.imageSize === undefined) return dataset;
  const { height, width } = sizeOf(options.imageSize);
  if (isSameSize({ height, width }, dataset)) return dataset;
  const where = `imageSize of ${dataset.name}`;
  requireInteger(where, height, dataset.height, dataset.height + 8);
  requireInteger(where, width, dataset.width, dataset.width + 8);
  const shape: ImageShape = { channels: dataset.channels, height, width };
  const pad = (split: Split, part: string): Split => {
    const { pixels } = split;
    if (!pixels) throw new Error('internal: only splits in memory are padded');
    const padded = new Uint8Array(split.length * imageBytes(shape));
    const top = Math.floor((height - split.height) / 2);
    const left = Math.floor((width - split.width) / 2);
    for (let i = 0; i < split.length; i++) {
      const placement = { top, left, flip: false };
      placeImage(pixels, i * imageBytes(split), split, padded, i * imageBytes(shape), height, width, placement);
    }
    return new MemorySplit(`${dataset.name} ${part}`, shape, padded, split.labels, split.classCount);
  };
  return { ...dataset, ...shape, train: pad(dataset.train, 'train'), test: pad(dataset.test, 'test') };
}
