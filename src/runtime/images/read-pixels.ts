/** What users have as images, to pixels: raw ones here, encoded and drawable ones by the platform. */

import { TritbankError } from '../../ir/index.ts';
import type { ImageTarget, Pixels, Platform } from '../platform.ts';

/** Raw pixels: what a canvas's `getImageData` gives, or the same with 1 or 3 channels. */
export interface ImageDataLike {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

function rawPixels(image: unknown): Pixels | undefined {
  const { data, width, height } = (image ?? {}) as Partial<ImageDataLike>;
  if (
    !(data instanceof Uint8Array || data instanceof Uint8ClampedArray) ||
    width === undefined ||
    height === undefined
  ) {
    return undefined;
  }
  const channels = data.length / (width * height);
  const isWhole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (isWhole && (channels === 1 || channels === 3 || channels === 4)) return { data, width, height, channels };
  const message = `expected 1, 3 or 4 bytes for each of ${width} x ${height} pixels, found ${data.length} bytes`;
  throw new TritbankError('E_SHAPE', 'image', message);
}

/** E_USAGE for what is no image, E_FILE and E_FORMAT for one that cannot be read. */
export async function readPixels(image: unknown, target: ImageTarget, platform: Platform): Promise<Pixels> {
  const pixels = rawPixels(image) ?? (await platform.decodeImage(image, target));
  if (pixels) return pixels;
  const expected =
    platform.name === 'node'
      ? 'a path, a URL, a Buffer, a Blob or pixels { data, width, height }'
      : 'a URL, a Blob, an <img>, a canvas, an ImageBitmap or pixels { data, width, height }';
  const found = image === null ? 'null' : Object.prototype.toString.call(image).slice(8, -1);
  throw new TritbankError('E_USAGE', 'image', `expected ${expected}, found ${found}`);
}
