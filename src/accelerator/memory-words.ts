/** The memories of constants as words, lowest field first: what the hardware reads. */

import { type ArrayParameters, entryBits, rowBits } from './array.ts';
import type { CompiledNetwork, ParameterWord } from './compiled.ts';
import { programWords } from './program.ts';

export interface MemoryWords {
  readonly bits: number;
  readonly words: readonly bigint[];
}

export type ConstantMemory =
  | 'macProgram'
  | 'adderProgram'
  | 'table'
  | 'macWeights'
  | 'adderWeights'
  | 'macParameters'
  | 'adderParameters';

const signed = (value: number, bits: number) => BigInt.asUintN(bits, BigInt(value));

/** Bytes in lanes, lane 0 lowest. */
export function packBytes(bytes: ArrayLike<number>): bigint {
  let text = '';
  for (let i = bytes.length - 1; i >= 0; i--) text += (bytes[i]! & 255).toString(16).padStart(2, '0');
  return BigInt(`0x${text}`);
}

/** Words of `width` bytes. */
export function* inWords(bytes: Int8Array, width: number): Generator<bigint> {
  for (let i = 0; i < bytes.length; i += width) yield packBytes(bytes.subarray(i, i + width));
}

function accessWords({ table }: CompiledNetwork): bigint[] {
  return table.map(
    ({ word, shift, mask, isStart, isLast }) =>
      BigInt(Number(isLast)) |
      (BigInt(word & 1) << 1n) |
      (BigInt(Number(isStart)) << 2n) |
      (BigInt(shift) << 3n) |
      (signed(word >> 1, 16) << 9n) |
      (mask << 32n),
  );
}

function parameterWords(
  words: readonly ParameterWord[],
  bits: number,
  { multiplierBits }: ArrayParameters,
): MemoryWords {
  const packed = words.map(
    ({ bias, mantissa, shift, offset }) =>
      signed(bias, bits) |
      (BigInt(mantissa) << BigInt(bits)) |
      (BigInt(shift) << BigInt(bits + multiplierBits)) |
      (BigInt(offset) << BigInt(bits + multiplierBits + 6)),
  );
  return { bits: rowBits + 6 + multiplierBits + bits, words: packed };
}

/** All memories of constants. */
export function memoryWords(compiled: CompiledNetwork): Record<ConstantMemory, MemoryWords> {
  const { array, mac, adder, macWeights, adderWeights, macParameters, adderParameters } = compiled;
  return {
    macProgram: { bits: 64, words: programWords(mac, 'mac') },
    adderProgram: { bits: 64, words: programWords(adder, 'adder') },
    table: { bits: 32 + array.lanes, words: accessWords(compiled) },
    macWeights: { bits: 8 * array.macs, words: [...inWords(macWeights, array.macs)] },
    adderWeights: { bits: entryBits(array), words: adderWeights },
    macParameters: parameterWords(macParameters, array.sumBits, array),
    adderParameters: parameterWords(adderParameters, array.adderSumBits, array),
  };
}
