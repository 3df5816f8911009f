/**
 * Ternary products by listed additions, for sparse matrices: each row names its columns of +1 and of -1.
 *
 * Layout: uint16 numbers. First how many chunks any row has at most; then row after row: how many chunks; per chunk how
 * many plus, how many minus, the columns of the plus, the columns of the minus. A chunk has at most 255 non-zeros, so that
 * its sum fits int16. Both counts are even: where one is missing, a column of zeros behind the last column is named.
 */

import type { ElementType, Weights } from '../kernels.ts';
import { mostInt16Terms } from './lookup.ts';
import { parameterBytes, roundUp, type Variant, vectorsOf } from './variant.ts';

export function listed(activations: ElementType, unitCosts: readonly number[]): Variant {
  return {
    name: `ternary_listed_${activations}`,
    activations,
    accepts: ({ kind, columns }) => kind === 'ternary' && columns < 65_536,
    // Added vectors and columns, vectors and tiles of results, vectors of the tile's copy, calls.
    countWork: (weights, pixels) => {
      const { vectors, tiles } = vectorsOf(pixels, activations);
      const { rows, columns } = weights;
      const terms = countNonZeros(weights);
      return [vectors * terms, tiles * terms, vectors * rows, tiles * rows, vectors * columns, 1];
    },
    unitCosts,
    pack: ({ rows, columns, values }) => {
      const list: number[] = [0];
      for (let row = 0; row < rows; row++) {
        const nonZeros: number[] = [];
        for (let c = 0; c < columns; c++) if (values[row * columns + c] !== 0) nonZeros.push(c);
        const chunks = Math.ceil(nonZeros.length / mostInt16Terms);
        list[0] = Math.max(list[0]!, chunks);
        list.push(chunks);
        for (let i = 0; i < nonZeros.length; i += mostInt16Terms) {
          const chunk = nonZeros.slice(i, i + mostInt16Terms);
          const [plus, minus] = [1, -1].map((sign) => {
            const named = chunk.filter((c) => values[row * columns + c] === sign);
            return named.length % 2 === 0 ? named : [...named, columns];
          }) as [number[], number[]];
          list.push(plus.length, minus.length, ...plus, ...minus);
        }
      }
      const data = new Uint8Array(roundUp(2 * list.length, 16));
      new Uint16Array(data.buffer).set(list);
      return data;
    },
    unpack: (data, rows, columns) => {
      const list = new Uint16Array(data.slice().buffer);
      const values = new Int8Array(rows * columns);
      let at = 1;
      for (let row = 0; row < rows; row++) {
        for (let chunks = list[at++]!; chunks > 0; chunks--) {
          const plus = list[at++]!;
          const minus = list[at++]!;
          for (let i = 0; i < plus + minus; i++) {
            const column = list[at++]!;
            if (column < columns) values[row * columns + column] = i < plus ? 1 : -1;
          }
        }
      }
      return values;
    },
    // A tile of all columns, the sums of all rows.
    scratch: (rows, columns) => parameterBytes + (columns + 1) * 64 + rows * 128,
  };
}

function countNonZeros({ values }: Weights): number {
  let count = 0;
  for (const value of values) if (value !== 0) count += 1;
  return count;
}
