/**
 * Ternary products by looked-up partial sums. The columns are cut into groups of g; for a tile of pixels the kernel
 * makes a table of all 3^g signed sums of the group's g planes, and each row adds one entry per group: g
 * multiply-accumulates by one addition, at the price of 3^g stored sums per group that all rows share. The idea is that
 * of the "Four Russians" method, and of T-MAC (Wei et al., 2024) with pixels in the place of its weights as lanes.
 *
 * Layout: uint32 number of spans, uint32 end of each span in blocks, zeros up to a multiple of 16; then block after
 * block of four groups (the last block may have fewer), in each row after row, a byte per group: which entry of its table
 * it is, sum(3^i (t_i + 1)), i-th column of the group from behind. Four trits take 8 bits so, three likewise. An entry has
 * 64 bytes: 32 int16 or 16 float32. Rows are read by words of four bytes: three more follow the last one.
 *
 * A span is a run of blocks in which int16 sums cannot overflow: no row has more than 255 non-zeros, 255 * 128 < 2^15.
 */

import { type ElementType, parameterBytes, type VariantName } from '../kernels.ts';
import { measure, packLookup } from '../packing.ts';
import { integersOf, roundUp, type Variant, vectorsOf } from './variant.ts';

const entryBytes = 64;

/** Groups whose tables are made at a time. */
const blockGroups = 4;

/** Non-zeros that an int16 can hold the sum of. */
export const mostInt16Terms = 255;

export function lookup(
  name: VariantName,
  group: 3 | 4,
  activations: ElementType,
  unitCosts: readonly number[],
): Variant {
  const tableBytes = 3 ** group * entryBytes;
  return {
    name,
    activations,
    accepts: ({ kind }) => kind === 'ternary',
    // Looked-up vectors and entries, vectors of tables, vectors of results, calls.
    countWork: ({ rows, columns }, pixels) => {
      const { vectors, tiles } = vectorsOf(pixels, activations);
      const groups = Math.ceil(columns / group);
      return [vectors * groups * rows, tiles * groups * rows, vectors * groups, vectors * rows, 1];
    },
    unitCosts,
    weightBits: () => 8 / group,
    pack: (weights) => {
      const matrix = integersOf(weights);
      return packLookup(matrix, group, activations === 'int8' && measure(matrix).widest > mostInt16Terms);
    },
    unpack: (data, rows, columns) => {
      const spans = new Uint32Array(data.slice(0, 4).buffer)[0]!;
      const entries = data.subarray(4 * roundUp(1 + spans, 4));
      const values = new Int8Array(rows * columns);
      forEntries(rows, Math.ceil(columns / group), (index, row, g) => {
        let entry = entries[index]!;
        for (let c = (g + 1) * group - 1; c >= g * group; c--) {
          if (c < columns) values[row * columns + c] = (entry % 3) - 1;
          entry = Math.floor(entry / 3);
        }
      });
      return values;
    },
    // Zeros, the tables of a block, int16 or float32 sums of all rows, their int32 sums.
    scratch: (rows) => parameterBytes + entryBytes + blockGroups * tableBytes + rows * (64 + 128),
  };
}

/** Calls `visit` in the order of the layout, with the group's number in its row. */
function forEntries(rows: number, groups: number, visit: (index: number, row: number, group: number) => void): void {
  let index = 0;
  for (let first = 0; first < groups; first += blockGroups) {
    const end = Math.min(first + blockGroups, groups);
    for (let row = 0; row < rows; row++) {
      for (let group = first; group < end; group++) visit(index++, row, group);
    }
  }
}
