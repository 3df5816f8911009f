/** Ternary rows as words of the adders' weight memory: lists of non-zeros, or dense trits. */

import type { ArrayParameters } from './array.ts';

/** A matrix of trits; columns are in the order of the tile's slots. */
export interface TernaryMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Int8Array;
}

export interface PackedRows {
  readonly words: readonly bigint[];
  /** Words of each row (lists), or of each block of rows (trits). */
  readonly lengths: Int32Array;
  /** Additions, without zeros. */
  readonly additions: number;
}

/** In words of `entryBits`. */
export function packTernary(matrix: TernaryMatrix, array: ArrayParameters): PackedRows {
  return array.ternary === 'lists' ? packLists(matrix, array) : packTrits(matrix, array);
}

interface Entry {
  readonly row: number;
  readonly isNegative: boolean;
}

/** {gap, sign} of each entry of a bank's list; far ones are reached in several steps. */
function gapsOf(entries: readonly Entry[], gapBits: number): number[] {
  // the largest code is a step of one less, without adding
  const skip = 2 ** gapBits - 1;
  const gaps: number[] = [];
  let last = -1;
  for (const { row, isNegative } of entries) {
    while (row - last >= skip) {
      gaps.push(skip << 1);
      last += skip - 1;
    }
    gaps.push(((row - last) << 1) | (isNegative ? 1 : 0));
    last = row;
  }
  return gaps;
}

/** The list of each bank for one row. */
function listsOf(trits: Int8Array, { inputs, copies, gapBits }: ArrayParameters): number[][] {
  const sets = inputs / copies;
  const ofSet = Array.from({ length: sets }, (): Entry[] => []);
  for (const [column, trit] of trits.entries()) {
    if (trit !== 0) ofSet[column % sets]!.push({ row: Math.floor(column / sets), isNegative: trit < 0 });
  }
  // bank k has set k mod sets; the copies of a set take its entries in turn
  return Array.from({ length: inputs }, (_, k) => {
    const turn = Math.floor(k / sets);
    return gapsOf(
      ofSet[k % sets]!.filter((_, i) => i % copies === turn),
      gapBits,
    );
  });
}

const lengthOf = (lists: readonly (readonly number[])[]) => Math.max(1, ...lists.map((gaps) => gaps.length));

/** Entries of the list of each bank for a row of trits; the row takes as many words as the longest has. */
export const listLengths = (trits: Int8Array, array: ArrayParameters): number[] =>
  listsOf(trits, array).map((gaps) => gaps.length);

/** Words that every block of dense rows takes. */
export const denseLength = (columns: number, { inputs }: ArrayParameters): number => Math.ceil(columns / inputs);

function packLists({ rows, columns, values }: TernaryMatrix, array: ArrayParameters): PackedRows {
  const { inputs, gapBits } = array;
  const width = BigInt(gapBits + 1);
  const words: bigint[] = [];
  const lengths = new Int32Array(rows);
  let additions = 0;
  for (let row = 0; row < rows; row++) {
    const trits = values.subarray(row * columns, (row + 1) * columns);
    for (const trit of trits) if (trit !== 0) additions++;
    const banks = listsOf(trits, array);
    const length = lengthOf(banks);
    lengths[row] = length;
    for (let i = 0; i < length; i++) {
      let word = i === length - 1 ? 1n << (width * BigInt(inputs)) : 0n;
      for (const [k, gaps] of banks.entries()) word |= BigInt(gaps[i] ?? 0) << (width * BigInt(k));
      words.push(word);
    }
  }
  return { words, lengths, additions };
}

function packTrits({ rows, columns, values }: TernaryMatrix, array: ArrayParameters): PackedRows {
  const { inputs, adders, ternary } = array;
  const perRow = denseLength(columns, array);
  const blocks = Math.ceil(rows / adders);
  const words: bigint[] = [];
  let additions = 0;
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < perRow; i++) {
      const trits = Array.from({ length: inputs * adders }, (_, at) => {
        const row = block * adders + Math.floor(at / inputs);
        const column = i * inputs + (at % inputs);
        const trit = row < rows && column < columns ? values[row * columns + column]! : 0;
        if (trit !== 0) additions++;
        return trit;
      });
      words.push(ternary === 'trits' ? twoBits(trits) : fiveToAByte(trits));
    }
  }
  return { words, lengths: new Int32Array(blocks).fill(perRow), additions };
}

const twoBits = (trits: readonly number[]) =>
  trits.reduce((word, trit, i) => word | (BigInt(trit === 0 ? 0 : trit > 0 ? 1 : 3) << BigInt(2 * i)), 0n);

function fiveToAByte(trits: readonly number[]): bigint {
  let word = 0n;
  for (let i = 0; i < trits.length; i += 5) {
    const byte = trits.slice(i, i + 5).reduceRight((sum, trit) => sum * 3 + trit + 1, 0);
    word |= BigInt(byte) << BigInt((8 * i) / 5);
  }
  return word;
}
