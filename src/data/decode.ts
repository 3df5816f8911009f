/** From an image file to uint8 planes of a data set's shape. */

import { decodeImage as decodeColours, type Encoded } from '../images/decode.ts';
import { lumaOf } from '../images/luma.ts';
import { type CropWindow, cutWindow, type ImageShape, imageBytes } from './image.ts';

export { measureImage } from '../images/decode.ts';

export const imageExtension = /\.(jpe?g|png|webp)$/i;

export interface DecodeOptions {
  /** The part to cut; without it, the centre. */
  readonly window?: CropWindow | undefined;
  /** Without a window: side of the centre crop / shorter side. Default 1. */
  readonly cropFraction?: number;
  /** The image in messages; by default its path. */
  readonly where?: string;
}

/** The image as bytes of `shape` in CHW order. E_FORMAT where it does not decode, E_FILE where it is not readable. */
export async function decodeImage(file: Encoded, shape: ImageShape, options: DecodeOptions = {}): Promise<Uint8Array> {
  const { window, ...rest } = options;
  const colours = await decodeColours(file, shape, {
    ...rest,
    ...(window && { cut: ({ height, width }) => cutWindow(window, height, width) }),
  });
  return toPlanes(colours, shape);
}

/** Interleaved RGB to one plane per channel. */
function toPlanes(colours: Uint8Array, shape: ImageShape): Uint8Array {
  const plane = shape.height * shape.width;
  const result = new Uint8Array(imageBytes(shape));
  for (let i = 0, read = 0; i < plane; i++, read += 3) {
    const [red, green, blue] = [colours[read]!, colours[read + 1]!, colours[read + 2]!];
    if (shape.channels === 1) result[i] = lumaOf(red, green, blue);
    else {
      result[i] = red;
      result[plane + i] = green;
      result[2 * plane + i] = blue;
    }
  }
  return result;
}
