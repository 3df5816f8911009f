/** A filter bank that is small enough to be drawn: eight filters of 3 x 3 weights, decomposed by the toolkit. */

import { decompose } from '#toolkit/compress/decompose/decompose.ts';

export const side = 3;
export const inputs = side * side;

/** Filters of image processing, each of energy 1. */
const kernels: readonly (readonly [name: string, weights: readonly number[]])[] = [
  ['edge →', [-1, 0, 1, -2, 0, 2, -1, 0, 1]],
  ['edge ↓', [-1, -2, -1, 0, 0, 0, 1, 2, 1]],
  ['edge ↘', [-2, -1, 0, -1, 0, 1, 0, 1, 2]],
  ['edge ↗', [0, 1, 2, -1, 0, 1, -2, -1, 0]],
  ['line |', [-1, 2, -1, -1, 2, -1, -1, 2, -1]],
  ['line –', [-1, -1, -1, 2, 2, 2, -1, -1, -1]],
  ['blur', [1, 2, 1, 2, 4, 2, 1, 2, 1]],
  ['spot', [-1, -1, -1, -1, 8, -1, -1, -1, -1]],
];

export const filterCount = kernels.length;
export const filterNames = kernels.map(([name]) => name);

export const weights = Float64Array.from(
  kernels.flatMap(([, values]) => {
    const length = Math.hypot(...values);
    return values.map((value) => value / length);
  }),
);

export interface DrawnBank {
  /** Indices of the filters, ascending. */
  readonly full: readonly number[];
  readonly ternary: readonly number[];
  readonly hidden: number;
  /** [hidden, inputs]. */
  readonly wb: Int8Array;
  readonly scales: Float64Array;
  /** [ternary filters, hidden]. */
  readonly wc: Int8Array;
  /** Relative squared error of each ternary filter. */
  readonly residuals: Float64Array;
}

const rows = (indices: readonly number[]) =>
  Float64Array.from(indices.flatMap((f) => Array.from(weights.subarray(f * inputs, (f + 1) * inputs))));

/** Those filters stay in full precision that a bank of `hidden` units would hurt most. */
export function makeBank(kept: number, hidden: number): DrawnBank {
  const all = Array.from({ length: filterCount }, (_, f) => f);
  const options = { width: hidden, starts: 8, rounds: 4, seed: 3 };
  const { residuals: hurt } = decompose(weights, filterCount, inputs, options);
  const full = [...all]
    .sort((a, b) => hurt[b]! - hurt[a]!)
    .slice(0, kept)
    .sort((a, b) => a - b);
  const ternary = all.filter((f) => !full.includes(f));
  const { wb, wc, scales, residuals } = decompose(rows(ternary), ternary.length, inputs, options);
  return { full, ternary, hidden, wb, wc, scales, residuals };
}

export interface Flow {
  /** Of each hidden unit: the sum of Wb, and the same times its scale. */
  readonly sums: readonly number[];
  readonly scaled: readonly number[];
  /** Of each filter, by its index: what the bank gives, and what the filter gave. */
  readonly outputs: readonly number[];
  readonly originals: readonly number[];
}

const dot = (a: ArrayLike<number>, at: number, x: readonly number[]) =>
  x.reduce((sum, value, i) => sum + a[at + i]! * value, 0);

/** One patch through the bank. */
export function flow({ ternary, hidden, wb, wc, scales }: DrawnBank, patch: readonly number[]): Flow {
  const sums = Array.from({ length: hidden }, (_, k) => dot(wb, k * inputs, patch));
  const scaled = sums.map((sum, k) => sum * scales[k]!);
  const originals = Array.from({ length: filterCount }, (_, f) => dot(weights, f * inputs, patch));
  const outputs = originals.map((value, f) => {
    const row = ternary.indexOf(f);
    return row < 0 ? value : dot(wc, row * hidden, scaled);
  });
  return { sums, scaled, outputs, originals };
}

const nonZero = (values: Int8Array) => values.filter((trit) => trit !== 0).length;

export interface Work {
  /** Multiply-accumulates of full-precision filters, and products with the scales. */
  readonly macs: number;
  /** Additions by non-zero trits, and by all of them. */
  readonly additions: number;
  readonly dense: number;
}

/** For one patch. */
export const workOf = ({ full, hidden, wb, wc }: DrawnBank): Work => ({
  macs: full.length * inputs + hidden,
  additions: nonZero(wb) + nonZero(wc),
  dense: wb.length + wc.length,
});

export const imageSide = 20;

/** A picture with edges in all directions: a disc, a beam across it, a bright spot. */
export const image: readonly number[] = Array.from({ length: imageSide * imageSide }, (_, at) => {
  const [x, y] = [at % imageSide, Math.floor(at / imageSide)];
  const disc = Math.hypot(x - 8.5, y - 10) < 6.5 ? 0.75 : 0.1;
  const beam = Math.abs(x + y - 22) < 1.5 ? 1 : 0;
  const spot = x === 3 && y === 3 ? 1 : 0;
  return Math.max(disc - (beam && disc > 0.5 ? 0.6 : 0), beam && disc < 0.5 ? 0.9 : 0, spot);
});

export const patchAt = (column: number, row: number): number[] =>
  Array.from({ length: inputs }, (_, i) => image[(row + Math.floor(i / side)) * imageSide + column + (i % side)]!);
