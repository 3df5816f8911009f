/** Multipliers as the requantizer takes them: mantissa / 2^(16 + shift). */

import { type AdditionLayer, addIntegers, averageOfSum, type PoolLayer, type TableLayer } from '../integer/index.ts';
import { TritbankError } from '../ir/index.ts';
import { roundEven } from '../ops/arithmetic/numbers.ts';

const advice = 'found scales of an older export: export the float model again with --activations int8';

/** What the requantizer needs of a row. */
export interface RowParameters {
  readonly bias: number;
  readonly mantissa: number;
  readonly shift: number;
}

const leastShift = 16;
const mostShift = leastShift + 63;

const { fround } = Math;

/**
 * Mantissa and shift of a float32 that is not negative; undefined where it needs more bits. Multipliers from 256 on take
 * every sum but 0 beyond the bounds of a byte, which the largest mantissa of 24 bits does as well.
 */
export function mantissaOf(multiplier: number, bits: number): { mantissa: number; shift: number } | undefined {
  if (multiplier === 0) return { mantissa: 0, shift: 0 };
  if (!(multiplier > 0 && multiplier < Infinity)) return undefined;
  if (multiplier >= 256 && bits === 24) return { mantissa: 2 ** 24 - 1, shift: 0 };
  let mantissa = multiplier;
  let scale = 0;
  // exact: powers of two
  while (mantissa < 2 ** (bits - 1)) [mantissa, scale] = [mantissa * 2, scale + 1];
  while (mantissa >= 2 ** bits) [mantissa, scale] = [mantissa / 2, scale - 1];
  while (scale > mostShift) {
    if (mantissa % 2 !== 0) return undefined;
    [mantissa, scale] = [mantissa / 2, scale - 1];
  }
  if (!Number.isInteger(mantissa) || scale < leastShift) return undefined;
  return { mantissa, shift: scale - leastShift };
}

/** The power of two that a mantissa is over. */
export const unitOf = (shift: number): number => 2 ** (leastShift + shift);

const multiplierOf = (mantissa: number, shift: number) => mantissa / unitOf(shift);

type Average = Pick<PoolLayer, 'multiplier' | 'inputZeroPoint' | 'zeroPoint'>;
type Multiplier = Pick<RowParameters, 'mantissa' | 'shift'>;

/**
 * One multiplication for an average: the multiplier with which the requantizer gives what `averageOfSum` gives, for
 * every sum that there can be. E_UNSUPPORTED where there is none.
 */
export function averageMultiplier(layer: PoolLayer, n: number, bits: number): Multiplier {
  const found = findAverageMultiplier(layer, n, bits);
  if (found) return found;
  const expected = 'expected an average that one multiplication gives to the bit';
  throw new TritbankError('E_UNSUPPORTED', layer.name, `${expected}, ${advice}`);
}

/** As `averageMultiplier`; undefined where there is none. */
export function findAverageMultiplier(layer: Average, n: number, bits: number): Multiplier | undefined {
  const [least, most] = [n * (-128 - layer.inputZeroPoint), n * (127 - layer.inputZeroPoint)];
  const about = fround(layer.multiplier / n);
  const clamp = (v: number) => Math.min(Math.max(v, -128), 127);
  const start = mantissaOf(bits === 24 ? about : roundTo(about, bits), bits);
  for (const offset of nearby(start ? 64 : 0)) {
    const mantissa = start!.mantissa + offset;
    if (mantissa >= 2 ** bits || mantissa < 0) continue;
    const value = multiplierOf(mantissa, start!.shift);
    let isExact = true;
    for (let sum = least; sum <= most && isExact; sum++) {
      isExact = clamp(roundEven(fround(sum * value)) + layer.zeroPoint) === averageOfSum(sum, n, layer);
    }
    if (isExact) return { mantissa, shift: start!.shift };
  }
  return undefined;
}

/** To so many bits of mantissa. */
function roundTo(value: number, bits: number): number {
  const scale = 2 ** (bits - 1 - Math.floor(Math.log2(value)));
  return Math.round(value * scale) / scale;
}

/** 0, 1, -1, 2, -2 .. */
const nearby = (most: number) => [
  0,
  ...Array.from({ length: 2 * most }, (_, i) => (i % 2 === 0 ? 1 : -1) * (1 + (i >> 1))),
];

/** Mantissas of both operands of an addition, over one power of two. */
export interface SumMultipliers {
  readonly mantissas: readonly [number, number];
  readonly shift: number;
}

