/** A split whose images are files, and the size that they are brought to. */

import { type Size, sizeOf } from '../images/size.ts';
import { type OpenOptions, requireSize, type Split } from './dataset.ts';
import { decodeImage, measureImage } from './decode.ts';
import type { CropWindow, ImageShape } from './image.ts';

const largestDefault = 224;

/** A split whose images are files. */
export class FolderSplit implements Split {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly length: number;

  constructor(
    private readonly files: readonly string[],
    readonly labels: Int32Array,
    readonly classCount: number,
    shape: ImageShape,
    private readonly cropFraction: number,
  ) {
    this.channels = shape.channels;
    this.height = shape.height;
    this.width = shape.width;
    this.length = files.length;
  }

  read(index: number, window?: CropWindow): Promise<Uint8Array> {
    return decodeImage(this.describe(index), this, { window, cropFraction: this.cropFraction });
  }

  describe(index: number): string {
    const file = this.files[index];
    if (file === undefined) throw new Error(`internal: image ${index} of ${this.length}`);
    return file;
  }
}

/** The shape that is asked for, or that of the first image. */
export const chooseShape = async (first: string, options: OpenOptions, notes: string[]): Promise<ImageShape> => ({
  channels: options.channels ?? 3,
  ...(await chooseSize(first, options, notes)),
});

async function chooseSize(first: string, options: OpenOptions, notes: string[]): Promise<Size> {
  if (options.imageSize !== undefined) return requireSize('imageSize', options.imageSize, 1, 4096);
  const { height, width } = await measureImage(first);
  const size = Math.min(height, width, largestDefault);
  notes.push(`images are brought to ${size} x ${size} (no size was given; ${first} has ${height} x ${width})`);
  return sizeOf(size);
}
