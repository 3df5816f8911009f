/**
 * Dense products by relaxed SIMD's `i32x4.relaxed_dot_i8x16_i7x16_add_s`, sixteen multiply-accumulates an instruction where
 * the processor has one (AVX-VNNI, Arm's dot product). The second operand must lie in 0..127: weights of seven bits plus 64
 * do, ternary ones with them.
 *
 * Layout: for each 4 rows, for each 4 columns: [4 rows, 4 columns] of weight + 64. What is missing is 64.
 */

import { parameterBytes } from '../kernels.ts';
import { packRows } from '../packing.ts';
import { integersOf, roundUp, type Variant } from './variant.ts';

const offset = 64;

const position = (row: number, column: number, columns: number): number =>
  (Math.floor(row / 4) * (roundUp(columns, 4) / 4) + Math.floor(column / 4)) * 16 + (row % 4) * 4 + (column % 4);

export const dotInt8: Variant = {
  name: 'int8_dot_int8',
  activations: 'int8',
  isRelaxed: true,
  accepts: ({ kind, bits }) => kind !== 'float32' && bits <= 7,
  // Multiply-accumulates by eights of pixels, eights of results and of activations, calls.
  countWork: ({ rows, columns }, pixels) => {
    const eights = Math.ceil(pixels / 8);
    const height = roundUp(rows, 4);
    return [eights * height * columns, eights * height, eights * columns, 1];
  },
  unitCosts: [0.085, 1.67, 0, 842],
  weightBits: () => 8,
  pack: (weights) => {
    const { rows, columns } = weights;
    return packRows(integersOf(weights), 'Dot', roundUp(rows, 4) * roundUp(columns, 4));
  },
  unpack: (data, rows, columns) =>
    Int8Array.from({ length: rows * columns }, (_, i) => {
      return data[position(Math.floor(i / columns), i % columns, columns)]! - offset;
    }),
  // The sums of 4 rows, what they begin with, a tile of all columns by 32 pixels.
  scratch: (_, columns) => parameterBytes + 512 + 128 + roundUp(columns, 4) * 32,
};
