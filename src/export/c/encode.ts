/** Weights as the C kernels read them; `kernels-c/tritbank_kernels.h` says what each form is. */

import { TritbankError } from '../../ir/index.ts';

/** Channels between two planes of zeros in a tile. */
const gapChannels = 14;

/** 16-bit lanes hold the sum of so many weights. */
const chunkWeights = 255;

/** A byte counts the pairs of gaps, and 255 means another thing. */
const chunkPairs = 254;

const planeOf = (column: number) => column + Math.floor(column / gapChannels);

/** Gaps from one plane to the next, resting on planes of zeros; an even number of them. */
function gapsOf(columns: readonly number[], count: number): number[] {
  const end = planeOf(count - 1) + 1;
  const gaps: number[] = [];
  let at = -1;
  const step = (to: number) => {
    gaps.push(to - at);
    at = to;
  };
  for (const column of columns) {
    const to = planeOf(column);
    while (to - at > 15) {
      const reach = at + 15;
      step(reach - ((reach + 1) % (gapChannels + 1)));
    }
    step(to);
  }
  if (gaps.length % 2) {
    const next = at + (gapChannels + 1) - ((at + 1) % (gapChannels + 1));
    step(Math.min(next, end));
  }
  return gaps;
}

/** The gaps of both signs for columns of a row. */
const chunkOf = (row: ArrayLike<number>, columns: readonly number[]): number[][] =>
  [-1, 1].map((sign) =>
    gapsOf(
      columns.filter((c) => row[c] === sign),
      row.length,
    ),
  );

/** Whether sums fit: without DSP instructions a weight adds 255 at most, a plane of zeros 128. */
function isShort(row: ArrayLike<number>, columns: readonly number[], signs: readonly (readonly number[])[]): boolean {
  if (columns.length > chunkWeights) return false;
  return signs.every((gaps, s) => {
    const weights = columns.filter((c) => row[c] === 2 * s - 1).length;
    return gaps.length <= 2 * chunkPairs && 255 * weights + 128 * (gaps.length - weights) <= 65535;
  });
}

/** Pieces of a row whose sums fit 16 bits. */
function chunksOf(row: ArrayLike<number>): number[][][] {
  const divide = (columns: readonly number[]): number[][][] => {
    const signs = chunkOf(row, columns);
    if (isShort(row, columns, signs)) return [signs];
    if (columns.length < 2) {
      throw new TritbankError('E_UNSUPPORTED', 'weights', `expected rows of fewer columns, found ${row.length}`);
    }
    const half = columns.length >> 1;
    return [...divide(columns.slice(0, half)), ...divide(columns.slice(half))];
  };
  return divide(Array.from({ length: row.length }, (_, c) => c).filter((c) => row[c] !== 0));
}

const rowsOf = (values: Int8Array, rows: number) => {
  const columns = values.length / rows;
  return Array.from({ length: rows }, (_, r) => values.subarray(r * columns, (r + 1) * columns));
};

/** TB_LISTS */
export function encodeLists(values: Int8Array, rows: number): Uint8Array {
  const bytes: number[] = [];
  for (const row of rowsOf(values, rows)) {
    const chunks = chunksOf(row);
    for (const [i, signs] of chunks.entries()) {
      if (i < chunks.length - 1) bytes.push(255);
      bytes.push(...signs.map((gaps) => gaps.length / 2));
      for (const gaps of signs) for (let k = 0; k < gaps.length; k += 2) bytes.push((gaps[k]! << 4) | gaps[k + 1]!);
    }
  }
  return Uint8Array.from(bytes);
}

/** Whether each row is one chunk, as decoded rows have to be. */
export const isOneChunk = (values: Int8Array, rows: number): boolean =>
  rowsOf(values, rows).every((row) => chunksOf(row).length === 1);

/** TB_TRITS */
export function encodeTrits(values: Int8Array, rows: number): Uint8Array {
  const bytes: number[] = [];
  for (const row of rowsOf(values, rows)) {
    for (let c = 0; c < row.length; c += 5) {
      let n = 0;
      for (let k = 0; k < 5; k++) n = 3 * n + (row[c + k] ?? 0) + 1;
      bytes.push(Math.ceil((n * 256) / 243));
    }
  }
  return Uint8Array.from(bytes);
}

/** TB_DENSE */
export function encodeDense(values: Int8Array, rows: number): Uint8Array {
  const columns = values.length / rows;
  const fours = Math.ceil(columns / 4);
  const bytes = new Uint8Array(Math.ceil(rows / 2) * fours * 8);
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < columns; c++) {
      const place = [0, 2, 1, 3][c % 4]!;
      const at = ((row >> 1) * fours + (c >> 2)) * 8 + (row & 1) * 4 + place;
      bytes[at] = values[row * columns + c]!;
    }
  }
  return bytes;
}

/** TB_PLAIN */
export const encodePlain = (values: Int8Array): Uint8Array => Uint8Array.from(values);

/** Planes of a tile of ternary columns, those of zeros included. */
export const gappedPlanes = (columns: number): number => planeOf(columns - 1) + 2;
