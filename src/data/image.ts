/**
 * Geometry of uint8 images in CHW order (channel planes, each row by row): shifting, padding, mirroring, cutting and
 * resampling. Pure functions on typed arrays, written so that an epoch of small images costs a fraction of a second.
 */

import type { Size } from '../images/size.ts';

/** Channels, height and width of an image in pixels. */
export interface ImageShape {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
}

/** Bytes of one uint8 image. */
export const imageBytes = (shape: ImageShape): number => shape.channels * shape.height * shape.width;

/** A part of an image described without its size, so that it can be drawn before the file is opened. */
export interface CropWindow {
  /** Fraction of the image's area, in (0, 1]. */
  readonly area: number;
  /** Width / height. */
  readonly ratio: number;
  /** Position of the part in what is left over, in [0, 1]: 0 leftmost (topmost), 1 rightmost (lowest). */
  readonly x: number;
  readonly y: number;
}

export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The pixels that `window` covers. A window that sticks out is shrunk, keeping its ratio. At least 1 x 1. */
export function cutWindow(window: CropWindow, height: number, width: number): Rectangle {
  const wantedWidth = Math.sqrt(window.area * width * height * window.ratio);
  const wantedHeight = Math.sqrt((window.area * width * height) / window.ratio);
  const shrink = Math.min(1, width / wantedWidth, height / wantedHeight);
  const w = Math.min(width, Math.max(1, Math.round(wantedWidth * shrink)));
  const h = Math.min(height, Math.max(1, Math.round(wantedHeight * shrink)));
  return { left: Math.round(window.x * (width - w)), top: Math.round(window.y * (height - h)), width: w, height: h };
}

/**
 * What pixels show that an image does not reach: black, or the image mirrored at its border pixels, which are not repeated
 * (`reflect`, as in other libraries).
 */
export const paddings = ['zero', 'reflect'] as const;
export type Padding = (typeof paddings)[number];

/** Where a source image's top left corner comes to lie in the target; may be negative. */
export interface Placement {
  readonly top: number;
  readonly left: number;
  /** Mirror left to right, after placing the unmirrored image. */
  readonly flip: boolean;
  /** Default `zero`. */
  readonly padding?: Padding;
}

/**
 * Copies the image at `source[from ..]` of shape `shape` into the image of `height` x `width` at `target[to ..]`.
 * Target pixels that the source does not reach are padded as `placement` says.
 */
export function placeImage(
  source: Uint8Array,
  from: number,
  shape: ImageShape,
  target: Uint8Array,
  to: number,
  height: number,
  width: number,
  { top, left, flip, padding }: Placement,
): void {
  const bytes = shape.channels * height * width;
  const sameSize = shape.height === height && shape.width === width;
  if (sameSize && top === 0 && left === 0 && !flip) {
    target.set(source.subarray(from, from + bytes), to);
    return;
  }
  const firstRow = Math.max(0, top);
  const lastRow = Math.min(height, top + shape.height);
  const firstColumn = Math.max(0, left);
  const lastColumn = Math.min(width, left + shape.width);
  const covered = firstRow === 0 && lastRow === height && firstColumn === 0 && lastColumn === width;
  if (!covered && padding === 'reflect') {
    const columns = Int32Array.from({ length: width }, (_, x) =>
      reflect((flip ? width - 1 - x : x) - left, shape.width),
    );
    let write = to;
    for (let c = 0; c < shape.channels; c++) {
      for (let y = 0; y < height; y++) {
        const row = from + (c * shape.height + reflect(y - top, shape.height)) * shape.width;
        for (let x = 0; x < width; x++) target[write++] = source[row + columns[x]!]!;
      }
    }
    return;
  }
  if (!covered) target.fill(0, to, to + bytes);
  const count = lastColumn - firstColumn;
  if (count <= 0) return;
  const step = flip ? -1 : 1;
  const start = flip ? width - 1 - firstColumn : firstColumn;
  for (let c = 0; c < shape.channels; c++) {
    for (let y = firstRow; y < lastRow; y++) {
      let read = from + (c * shape.height + y - top) * shape.width + firstColumn - left;
      let write = to + (c * height + y) * width + start;
      for (let i = 0; i < count; i++) {
        target[write] = source[read++]!;
        write += step;
      }
    }
  }
}

/** The place in 0 .. size - 1 that a walk to `i` ends at which turns round at both ends. */
function reflect(i: number, size: number): number {
  const period = Math.max(1, 2 * (size - 1));
  const at = ((i % period) + period) % period;
  return Math.min(at, period - at);
}

/**
 * The part `area` of the image of `shape` at `source[from ..]`, brought to another size, by default its own, by bilinear
 * interpolation.
 */
export function resampleWindow(
  source: Uint8Array,
  from: number,
  shape: ImageShape,
  area: Rectangle,
  { height, width }: Size = shape,
): Uint8Array {
  const { channels } = shape;
  const result = new Uint8Array(channels * height * width);
  const columns = between(area.left, area.width, width);
  const rows = between(area.top, area.height, height);
  // two rows of the source at a time, brought to the width
  const wide = [new Float64Array(width), new Float64Array(width)] as const;
  let write = 0;
  for (let c = 0; c < channels; c++) {
    const plane = from + c * shape.height * shape.width;
    const held = [-1, -1];
    const widen = (row: number, kept: number): Float64Array => {
      const at = held.indexOf(row);
      if (at >= 0) return wide[at]!;
      const slot = held[0] === kept ? 1 : 0;
      const target = wide[slot]!;
      const start = plane + row * shape.width;
      for (let x = 0; x < width; x++) {
        target[x] = lerp(source[start + columns.low[x]!]!, source[start + columns.high[x]!]!, columns.share[x]!);
      }
      held[slot] = row;
      return target;
    };
    for (let y = 0; y < height; y++) {
      const [low, high, share] = [rows.low[y]!, rows.high[y]!, rows.share[y]!];
      const upper = widen(low, high);
      const lower = widen(high, low);
      for (let x = 0; x < width; x++) result[write++] = Math.round(lerp(upper[x]!, lower[x]!, share));
    }
  }
  return result;
}

/** Where `count` points evenly spread over `size` pixels from `start` on lie: between which two, and how far from the first. */
function between(start: number, size: number, count: number) {
  const last = start + size - 1;
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const share = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const at = clamp(start + ((i + 0.5) * size) / count - 0.5, start, last);
    low[i] = Math.floor(at);
    high[i] = Math.min(low[i]! + 1, last);
    share[i] = at - low[i]!;
  }
  return { low, high, share };
}

const lerp = (a: number, b: number, t: number) => a + (b - a) * t;
const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