/** `addIntegers` of these numbers. */
export type SumOfIntegers = Pick<AdditionLayer, 'scales' | 'zeroPoints' | 'lower' | 'upper'>;

/** What two multiplications give that `addIntegers` gives for all pairs of integers; E_UNSUPPORTED where none were found. */
export function additionMultipliers(layer: AdditionLayer, bits: number): SumMultipliers {
  const found = findSumMultipliers(layer, bits);
  if (found) return found;
  const expected = 'expected a sum that two multiplications give to the bit';
  throw new TritbankError('E_UNSUPPORTED', layer.name, `${expected}, ${advice}`);
}

/** As `additionMultipliers`; undefined where none were found. */
export function findSumMultipliers(layer: SumOfIntegers, bits: number): SumMultipliers | undefined {
  const [a, b, y] = layer.scales.map(fround) as [number, number, number];
  const [ra, rb] = [a / y, b / y];
  const scale = Math.min(bits - 1 - Math.floor(Math.log2(Math.max(ra, rb))), mostShift);
  if (scale < leastShift) return undefined;
  const unit = 2 ** scale;
  const [ma, mb] = [Math.round(ra * unit), Math.round(rb * unit)];
  // all others are decided, whatever the last bits are
  const near = pairsNearTies(layer, ma / unit, mb / unit);
  for (const i of nearby(6)) {
    for (const j of nearby(6)) {
      const mantissas: [number, number] = [ma + i, mb + j];
      if (mantissas.some((m) => m < 0 || m >= 2 ** bits)) continue;
      if (near.every((pair) => sumOf(pair, mantissas, unit, layer) === pair.sum))
        return { mantissas, shift: scale - leastShift };
    }
  }
  return undefined;
}

/** Integers without their zero points, and what they add up to. */
interface Pair {
  readonly a: number;
  readonly b: number;
  readonly sum: number;
}

function sumOf({ a, b }: Pair, [ma, mb]: readonly [number, number], unit: number, layer: SumOfIntegers): number {
  const y = roundEven((a * ma + b * mb) / unit) + layer.zeroPoints[2];
  return Math.min(Math.max(y, layer.lower), layer.upper);
}

/** Pairs whose sum lies next to the middle between two integers. */
function pairsNearTies(layer: SumOfIntegers, ra: number, rb: number): Pair[] {
  const [za, zb] = layer.zeroPoints;
  const near: Pair[] = [];
  for (let a = -128 - za; a < 128 - za; a++) {
    for (let b = -128 - zb; b < 128 - zb; b++) {
      const value = a * ra + b * rb;
      const isNear = Math.abs(value - Math.floor(value) - 0.5) < 1e-3;
      if (isNear) near.push({ a, b, sum: addIntegers(a + za, b + zb, layer) });
    }
  }
  return near;
}

/**
 * A table that is a line, as a scale between two quantizations is: y = clamp(round((x + bias) * multiplier) + zeroPoint).
 * E_UNSUPPORTED for another one.
 */
export function lineOfTable({ table, name }: TableLayer, bits: number): RowParameters & { readonly zeroPoint: number } {
  for (let zero = -128; zero < 128; zero++) {
    const zeroPoint = table[zero + 128]!;
    // each entry says between what bounds the slope is
    let [least, most] = [0, Infinity];
    for (let x = -128; x < 128; x++) {
      const [dx, y] = [x - zero, table[x + 128]!];
      if (dx === 0) continue;
      const [low, high] = [
        (y === -128 ? -Infinity : y - zeroPoint - 0.5) / dx,
        (y === 127 ? Infinity : y - zeroPoint + 0.5) / dx,
      ];
      least = Math.max(least, Math.min(low, high));
      most = Math.min(most, Math.max(low, high));
    }
    if (!(least < most)) continue;
    const slope = fround(most === Infinity ? least * 1.001 + 1e-3 : (least + most) / 2);
    const found = mantissaOf(bits === 24 ? slope : roundTo(slope, bits), bits);
    if (!found) continue;
    const multiplier = multiplierOf(found.mantissa, found.shift);
    const isExact = table.every((y, i) => {
      const line = roundEven(fround((i - 128 - zero) * multiplier)) + zeroPoint;
      return Math.min(Math.max(line, -128), 127) === y;
    });
    if (isExact) return { bias: -zero, ...found, zeroPoint };
  }
  throw new TritbankError('E_UNSUPPORTED', name, 'expected a change of scale, found another function of a number');
}
