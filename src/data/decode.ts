/**
 * From a JPEG, PNG or WebP file to uint8 planes, by libvips through `sharp`: orientation by EXIF, colours to sRGB (or
 * grey), alpha dropped after it has weighted the resizing, cut and resized by Lanczos. The only importer of `sharp` in
 * this folder.
 */

import sharp from 'sharp';
import { TritbankError } from '../ir/errors.ts';
import { type CropWindow, cutWindow, type ImageShape, imageBytes } from './image.ts';

// One thread per image (many images are decoded at a time) and no cache, so that memory stays bounded.
sharp.concurrency(1);
sharp.cache(false);

export const imageExtension = /\.(jpe?g|png|webp)$/i;

export interface DecodeOptions {
  /** The part to cut; without it, the centre. */
  readonly window?: CropWindow | undefined;
  /** Without a window: side of the centre crop / shorter side. Default 1. */
  readonly cropFraction?: number;
}

/** Height and width after orientation. E_FORMAT or E_FILE where the header cannot be read. */
export async function measureImage(file: string): Promise<{ height: number; width: number }> {
  try {
    const { autoOrient } = await sharp(file).metadata();
    return { height: autoOrient.height, width: autoOrient.width };
  } catch (cause) {
    throw decodeError(file, cause);
  }
}

/** The image as bytes of `shape` in CHW order. E_FORMAT where it does not decode, E_FILE where it is not readable. */
export async function decodeImage(file: string, shape: ImageShape, options: DecodeOptions = {}): Promise<Uint8Array> {
  const { height, width, channels } = shape;
  const { window, cropFraction = 1 } = options;
  let pipeline = sharp(file, { failOn: 'error', sequentialRead: true }).autoOrient();
  try {
    if (window) {
      const size = await measureImage(file);
      pipeline = pipeline.extract(cutWindow(window, size.height, size.width)).resize(width, height, { fit: 'fill' });
    } else {
      const fitted = { height: Math.round(height / cropFraction), width: Math.round(width / cropFraction) };
      pipeline = pipeline.resize(fitted.width, fitted.height, { fit: 'cover', position: 'centre' });
      if (cropFraction < 1) {
        const left = (fitted.width - width) >> 1;
        const top = (fitted.height - height) >> 1;
        pipeline = pipeline.extract({ left, top, width, height });
      }
    }
    const space = channels === 1 ? 'b-w' : 'srgb';
    const { data, info } = await pipeline
      .removeAlpha()
      .toColourspace(space)
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return toPlanes(data, info.channels, shape);
  } catch (cause) {
    throw cause instanceof TritbankError ? cause : decodeError(file, cause);
  }
}

/** Interleaved samples to one plane per channel. */
function toPlanes(data: Uint8Array, stride: number, shape: ImageShape): Uint8Array {
  const plane = shape.height * shape.width;
  if (data.length !== plane * stride || stride < shape.channels) {
    throw new Error(`internal: decoded ${data.length} bytes in ${stride} channels`);
  }
  const result = new Uint8Array(imageBytes(shape));
  for (let c = 0; c < shape.channels; c++) {
    for (let i = 0, read = c, write = c * plane; i < plane; i++, read += stride, write++) result[write] = data[read]!;
  }
  return result;
}

function decodeError(file: string, cause: unknown): Error {
  const message = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
  if (message?.startsWith('internal:')) return cause as Error;
  const code = /missing|permission|no such file/i.test(message ?? '') ? 'E_FILE' : 'E_FORMAT';
  return new TritbankError(code, file, `expected an image that decodes, found ${message}`, { cause });
}
