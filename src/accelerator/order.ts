/**
 * In which order the pixels of a tensor lie in the activation memory, and how windows find them there.
 *
 * Lanes take LANES pixels in a row, a group. Under one tap of a window these read LANES bytes in a row, too, wherever
 * the window moves by one pixel; where it moves by two, they do if the pixels with even and with odd coordinates lie
 * apart. So tensors in front of windows with strides are stored by phases: all pixels with (y mod 2^s, x mod 2^s) =
 * (0, 0) first, row by row, then those of (0, 1), and so on.
 */

import { type IntegerTensor, tapPixels, type Window } from '../integer/index.ts';

export interface PixelOrder {
  /** The pixel at each place; -1 where there is none. A multiple of the lanes. */
  readonly pixelAt: Int32Array;
  /** Where each pixel is. */
  readonly placeOf: Int32Array;
  readonly groups: number;
}

type Size = Pick<IntegerTensor, 'height' | 'width'>;

/** Pixels by 2^scale phases in either direction. */
export function pixelOrder({ height, width }: Size, lanes: number, scale: number): PixelOrder {
  const phases = 2 ** scale;
  const places: number[] = [];
  for (let a = 0; a < phases; a++) {
    for (let b = 0; b < phases; b++) {
      for (let y = a; y < height; y += phases) for (let x = b; x < width; x += phases) places.push(y * width + x);
    }
  }
  const groups = Math.ceil(places.length / lanes);
  const pixelAt = new Int32Array(groups * lanes).fill(-1);
  pixelAt.set(places);
  const placeOf = new Int32Array(height * width);
  for (const [place, pixel] of places.entries()) placeOf[pixel] = place;
  return { pixelAt, placeOf, groups };
}

/** A read of two neighbouring words, of which `lanes` bytes from byte `shift` on belong to the lanes in `mask`. */
export interface Access {
  /** Number of the first word; may lie outside where no lane is in the mask. */
  readonly word: number;
  readonly shift: number;
  readonly mask: bigint;
  /** The first read of a tap, and the one after which all lanes have their pixel. */
  readonly isStart: boolean;
  readonly isLast: boolean;
}

export interface AccessTable {
  /** As many for every group. */
  readonly reads: number;
  readonly accesses: readonly Access[];
  /** Whether group g is word g, unmoved: no table is needed. */
  readonly isDirect: boolean;
}

const idle: Access = { word: 0, shift: 0, mask: 0n, isStart: false, isLast: false };

/** The reads of one tap for one group: `sources[lane]` is a place, -1 outside of the image, or undefined for no pixel. */
function readsOfTap(sources: readonly (number | undefined)[], lanes: number): Access[] {
  const masks = new Map<number, bigint>();
  for (const [lane, place] of sources.entries()) {
    if (place === undefined || place < 0) continue;
    const start = place - lane;
    masks.set(start, (masks.get(start) ?? 0n) | (1n << BigInt(lane)));
  }
  if (masks.size === 0) return [{ ...idle, isStart: true, isLast: true }];
  return [...masks].map(([start, mask], i) => ({
    word: Math.floor(start / lanes),
    shift: ((start % lanes) + lanes) % lanes,
    mask,
    isStart: i === 0,
    isLast: i === masks.size - 1,
  }));
}

/** How the window of each output group reads x. */
export function accessTable(
  window: Window,
  x: IntegerTensor,
  y: IntegerTensor,
  from: PixelOrder,
  to: PixelOrder,
  lanes: number,
): AccessTable {
  const taps = window.kernel[0] * window.kernel[1];
  const pixels = tapPixels(window, x, y);
  const groups: Access[][] = [];
  for (let group = 0; group < to.groups; group++) {
    const reads: Access[] = [];
    for (let tap = 0; tap < taps; tap++) {
      const sources = Array.from({ length: lanes }, (_, lane) => {
        const pixel = to.pixelAt[group * lanes + lane]!;
        if (pixel < 0) return undefined;
        const source = pixels[pixel * taps + tap]!;
        return source < 0 ? -1 : from.placeOf[source]!;
      });
      reads.push(...readsOfTap(sources, lanes));
    }
    groups.push(reads);
  }
  const reads = Math.max(...groups.map(({ length }) => length));
  const isDirect = reads === 1 && taps === 1 && groups.every(([read], g) => isWhole(read!, g));
  // idle reads in front, so that all groups take the same time
  const accesses = groups.flatMap((own) => [...new Array<Access>(reads - own.length).fill(idle), ...own]);
  return { reads, accesses, isDirect };
}

/** What a lane without a pixel gets does not matter. */
const isWhole = ({ word, shift, mask }: Access, group: number) => word === group && shift === 0 && mask !== 0n;
