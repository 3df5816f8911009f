/**
 * Dense products by relaxed SIMD's `i32x4.relaxed_dot_i8x16_i7x16_add_s`, sixteen multiply-accumulates an instruction where
 * the processor has one (AVX-VNNI, Arm's dot product). Its second operand, here the weights, is of seven bits; an eighth is
 * taken as unsigned on x86 and as signed on Arm. Weights have an offset: four bits and trits one that makes them positive,
 * eight bits what the engine asks for. The kernel takes as often the sum of each pixel's activations off its sums.
 *
 * Layout: for each 4 rows, for each step of 4 columns, [4 rows, 4 columns] of weight + offset; of fewer than eight bits the
 * next steps' are in the higher bits of the same bytes. What is missing is the offset.
 */

import { parameterBytes } from '../kernels.ts';
import { packDot } from '../packing.ts';
import { dotOffset } from '../wasm/detect.ts';
import { integersOf, roundUp, type Variant } from './variant.ts';

/** Bytes of one step of 4 columns of 4 rows, one byte a weight. */
const stepBytes = 16;

interface Fields {
  readonly bits: 2 | 4 | 8;
  /** Undefined where the engine's dot product is not exact for such weights. */
  offset(): number | undefined;
}

function dot(of: Pick<Variant, 'name' | 'accepts'>, { bits, offset }: Fields): Variant {
  const perVector = 8 / bits;
  const vectorsOf = (columns: number) => Math.ceil(roundUp(columns, 4) / 4 / perVector);
  return {
    ...of,
    activations: 'int8',
    isRelaxed: true,
    isExact: () => offset() !== undefined,
    // Multiply-accumulates by eights of pixels, eights of results and of activations, calls.
    countWork: ({ rows, columns }, pixels) => {
      const eights = Math.ceil(pixels / 8);
      const height = roundUp(rows, 4);
      return [eights * height * columns, eights * height, eights * columns, 1];
    },
    unitCosts: [0.085, 1.67, 0, 842],
    weightBits: () => bits,
    pack: (weights) => {
      const bytes = (roundUp(weights.rows, 4) / 4) * vectorsOf(weights.columns) * stepBytes;
      return packDot(integersOf(weights), bits, offset() ?? 0, bytes);
    },
    unpack: (data, rows, columns) =>
      Int8Array.from({ length: rows * columns }, (_, i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        const step = Math.floor(column / 4);
        const vector = Math.floor(row / 4) * vectorsOf(columns) + Math.floor(step / perVector);
        const byte = data[vector * stepBytes + (row % 4) * 4 + (column % 4)]!;
        return ((byte >> ((step % perVector) * bits)) & (2 ** bits - 1)) - (offset() ?? 0);
      }),
    // The sums of 4 rows, what they begin with, their weights as bytes, a tile of all columns by 32 pixels.
    scratch: (_, columns) =>
      parameterBytes + 512 + 128 + vectorsOf(columns) * perVector * stepBytes + roundUp(columns, 4) * 32,
  };
}

export const dotInt8 = dot(
  { name: 'int8_dot_int8', accepts: ({ kind }) => kind !== 'float32' },
  { bits: 8, offset: dotOffset },
);
export const dotInt4 = dot(
  { name: 'int4_dot_int8', accepts: ({ kind, bits }) => kind !== 'float32' && bits <= 4 },
  { bits: 4, offset: () => 8 },
);
export const dotTernary = dot(
  { name: 'ternary_dot_int8', accepts: ({ kind }) => kind === 'ternary' },
  { bits: 2, offset: () => 1 },
);
