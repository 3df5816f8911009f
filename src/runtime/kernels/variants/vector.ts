/**
 * Products with very few pixels, as a classifier's: columns in lanes, one dot product per row and pixel.
 *
 * Layout: row after row, int8 or float32, each row filled up with zeros to 16 bytes.
 */

import { parameterBytes } from '../kernels.ts';
import { type MatrixShape, roundUp, type Variant } from './variant.ts';

/** Multiply-accumulates, results, activations, calls. */
function countWork({ rows, columns }: MatrixShape, pixels: number): readonly number[] {
  return [pixels * rows * columns, pixels * rows, pixels * columns, 1];
}

export const vectorInt8: Variant = {
  name: 'int8_vector_int8',
  activations: 'int8',
  accepts: ({ kind }) => kind !== 'float32',
  countWork,
  unitCosts: [0.0522, 4.16, 0.401, 114],
  weightBits: () => 8,
  pack: ({ rows, columns, values }) => {
    const width = roundUp(columns, 16);
    const data = new Int8Array(rows * width);
    for (let r = 0; r < rows; r++) data.set(values.subarray(r * columns, (r + 1) * columns), r * width);
    return new Uint8Array(data.buffer);
  },
  unpack: (data, rows, columns) => {
    const width = roundUp(columns, 16);
    const values = new Int8Array(rows * columns);
    const bytes = new Int8Array(data.buffer, data.byteOffset, data.length);
    for (let r = 0; r < rows; r++) values.set(bytes.subarray(r * width, r * width + columns), r * columns);
    return values;
  },
  scratch: (_, columns) => parameterBytes + roundUp(columns, 16) * 2,
};

export const vectorFloat32: Variant = {
  name: 'float32_vector_float32',
  activations: 'float32',
  accepts: () => true,
  countWork,
  unitCosts: [0.107, 1.61, 0.4, 193],
  weightBits: () => 32,
  pack: ({ rows, columns, values }) => {
    const width = roundUp(columns, 4);
    const data = new Float32Array(rows * width);
    for (let r = 0; r < rows; r++) data.set(values.subarray(r * columns, (r + 1) * columns), r * width);
    return new Uint8Array(data.buffer);
  },
  unpack: (data, rows, columns) => {
    const width = roundUp(columns, 4);
    const packed = new Float32Array(data.slice().buffer);
    return Float32Array.from({ length: rows * columns }, (_, i) => {
      return packed[Math.floor(i / columns) * width + (i % columns)]!;
    });
  },
  scratch: (_, columns) => parameterBytes + roundUp(columns, 4) * 4,
};
