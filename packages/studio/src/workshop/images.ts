/** The user's images as a split in memory: decoded by the browser, fitted and cut as the toolkit does it. */

import { MemorySplit } from '#toolkit/data/memory.ts';
import { TritbankError } from '#toolkit/ir/index.ts';
import { browserPlatform } from '#toolkit/runtime/browser-platform.ts';
import { readPixels } from '#toolkit/runtime/images/read-pixels.ts';
import { toTensor } from '#toolkit/runtime/images/to-tensor.ts';
import type { Call } from '../rpc.ts';
import type { OpenedNetwork } from './bench.ts';

/** A file of an image, or pixels. */
export type Picture = Blob | ImageData;

export interface PictureSet {
  readonly split: MemorySplit;
  /** Files that are no images, by name. */
  readonly refused: readonly string[];
}

type Shape = NonNullable<OpenedNetwork['image']>;

const nameOf = (picture: Picture, index: number) =>
  'name' in picture && typeof picture.name === 'string' ? picture.name : `image ${index + 1}`;

/** One image, bytes in CHW order. */
export async function pixelsOf(picture: Picture, { channels, height, width }: Shape): Promise<Uint8Array> {
  const target = { channels, height, width };
  const pixels = await readPixels(picture, target, browserPlatform);
  const one = Array<number>(channels);
  const input = { name: 'images', target, layout: 'NCHW', type: 'float32', mean: one.fill(0), std: [...one].fill(1) };
  const { data } = toTensor(pixels, input as Parameters<typeof toTensor>[1]);
  return Uint8Array.from(data as Float32Array, (value) => Math.min(255, Math.max(0, Math.round(value))));
}

/** E_DATA where fewer than two are images. */
export async function readPictures(pictures: readonly Picture[], shape: Shape, call: Call): Promise<PictureSet> {
  const images: Uint8Array[] = [];
  const refused: string[] = [];
  for (const [i, picture] of pictures.entries()) {
    call.signal.throwIfAborted();
    call.report(i / pictures.length, `reading image ${i + 1} of ${pictures.length}`);
    try {
      images.push(await pixelsOf(picture, shape));
    } catch (error) {
      if (!(error instanceof TritbankError)) throw error;
      refused.push(nameOf(picture, i));
    }
  }
  if (images.length < 2) {
    const found = `${images.length} of ${pictures.length} files`;
    throw new TritbankError('E_DATA', 'images', `expected at least 2 images that the browser decodes, found ${found}`);
  }
  const bytes = shape.channels * shape.height * shape.width;
  const pixels = new Uint8Array(images.length * bytes);
  for (const [i, image] of images.entries()) pixels.set(image, i * bytes);
  const split = new MemorySplit('images', shape, pixels, new Int32Array(images.length), 1);
  return { split, refused };
}
