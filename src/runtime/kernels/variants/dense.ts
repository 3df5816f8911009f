/**
 * Dense products, register-blocked: 4 rows by some pixels at a time.
 *
 * Layouts. int8: for each 4 rows, for each 2 columns: [4 rows, 2 columns], which the kernel widens to int16, what
 * `i32x4.dot_i16x8_s` takes, four rows at a time. float32: for each 4 rows, for each column: 4 float32. Missing rows and columns are zeros.
 */

import { parameterBytes, type Weights } from '../kernels.ts';
import { packRows } from '../packing.ts';
import { integersOf, type MatrixShape, numbersIn, roundUp, type Variant } from './variant.ts';

const blockRows = 4;

/** Where element (row, column) is, with so many columns side by side in a block. */
const position = (row: number, column: number, columns: number, pair: number): number => {
  const block = Math.floor(row / blockRows) * roundUp(columns, pair) + Math.floor(column / pair) * pair;
  return block * blockRows + (row % blockRows) * pair + (column % pair);
};

const paddedSize = ({ rows, columns }: Weights) => roundUp(rows, blockRows) * roundUp(columns, 2);

/** Multiply-accumulates by eights of pixels, eights of results and of activations, calls. */
function countWork({ rows, columns }: MatrixShape, pixels: number): readonly number[] {
  const eights = Math.ceil(pixels / 8);
  const height = roundUp(rows, blockRows);
  return [eights * height * columns, eights * height, eights * columns, 1];
}

export const denseInt8: Variant = {
  name: 'int8_dense_int8',
  activations: 'int8',
  accepts: ({ kind }) => kind !== 'float32',
  countWork,
  unitCosts: [0.178, 1.67, 0, 842],
  weightBits: () => 8,
  pack: (weights) => packRows(integersOf(weights), 'Dense8', roundUp(paddedSize(weights), 16)),
  unpack: (data, rows, columns) => {
    const packed = new Int8Array(data.slice().buffer);
    return Int8Array.from({ length: rows * columns }, (_, i) => {
      return packed[position(Math.floor(i / columns), i % columns, columns, 2)]!;
    });
  },
  // A tile of all columns by 32 pixels in int16, the sums of 4 rows, their weights in int16.
  scratch: (_, columns) => parameterBytes + roundUp(columns, 2) * 64 + 512 + roundUp(columns, 2) * 8,
};

/** Weights of four bits plus 8, the even column's in the low half of a byte; the layout is that of int8 else. */
export const denseInt4: Variant = {
  name: 'int4_dense_int8',
  activations: 'int8',
  accepts: ({ kind, bits }) => kind !== 'float32' && bits <= 4,
  countWork,
  unitCosts: [0.182, 1.67, 0, 842],
  weightBits: () => 4,
  pack: (weights) => packRows(integersOf(weights), 'Dense4', roundUp(paddedSize(weights) / 2, 16)),
  unpack: (data, rows, columns) =>
    Int8Array.from({ length: rows * columns }, (_, i) => {
      const at = position(Math.floor(i / columns), i % columns, columns, 2);
      return ((data[at >> 1]! >> (4 * (at & 1))) & 15) - 8;
    }),
  scratch: denseInt8.scratch,
};

export const denseFloat32: Variant = {
  name: 'float32_dense_float32',
  activations: 'float32',
  accepts: () => true,
  countWork,
  unitCosts: [0.35, 2.9, 0.6, 399],
  weightBits: () => 32,
  pack: (weights) => {
    const { rows, columns } = weights;
    const values = numbersIn(weights);
    const packed = new Float32Array(roundUp(rows, blockRows) * columns);
    for (let row = 0, from = 0; row < rows; row++) {
      const start = position(row, 0, columns, 1);
      for (let c = 0; c < columns; c++) packed[start + c * blockRows] = values[from++]!;
    }
    return new Uint8Array(packed.buffer);
  },
  unpack: (data, rows, columns) => {
    const packed = new Float32Array(data.slice().buffer);
    return Float32Array.from({ length: rows * columns }, (_, i) => {
      return packed[position(Math.floor(i / columns), i % columns, columns, 1)]!;
    });
  },
  scratch: (_, columns) => parameterBytes + columns * 128 + 512,
};
