/**
 * What a browser gives: files by `fetch`, images by the canvas, worker threads where the page is cross-origin isolated.
 */

import { TritbankError } from '../ir/index.ts';
import { fetchFile, fetchRanges, fetchResponse } from './fetch-files.ts';
import { storedColours } from './images/stored-colours.ts';
import type { Pixels, Platform } from './platform.ts';
import { canShareMemory, startBrowserWorker } from './threads/start-browser.ts';

type Drawable = Exclude<CanvasImageSource, SVGImageElement>;

const isA = (name: string, value: unknown): boolean => {
  const type = (globalThis as Record<string, unknown>)[name];
  return typeof type === 'function' && value instanceof type;
};

/** The size at which an element is stored, not that at which a page shows it. */
function naturalSize(image: Drawable): { width: number; height: number } {
  if (isA('HTMLImageElement', image)) {
    const { naturalWidth: width, naturalHeight: height } = image as HTMLImageElement;
    return { width, height };
  }
  if (isA('HTMLVideoElement', image)) {
    const { videoWidth: width, videoHeight: height } = image as HTMLVideoElement;
    return { width, height };
  }
  if (isA('VideoFrame', image)) {
    const { displayWidth: width, displayHeight: height } = image as VideoFrame;
    return { width, height };
  }
  const { width, height } = image as HTMLCanvasElement;
  return { width, height };
}

function draw(image: Drawable): Pixels {
  const { width, height } = naturalSize(image);
  if (!(width > 0 && height > 0)) {
    throw new TritbankError('E_FORMAT', 'image', `expected a loaded image, found ${width} x ${height} pixels`);
  }
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new TritbankError('E_DEVICE', 'image', 'expected a canvas to draw on, found none');
  try {
    context.drawImage(image, 0, 0, width, height);
    return { data: context.getImageData(0, 0, width, height).data, width, height, channels: 4 };
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new TritbankError('E_FILE', 'image', `expected pixels that a page may read, found: ${found}`, { cause });
  }
}

/** Upright, values as they are stored. */
const asStored = { imageOrientation: 'from-image', colorSpaceConversion: 'none', premultiplyAlpha: 'none' } as const;

async function decodeBlob(blob: Blob, where: string): Promise<Pixels> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob, asStored);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new TritbankError('E_FORMAT', where, `expected an image that decodes, found: ${found}`, { cause });
  }
  try {
    const drawn = draw(bitmap);
    const hasAlpha = drawn.data.some((alpha, i) => i % 4 === 3 && alpha < 255);
    const stored = hasAlpha ? storedColours(bitmap) : undefined;
    return stored ? { ...drawn, data: stored } : drawn;
  } finally {
    bitmap.close();
  }
}

const drawables = [
  'HTMLImageElement',
  'HTMLCanvasElement',
  'OffscreenCanvas',
  'ImageBitmap',
  'HTMLVideoElement',
  'VideoFrame',
];

async function decodeImage(image: unknown): Promise<Pixels | undefined> {
  if (typeof image === 'string' || image instanceof URL) {
    return decodeBlob(await (await fetchResponse(image)).blob(), String(image));
  }
  if (image instanceof Blob) return decodeBlob(image, 'image');
  if (image instanceof Uint8Array || image instanceof ArrayBuffer)
    return decodeBlob(new Blob([image as ArrayBuffer]), 'image');
  if (!drawables.some((name) => isA(name, image))) return undefined;
  if (isA('HTMLImageElement', image)) await (image as HTMLImageElement).decode().catch(() => undefined);
  return draw(image as Drawable);
}

export const browserPlatform: Platform = {
  name: 'browser',
  readFile: fetchFile,
  readRanges: fetchRanges,
  decodeImage,
  canShareMemory,
  startWorker: startBrowserWorker,
};
