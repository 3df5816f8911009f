/**
 * Ternary products by listed additions, for sparse matrices: each row names its columns of +1 and of -1.
 *
 * Layout: uint16, whether any row has several chunks; then row after row chunks of at most 255 non-zeros, so that a
 * chunk's sum fits int16. A chunk: uint16 pairs of plus; uint16 pairs of minus, plus 2^15 in the row's last chunk; the
 * columns of the plus; those of the minus. A column is a byte: how far it is behind the one before it (the first one:
 * behind the tile's beginning) in a tile where a column of zeros follows each 128 columns, and the last one. Gaps that no
 * byte holds, and pairs that lack one, name columns of zeros.
 */

import { type ElementType, parameterBytes } from '../kernels.ts';
import { measure, packLists } from '../packing.ts';
import { mostInt16Terms } from './lookup.ts';
import { integersOf, type Variant, vectorsOf } from './variant.ts';

const columnsPerZero = 128;

export function listed(activations: ElementType, unitCosts: readonly number[]): Variant {
  return {
    name: `ternary_listed_${activations}`,
    activations,
    accepts: ({ kind, columns }) => kind === 'ternary' && columns < 65_536,
    // Added vectors and columns, vectors and tiles of results, vectors of the tile's copy, calls.
    countWork: ({ rows, columns, nonZeros }, pixels) => {
      const { vectors, tiles } = vectorsOf(pixels, activations);
      return [vectors * nonZeros, tiles * nonZeros, vectors * rows, tiles * rows, vectors * columns, 1];
    },
    unitCosts,
    weightBits: ({ rows, columns, nonZeros }) => (8 * (nonZeros + 5 * rows)) / (rows * columns),
    pack: (weights) => {
      const matrix = integersOf(weights);
      return packLists(matrix, measure(matrix).widest > mostInt16Terms);
    },
    unpack: (data, rows, columns) => {
      const view = new DataView(data.buffer, data.byteOffset, data.length);
      const values = new Int8Array(rows * columns);
      let at = 2;
      for (let row = 0; row < rows; row++) {
        let isLast = false;
        while (!isLast) {
          const pairs = [view.getUint16(at, true), view.getUint16(at + 2, true)] as const;
          isLast = pairs[1] >= 0x8000;
          at += 4;
          for (const [list, value] of [1, -1].entries()) {
            let slot = 0;
            for (const end = at + 2 * (pairs[list]! & 0x7fff); at < end; at++) {
              slot += data[at]!;
              const column = slot - Math.floor(slot / (columnsPerZero + 1));
              const isZeros = slot % (columnsPerZero + 1) === columnsPerZero || column >= columns;
              if (!isZeros) values[row * columns + column] = value;
            }
          }
        }
      }
      return values;
    },
    // A tile of all columns, the sums of all rows.
    scratch: (rows, columns) => parameterBytes + (columns + Math.ceil(columns / columnsPerZero)) * 64 + rows * 128,
  };
}
