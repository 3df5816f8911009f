/**
 * What kernels do, counted: loops of `kernels-c` and how often each of them runs. A kernel's cost is a sum over its terms,
 * each times a coefficient that was fitted to measurements on a core.
 */

import type { MatrixShape } from './shape.ts';

export type KernelName =
  | 'dense'
  | 'denseWindow'
  | 'ternary'
  | 'ternaryPairs'
  | 'ternaryWindow'
  | 'ternaryWindowPairs'
  | 'depthwise3'
  | 'depthwise'
  | 'connected'
  | 'connectedTrits'
  | 'connectedTable'
  | 'addition'
  | 'pool'
  | 'copy'
  | 'softmax';

/** A kernel's work: how often each of its loops runs. */
export interface Work {
  readonly kernel: KernelName;
  readonly terms: Readonly<Record<string, number>>;
}

export interface Area {
  readonly height: number;
  readonly width: number;
}

export interface WindowShape {
  readonly kernel: readonly [number, number];
  readonly stride: number;
}

/** Rows of fewer weights of one pixel are read trit by trit (`tb_run_connected`). */
export const tableRows = 128;

const pixelsOf = ({ height, width }: Area) => height * width;
export const isPoint = ({ kernel, stride }: WindowShape) => kernel[0] * kernel[1] * stride === 1;

/** Bringing pixels into tiles of 16. */
function gatherTerms(columns: number, out: Area, window: WindowShape): Record<string, number> {
  const tiles = Math.ceil(pixelsOf(out) / 16);
  if (isPoint(window)) return { gather: columns * tiles, rest: pixelsOf(out) % 16 ? columns : 0 };
  const words = (columns * pixelsOf(out)) / 4;
  const runs = columns * (out.width % 16 ? tiles + out.height : tiles);
  return { [`gather${Math.min(window.stride, 3)}`]: words, runs };
}

/** Bringing `step` pixels at a time under a window; those of one row inside of the image are words at other addresses. */
function windowTerms(columns: number, out: Area, { kernel, stride }: WindowShape, step: number) {
  const [top, left] = kernel.map((k) => k >> 1) as [number, number];
  let [insideWords, words, runs, insides, groups] = [0, 0, 0, 0, 0];
  for (let p = 0; p < pixelsOf(out); p += step) {
    const [y, x] = [Math.floor(p / out.width), p % out.width];
    const end = Math.min(p + step, pixelsOf(out));
    const rows = Math.floor((end - 1) / out.width) - y + 1;
    const isInside = y >= top && y < out.height - top && x >= left && x + end - p <= out.width - left;
    if (stride === 1 && rows === 1 && isInside && (end - p) % 4 === 0) {
      insides++;
      insideWords += (end - p) / 4;
    } else {
      groups++;
      runs += rows;
      words += (end - p) / 4;
    }
  }
  return {
    ...{ [`gather${Math.min(stride, 3)}`]: columns * words, runs: columns * runs, groups: columns * groups },
    ...{ insides: columns * insides, insideWords: columns * insideWords },
  };
}

/** Int8 filters: two rows and four pixels at a time; weights are read once for so many `quads` of pixels. */
export function denseWork(rows: number, columns: number, out: Area, window: WindowShape, quads: number): Work {
  const fours = Math.ceil(pixelsOf(out) / 4);
  const wide = Math.ceil(columns / 4);
  const times = Math.ceil(fours / quads);
  const isPointwise = isPoint(window);
  return {
    kernel: isPointwise ? 'dense' : 'denseWindow',
    terms: {
      ...(isPointwise
        ? { rest: pixelsOf(out) % 4 ? columns : 0, odd: columns % 4 ? fours : 0 }
        : windowTerms(columns, out, window, 4 * quads)),
      tile: times,
      fours,
      widen: wide * fours,
      macs: Math.ceil(rows / 2) * wide * fours,
      blocks: Math.ceil(rows / 2) * Math.ceil(columns / 16) * fours,
      columns: columns * times,
      reads: Math.ceil(rows / 2) * times,
      sums: Math.ceil(rows / 2) * fours,
      outputs: rows * fours,
    },
  };
}

