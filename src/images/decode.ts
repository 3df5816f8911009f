/**
 * From an encoded image to bytes of RGB, by libvips through `sharp`, whose only importer this is. One rule for training,
 * evaluation and the runtime: what Pillow's `convert('RGB')` gives, on which most networks were trained, except that
 * EXIF's orientation is followed, since a photograph is upright for whoever looks at it.
 *
 * - Alpha is dropped, whatever it hides: it neither blends nor weighs.
 * - Colour profiles are ignored: values are taken as they are stored.
 * - CMYK: red = (255 - cyan) (255 - black) / 255, and so on.
 * - 16 bits: the upper 8.
 * - Resizing follows, by Lanczos, as libvips does it.
 */

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { reasonOf } from '../files/reasons.ts';
import { TritbankError } from '../ir/errors.ts';
import type { Size } from './size.ts';

// One thread per image (many images are decoded at a time) and no cache, so that memory stays bounded.
sharp.concurrency(1);
sharp.cache(false);

/** Encoded bytes, or the path of a file. */
export type Encoded = string | Uint8Array;

export interface Area extends Size {
  readonly left: number;
  readonly top: number;
}

export interface DecodeOptions {
  /** The part that is brought to the size; by default the shorter side is fitted and the centre cut out. */
  readonly cut?: (size: Size) => Area;
  /** Without a part: side of the centre crop / shorter side. Default 1. */
  readonly cropFraction?: number;
  /** The image in messages; by default its path. */
  readonly where?: string;
}

const reading = { failOn: 'error', sequentialRead: true, ignoreIcc: true } as const;

/** Height and width after orientation. E_FORMAT or E_FILE where the header cannot be read. */
export async function measureImage(input: Encoded): Promise<Size> {
  try {
    const { autoOrient } = await sharp(input, reading).metadata();
    return { height: autoOrient.height, width: autoOrient.width };
  } catch (cause) {
    throw await decodeError(input, undefined, cause);
  }
}

/**
 * The image as interleaved RGB of `size`. E_FORMAT where it does not decode, E_FILE where it is not readable.
 */
export async function decodeImage(input: Encoded, size: Size, options: DecodeOptions = {}): Promise<Uint8Array> {
  const { cut, cropFraction = 1, where } = options;
  const { height, width } = size;
  try {
    let image = await openColours(input);
    if (cut) {
      image = image.extract(cut(await measureImage(input))).resize(width, height, { fit: 'fill' });
    } else {
      const fitted = { height: Math.round(height / cropFraction), width: Math.round(width / cropFraction) };
      image = image.resize(fitted.width, fitted.height, { fit: 'cover', position: 'centre' });
      if (cropFraction < 1) {
        const left = (fitted.width - width) >> 1;
        const top = (fitted.height - height) >> 1;
        image = image.extract({ left, top, width, height });
      }
    }
    const { data, info } = await image
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`internal: decoded ${info.channels} channels`);
    return data;
  } catch (cause) {
    throw await decodeError(input, where, cause);
  }
}

const formats: Readonly<Record<string, string>> = { jpeg: 'jpg', png: 'png', webp: 'webp' };

/**
 * The image with a shorter side of at most `size` pixels: as it is where it has that already, else fitted and written as
 * JPEG. E_FORMAT where it does not decode.
 */
export async function encodeSmaller(
  input: Uint8Array,
  { size, quality, where }: { readonly size: number; readonly quality: number; readonly where: string },
): Promise<{ readonly bytes: Uint8Array; readonly extension: string }> {
  try {
    const { width, height, format } = await sharp(input, reading).metadata();
    const extension = formats[format ?? ''];
    if (extension !== undefined && Math.min(width, height) <= size) {
      // decoded all the same: what is packed can be read
      await sharp(input, reading).stats();
      return { bytes: input, extension };
    }
    const image = (await openColours(input)).resize(size, size, { fit: 'outside' }).toColourspace('srgb');
    return { bytes: await image.jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer(), extension: 'jpg' };
  } catch (cause) {
    throw await decodeError(input, where, cause);
  }
}

/** The upright image without alpha. Where libvips would weigh by alpha, or guess at inks, in two steps. */
async function openColours(input: Encoded): Promise<Sharp> {
  const image = sharp(input, reading);
  const { hasAlpha, space } = await image.metadata();
  const isInk = space === 'cmyk';
  if (!hasAlpha && !isInk) return image.autoOrient();
  const upright = image.autoOrient();
  const plain = isInk
    ? upright.pipelineColourspace('cmyk').toColourspace('cmyk')
    : upright.removeAlpha().toColourspace('srgb');
  const { data, info } = await plain.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  return sharp(isInk ? fromInks(data, info.channels) : data, { raw: { width, height, channels: 3 } });
}

/** Cyan, magenta, yellow and black, in 0..255 of full ink, perhaps with alpha, to RGB. */
function fromInks(inks: Uint8Array, channels: number): Uint8Array {
  const count = inks.length / channels;
  const colours = new Uint8Array(3 * count);
  for (let i = 0; i < count; i++) {
    const light = 255 - inks[i * channels + 3]!;
    for (let c = 0; c < 3; c++) colours[3 * i + c] = light - Math.round((inks[i * channels + c]! * light) / 255);
  }
  return colours;
}

async function decodeError(input: Encoded, where: string | undefined, cause: unknown): Promise<Error> {
  if (cause instanceof TritbankError) return cause;
  const message = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
  if (message.startsWith('internal:')) return cause as Error;
  const place = where ?? (typeof input === 'string' ? input : 'image');
  const reason = typeof input === 'string' ? await findObstacle(input) : undefined;
  if (reason !== undefined) {
    return new TritbankError('E_FILE', place, `expected a readable image, found ${reason}`, { cause });
  }
  return new TritbankError('E_FORMAT', place, `expected an image that decodes, found: ${message}`, { cause });
}

/** Why a file cannot be opened: libvips takes such a file for one of an unknown format. */
async function findObstacle(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK);
    return (await stat(path)).isDirectory() ? 'a folder' : undefined;
  } catch (cause) {
    return reasonOf(cause);
  }
}
