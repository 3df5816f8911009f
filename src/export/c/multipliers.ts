/**
 * Requantisation by integers. The runtime rounds float32 products; a core without floating point wants
 *
 *   y = floor((t * multiplier + 2^(shift - 1)) / 2^shift) + zeroPoint,  clamped
 *
 * Both sides are steps: at most 255 of them, each at one sum t. A multiplier is right when it has all of its steps at the
 * same sums, so that only these have to be looked at, and each of them says in which interval the multiplier lies.
 */

import { findSumMultipliers, unitOf } from '../../accelerator/index.ts';
import {
  type AdditionLayer,
  addIntegers,
  averageOfSum,
  type PoolLayer,
  type Requantization,
  requantizeSum,
} from '../../integer/index.ts';

export interface IntegerMultiplier {
  readonly multiplier: number;
  /** 24 to 62. */
  readonly shift: number;
}

/** What an integer t becomes, without ever falling. */
export interface Steps {
  readonly of: (t: number) => number;
  /** All t that can be. */
  readonly from: number;
  readonly to: number;
  readonly zeroPoint: number;
  /** Where `of` is cut. */
  readonly lower: number;
  readonly upper: number;
  /** About what t is multiplied with. */
  readonly slope: number;
}

/** Larger sums would make the quotients below inexact. */
const largestStep = 2 ** 21;

/** For each output above that of `from`: the first t that gives it or more. */
function stepsOf({ of, from, to, zeroPoint, slope }: Steps): { t: number; y: number }[] {
  const steps: { t: number; y: number }[] = [];
  const last = of(to);
  let [y, low, high] = [of(from) + 1, from, to];
  const probe = (t: number) => {
    if (!(t >= low && t < high)) return;
    if (of(t) >= y) high = t;
    else low = t + 1;
  };
  for (; y <= last; y++) {
    high = to;
    // rounding moves few steps away from where the slope has them
    const expected = Math.ceil((y - zeroPoint - 0.5) / slope);
    for (const offset of [-1, 0, -16, 16]) probe(expected + offset);
    while (low < high) probe(Math.floor((low + high) / 2));
    steps.push({ t: low, y });
  }
  return steps;
}

/** The multiplier for a shift, where there is one. */
function solve(steps: readonly { t: number; y: number }[], zeroPoint: number, slope: number, shift: number) {
  const unit = 2 ** shift;
  let [low, high] = [0, 2 ** 31 - 1];
  for (const { t, y } of steps) {
    // t * multiplier >= edge > (t - 1) * multiplier
    const edge = (y - zeroPoint - 0.5) * unit;
    if (t > 0) low = Math.max(low, Math.ceil(edge / t));
    else if (t < 0) high = Math.min(high, Math.floor(edge / t));
    else if (edge > 0) return undefined;
    const before = t - 1;
    if (before > 0) high = Math.min(high, Math.ceil(edge / before) - 1);
    else if (before < 0) low = Math.max(low, Math.floor(edge / before) + 1);
    else if (edge <= 0) return undefined;
  }
  if (low > high) return undefined;
  return Math.min(Math.max(Math.round(slope * unit), low), high);
}

/** Products of sums up to `largestStep` with 31 bits, and edges, are exact in 53 bits. */
const isExact = (steps: readonly { t: number; y: number }[], zeroPoint: number, multiplier: number, shift: number) =>
  steps.every(({ t, y }) => {
    const edge = (y - zeroPoint - 0.5) * 2 ** shift;
    return t * multiplier >= edge && (t - 1) * multiplier < edge;
  });

/** An exact multiplier with shift 32 where values stay within 16 bits, else with the largest shift; undefined for none. */
export function findMultiplier(f: Steps): IntegerMultiplier | undefined {
  const { from, to, zeroPoint, slope } = f;
  if (!(slope >= 0) || f.of(from) > f.of(to)) return undefined;
  const steps = stepsOf(f);
  if (steps.some(({ t }) => Math.abs(t) > largestStep)) return undefined;
  const largest = Math.max(Math.abs(from), Math.abs(to)) + 1;
  const isSmall = largest * slope + Math.abs(zeroPoint) < 32000;
  const finest = Math.min(62, 30 - Math.floor(Math.log2(slope || 1)));
  for (const shift of isSmall && finest > 32 ? [32, finest] : [finest]) {
    // below 32 sums are shifted to the left first
    const fits =
      shift < 32 ? isSmall && shift >= 24 && largest * 2 ** (32 - shift) < 2 ** 31 : largest * slope < 2 ** 30;
    if (!fits) continue;
    const multiplier = solve(steps, zeroPoint, slope, shift);
    if (multiplier === undefined || !isExact(steps, zeroPoint, multiplier, shift)) continue;
    if (endsFit(f, multiplier, shift)) return { multiplier, shift };
  }
  return undefined;
}