/** Groups of `size` pixels and what is left: how many are more than half full, and have up to 8 and 4 pixels. */
function groupsOf(pixels: number, size: 16 | 32): { full: number; of16: number; of8: number; of4: number } {
  const rest = pixels % size;
  const full = Math.floor(pixels / size) + (rest > size / 2 ? 1 : 0);
  const left = rest > size / 2 ? 0 : rest;
  return { full, of16: left > 8 ? 1 : 0, of8: left > 4 && left <= 8 ? 1 : 0, of4: left > 0 && left <= 4 ? 1 : 0 };
}

/**
 * Ternary matrices, one behind the other: additions of 16 pixels, or of 32 with vectors where two tiles are computed at
 * once.
 */
export function ternaryWork(
  matrices: readonly MatrixShape[],
  out: Area,
  window: WindowShape,
  tilesAtOnce: number,
  hasVectors: boolean,
): Work {
  const isPairs = hasVectors && tilesAtOnce > 1;
  const tiles = Math.ceil(pixelsOf(out) / 16);
  const { full, of16, of8, of4 } = groupsOf(pixelsOf(out), isPairs ? 32 : 16);
  const sum = (of: (matrix: MatrixShape) => number) => matrices.reduce((total, matrix) => total + of(matrix), 0);
  const times = Math.ceil(tiles / tilesAtOnce);
  const decoded = sum(({ form, rows, columns }) => (form === 'trits' ? rows * columns : 0));
  const decodedGaps = sum(({ form, nibbles }) => (form === 'trits' ? nibbles : 0));
  const [gaps, rows] = [sum(({ nibbles }) => nibbles), sum((matrix) => matrix.rows)];
  return {
    kernel: isPoint(window) ? (isPairs ? 'ternaryPairs' : 'ternary') : isPairs ? 'ternaryWindowPairs' : 'ternaryWindow',
    terms: {
      ...gatherTerms(matrices[0]!.columns, out, window),
      tile: tiles,
      gaps: gaps * full,
      ...(isPairs && { gapsOf16: gaps * of16, rowsOf16: rows * of16 }),
      gapsOf8: gaps * of8,
      gapsOf4: gaps * of4,
      rows: rows * full,
      rowsOf8: rows * of8,
      rowsOf4: rows * of4,
      ...(hasVectors && { outputs: rows * Math.ceil(pixelsOf(out) / 4) }),
      decodedRows: times * sum(({ form, rows: n }) => (form === 'trits' ? n : 0)),
      decoded: decoded * times,
      decodedGaps: decodedGaps * times,
    },
  };
}

export function depthwiseWork(channels: number, filters: number, out: Area, window: WindowShape): Work {
  const { kernel, stride } = window;
  const [height, width] = [out.height * stride, out.width * stride];
  const pads = { channels, padRows: channels * height, padBytes: channels * height * width };
  if (kernel[0] === 3 && kernel[1] === 3 && stride <= 2) {
    const fours = filters * out.height * Math.ceil(out.width / 4);
    return {
      kernel: 'depthwise3',
      terms: { ...pads, filters, rows: filters * out.height, [`fours${stride}`]: fours },
    };
  }
  const outputs = filters * pixelsOf(out);
  return {
    kernel: 'depthwise',
    terms: { ...pads, outputs, rows: outputs * kernel[0], taps: outputs * kernel[0] * kernel[1] },
  };
}

/** One pixel. */
export function connectedWork(rows: number, columns: number, form: 'plain' | 'trits'): Work {
  if (form === 'plain') return { kernel: 'connected', terms: { call: 1, rows, macs: rows * columns } };
  if (rows < tableRows) return { kernel: 'connectedTrits', terms: { call: 1, rows, trits: rows * columns } };
  const bytes = Math.ceil(columns / 5);
  return { kernel: 'connectedTable', terms: { tables: bytes, rows, sums: rows * bytes } };
}

export const additionWork = (elements: number): Work => ({ kernel: 'addition', terms: { elements } });

export function poolWork(channels: number, out: Area, kernel: readonly [number, number]): Work {
  const outputs = channels * pixelsOf(out);
  return {
    kernel: 'pool',
    terms: { outputs, rows: outputs * kernel[0], taps: outputs * kernel[0] * kernel[1] },
  };
}

/** Tables, orders of channels, parts, borders, floats of integers: something of each element. */
export const copyWork = (elements: number): Work => ({ kernel: 'copy', terms: { elements } });

export const softmaxWork = (elements: number): Work => ({ kernel: 'softmax', terms: { elements } });
