/**
 * Products with very few pixels, as a classifier's: columns in lanes, one dot product per row and pixel.
 *
 * Layout: row after row, int8 or float32, each row filled up with zeros to 16 bytes. Weights of few bits, plus what makes
 * them positive, are fields of eight little-endian words of 16 bits: column c of a vector's columns is in word c % 8, field
 * floor(c / 8), counted from the lowest bits.
 */

import { parameterBytes } from '../kernels.ts';
import { packRows } from '../packing.ts';
import { integersOf, type MatrixShape, numbersIn, roundUp, type Variant } from './variant.ts';

/** Multiply-accumulates, results, activations, calls. */
function countWork({ rows, columns }: MatrixShape, pixels: number): readonly number[] {
  return [pixels * rows * columns, pixels * rows, pixels * columns, 1];
}

export const vectorInt8: Variant = {
  name: 'int8_vector_int8',
  activations: 'int8',
  accepts: ({ kind }) => kind !== 'float32',
  countWork,
  unitCosts: [0.0519, 3.17, 0, 17.9],
  weightBits: () => 8,
  pack: (weights) => packRows(integersOf(weights), 'Vector', weights.rows * roundUp(weights.columns, 16)),
  unpack: (data, rows, columns) => {
    const width = roundUp(columns, 16);
    const values = new Int8Array(rows * columns);
    const bytes = new Int8Array(data.buffer, data.byteOffset, data.length);
    for (let r = 0; r < rows; r++) values.set(bytes.subarray(r * width, r * width + columns), r * columns);
    return values;
  },
  scratch: (_, columns) => parameterBytes + roundUp(columns, 16) * 2,
};

/** Weights in fields of so many bits, a value plus `offset` each. */
function vectorOfFields(of: Pick<Variant, 'name' | 'accepts' | 'unitCosts'>, bits: 2 | 4, offset: number): Variant {
  const lanes = 128 / bits;
  return {
    ...of,
    activations: 'int8',
    countWork,
    weightBits: () => bits,
    pack: (weights) => {
      const { rows, columns } = weights;
      return packRows(integersOf(weights), `Vector${bits}`, (rows * roundUp(columns, lanes) * bits) / 8);
    },
    unpack: (data, rows, columns) => {
      const words = new Uint16Array(data.slice().buffer);
      const rowWords = (roundUp(columns, lanes) * bits) / 16;
      return Int8Array.from({ length: rows * columns }, (_, i) => {
        const c = i % columns;
        const word = words[Math.floor(i / columns) * rowWords + Math.floor(c / lanes) * 8 + (c % 8)]!;
        return ((word >> (Math.floor((c % lanes) / 8) * bits)) & (2 ** bits - 1)) - offset;
      });
    },
    scratch: (_, columns) => parameterBytes + roundUp(columns, lanes) * 2,
  };
}

export const vectorTernary = vectorOfFields(
  { name: 'ternary_vector_int8', accepts: ({ kind }) => kind === 'ternary', unitCosts: [0.0462, 3.17, 0, 17.9] },
  2,
  1,
);

export const vectorInt4 = vectorOfFields(
  {
    name: 'int4_vector_int8',
    accepts: ({ kind, bits }) => kind !== 'float32' && bits <= 4,
    unitCosts: [0.0519, 3.17, 0, 17.9],
  },
  4,
  8,
);

export const vectorFloat32: Variant = {
  name: 'float32_vector_float32',
  activations: 'float32',
  accepts: () => true,
  countWork,
  unitCosts: [0.107, 1.61, 0.4, 193],
  weightBits: () => 32,
  pack: (weights) => {
    const { rows, columns } = weights;
    const values = numbersIn(weights);
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
