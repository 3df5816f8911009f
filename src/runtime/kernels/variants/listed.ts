/**
 * Ternary products by listed additions, for sparse matrices: each row names its columns of +1 and of -1.
 *
 * Layout: uint16 numbers. First how many chunks any row has at most; then row after row: how many chunks; per chunk how
 * many plus, how many minus, the columns of the plus, the columns of the minus. A chunk has at most 255 non-zeros, so
 * that its sum fits int16. Both counts are even: where one is missing, a column of zeros behind the last column is
 * named.
 */

import { type ElementType, parameterBytes, type Weights } from '../kernels.ts';
import { mostInt16Terms } from './lookup.ts';
import { roundUp, shapeOf, type Variant, vectorsOf } from './variant.ts';

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
    weightBits: ({ rows, columns, nonZeros }) => (16 * (nonZeros + 5 * rows)) / (rows * columns),
    pack: packLists,
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

/** One pass per row over its non-zeros: this is run for every matrix while a network loads. */
function packLists(weights: Weights): Uint8Array {
  const { rows, columns, values } = weights;
  const terms = shapeOf(weights).nonZeros;
  // per chunk two counts and at most two columns of zeros, per row the number of its chunks
  const chunksAtMost = rows * Math.ceil(columns / mostInt16Terms);
  const list = new Uint16Array(1 + rows + 4 * chunksAtMost + terms);
  const nonZeros = new Uint16Array(columns);
  let at = 1;
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let count = 0;
    for (let c = 0; c < columns; c++) if (values[start + c] !== 0) nonZeros[count++] = c;
    const chunks = Math.ceil(count / mostInt16Terms);
    list[0] = Math.max(list[0]!, chunks);
    list[at++] = chunks;
    for (let from = 0; from < count; from += mostInt16Terms) {
      const to = Math.min(from + mostInt16Terms, count);
      const counts = at;
      at += 2;
      for (const [k, sign] of [1, -1].entries()) {
        const first = at;
        for (let i = from; i < to; i++) if (values[start + nonZeros[i]!] === sign) list[at++] = nonZeros[i]!;
        if ((at - first) % 2 === 1) list[at++] = columns;
        list[counts + k] = at - first;
      }
    }
  }
  const data = new Uint8Array(roundUp(2 * at, 16));
  new Uint16Array(data.buffer).set(list.subarray(0, at));
  return data;
}
