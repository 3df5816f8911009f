/** Integers for full-precision filters: how many bits each form has, and one scale per filter, symmetric. */

import type { Node, Tensor } from '../../ir/index.ts';
import { roundEven } from '../../ops/arithmetic/numbers.ts';
import type { FilterForm } from './options.ts';

/** The axis of a weight that counts filters: 1 for a Gemm that does not transpose its weights. */
export const filterAxis = (node: Node) => (node.op === 'Gemm' && node.int('transB', 0) === 0 ? 1 : 0);

/** For each element of a weight, its filter. */
export function filterOf(dims: readonly number[], axis: number): (index: number) => number {
  const inner = dims.slice(axis + 1).reduce((product, d) => product * d, 1);
  const filters = dims[axis]!;
  return (index) => Math.floor(index / inner) % filters;
}

/** Filters with fewer weights, as depthwise ones, keep 8 bits: they are few bytes, and lose most. */
const leastInputs = 32;

const bitsOfForm: { readonly [K in FilterForm]?: number } = { int8: 8, int7: 7, int4: 4 };

/** Bits of a form's integers; undefined for forms of floats. */
export const integerBits = (form: FilterForm): number | undefined => bitsOfForm[form];

/** Bits of the integers of a weight that is not ternary, with 8-bit activations. */
export function filterBits({ dims }: Pick<Tensor, 'dims'>, axis: number, form: FilterForm): number {
  const bits = bitsOfForm[form] ?? 8;
  const inputs = dims.reduce((product, d, i) => (i === axis ? product : product * d), 1);
  return bits < 7 && inputs < leastInputs ? 8 : bits;
}

export interface QuantizedFilters {
  readonly values: Int8Array;
  /** One per filter, above 0. */
  readonly scales: Float32Array;
}

/** Scales that are tried for few bits, as parts of the one that reaches the largest weight. */
const clippings = Array.from({ length: 13 }, (_, i) => 1 - 0.04 * i);

/**
 * Nearest multiples of one scale per filter. From 7 bits on that is its largest weight over the largest integer; with
 * fewer, what lies beyond may be clipped where the sum of squared errors is less so. 1 for a filter of zeros.
 */
export function quantizeFilters({ dims, data }: Tensor, axis: number, bits = 8): QuantizedFilters {
  const of = filterOf(dims, axis);
  const weights = data as Float32Array;
  const largest = 2 ** (bits - 1) - 1;
  const widest = new Float32Array(dims[axis]!);
  for (const [i, w] of weights.entries()) widest[of(i)] = Math.max(widest[of(i)]!, Math.abs(w) / largest);
  for (const [f, s] of widest.entries()) if (s < 2 ** -126) widest[f] = 1;
  const round = (w: number, scale: number) => Math.max(-largest, Math.min(largest, roundEven(w / scale)));
  const scales = bits < 7 ? clip(weights, of, widest, round) : widest;
  return { values: Int8Array.from(weights, (w, i) => round(w, scales[of(i)]!)), scales };
}

function clip(
  weights: Float32Array,
  of: (index: number) => number,
  widest: Float32Array,
  round: (weight: number, scale: number) => number,
): Float32Array {
  const best = widest.slice();
  const least = new Float64Array(widest.length).fill(Number.POSITIVE_INFINITY);
  for (const clipping of clippings) {
    const scales = widest.map((scale) => scale * clipping);
    const errors = new Float64Array(widest.length);
    for (const [i, w] of weights.entries()) {
      const f = of(i);
      errors[f]! += (w - scales[f]! * round(w, scales[f]!)) ** 2;
    }
    for (const [f, error] of errors.entries()) {
      if (error >= least[f]!) continue;
      least[f] = error;
      best[f] = scales[f]!;
    }
  }
  return best;
}