/** Where there are few steps, what lies before the first one and behind the last one has to be right, too. */
function endsFit({ of, from, to, zeroPoint, lower, upper }: Steps, multiplier: number, shift: number): boolean {
  const value = (t: number) => {
    const y = Number((BigInt(t) * BigInt(multiplier) + (1n << BigInt(shift - 1))) >> BigInt(shift)) + zeroPoint;
    return Math.min(Math.max(y, lower), upper);
  };
  return value(from) === of(from) && value(to) === of(to);
}

/** Of a row whose sums lie in `from` .. `to`. */
export function rowMultiplier(
  output: Requantization,
  row: number,
  from: number,
  to: number,
): IntegerMultiplier | undefined {
  const bias = output.biases[row]!;
  if (Math.max(Math.abs(from + bias), Math.abs(to + bias)) >= 2 ** 31) return undefined;
  return findMultiplier({
    of: (t) => requantizeSum(t - bias, row, output),
    ...{ from: from + bias, to: to + bias, zeroPoint: output.zeroPoint, slope: output.multipliers[row]! },
    ...{ lower: output.lower, upper: output.upper },
  });
}

/** Of the sums of an average whose windows all have n pixels. */
export function averageMultiplier(layer: PoolLayer, n: number): IntegerMultiplier | undefined {
  return findMultiplier({
    of: (t) => averageOfSum(t, n, layer),
    ...{ from: -n * 255, to: n * 255, zeroPoint: layer.zeroPoint, slope: layer.multiplier / n },
    ...{ lower: -128, upper: 127 },
  });
}

export interface IntegerAddition {
  readonly a: number;
  readonly b: number;
  /** Below 2^53. */
  readonly rounding: number;
  /** 24 to 32. */
  readonly shift: number;
}

/** floor((a * A + b * B + rounding) / 2^shift) for all 65,536 pairs; undefined where nothing near the scales does it. */
export function findAddition(layer: AdditionLayer): IntegerAddition | undefined {
  const { scales, lower, upper } = layer;
  const expected = new Int16Array(65536);
  for (let a = -128; a < 128; a++) {
    for (let b = -128; b < 128; b++) expected[(a + 128) * 256 + b + 128] = addIntegers(a, b, layer);
  }
  const [slopeA, slopeB] = [scales[0] / scales[2], scales[1] / scales[2]];
  const shift = Math.min(32, 30 - Math.floor(Math.log2(Math.max(slopeA, slopeB))));
  if (shift < 24) return undefined;
  const [a0, b0] = [Math.round(slopeA * 2 ** shift), Math.round(slopeB * 2 ** shift)];
  const near = nearby.map(([i, j]) => [a0 + i, b0 + j] as const);
  for (const [a, b] of [...near, ...coarse(layer, shift)]) {
    const rounding = roundingOf(expected, a, b, shift, lower, upper);
    if (rounding !== undefined) return { a, b, rounding, shift };
  }
  return undefined;
}

/** Bits of the integers that an export looks for when it chooses the scale of a sum. */
const sumBits = 24;

/** Those of fewer bits: further from the quotients of the scales, and exact wherever an export settled the sum. */
function* coarse(layer: AdditionLayer, shift: number): Generator<readonly [number, number]> {
  const found = findSumMultipliers(layer, sumBits);
  if (!found) return;
  const unit = 2 ** shift / unitOf(found.shift);
  const [a, b] = found.mantissas;
  if (Number.isInteger(a * unit) && Number.isInteger(b * unit)) yield [a * unit, b * unit];
}

const nearby = [-2, -1, 0, 1, 2]
  .flatMap((i) => [-2, -1, 0, 1, 2].map((j) => [i, j] as const))
  .sort(([a, b], [c, d]) => Math.abs(a) + Math.abs(b) - Math.abs(c) - Math.abs(d));

function roundingOf(expected: Int16Array, a: number, b: number, shift: number, lower: number, upper: number) {
  const unit = 2 ** shift;
  let [low, high] = [-Infinity, Infinity];
  for (let i = 0; i < 65536; i++) {
    const sum = ((i >> 8) - 128) * a + ((i & 255) - 128) * b;
    const y = expected[i]!;
    if (y > lower) low = Math.max(low, y * unit - sum);
    if (y < upper) high = Math.min(high, (y + 1) * unit - 1 - sum);
    if (low > high) return undefined;
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) return undefined;
  return Math.floor((low + high) / 2);
}
