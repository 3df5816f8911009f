/** Integers for full-precision filters: how many bits each has, and one scale per filter, symmetric. */

import type { Node, Tensor } from '../../ir/index.ts';
import { type BitsByNode, largestOf, roundWeight, stepOf } from '../../quantize/index.ts';
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

const bitsOfForm = { fp32: 32, fp16: 16, int8: 8, int4: 4 } as const satisfies Record<FilterForm, number>;

/** From 8 bits down weights are integers with a scale. */
export const areIntegers = (bits: number) => bits <= 8;

/** Bits of a form's integers; undefined for forms of floats. */
export const integerBits = (form: FilterForm): number | undefined =>
  areIntegers(bitsOfForm[form]) ? bitsOfForm[form] : undefined;

/**
 * Bits of each filter of a weight that is not ternary: the form's, or fewer where `planned` says so (`readFilterBits`). In
 * `fp32` weights stay as they are.
 */
export function bitsOfFilters(
  { name }: Pick<Node, 'name'>,
  { dims }: Pick<Tensor, 'dims'>,
  axis: number,
  form: FilterForm,
  planned: BitsByNode,
): number[] {
  const inputs = dims.reduce((product, d, i) => (i === axis ? product : product * d), 1);
  const most = bitsOfForm[form];
  const usual = most < 7 && inputs < leastInputs ? 8 : most;
  const own = most <= 16 ? planned.get(name) : undefined;
  return Array.from({ length: dims[axis]! }, (_, f) => Math.min(usual, own?.[f] ?? usual));
}

export interface QuantizedFilters {
  readonly values: Int8Array;
  /** One per filter, above 0. */
  readonly scales: Float32Array;
}

/** Nearest multiples of one scale per filter, `stepOf`. `bits` are at most 8, for all filters or for each. */
export function quantizeFilters(
  { dims, data }: Tensor,
  axis: number,
  bits: number | readonly number[] = 8,
): QuantizedFilters {
  const of = filterOf(dims, axis);
  const filters = dims[axis]!;
  const rows = splitRows(data as Float32Array, of, filters);
  const bitsOf = (f: number) => (typeof bits === 'number' ? bits : bits[f]!);
  const scales = Float32Array.from(rows, (row, f) => stepOf(row, bitsOf(f)));
  const values = Int8Array.from(data as Float32Array, (w, i) =>
    roundWeight(w, scales[of(i)]!, largestOf(bitsOf(of(i)))),
  );
  return { values, scales };
}

function splitRows(weights: Float32Array, of: (index: number) => number, filters: number): Float32Array[] {
  const rows = Array.from({ length: filters }, () => new Float32Array(weights.length / filters));
  const counts = new Uint32Array(filters);
  for (const [i, w] of weights.entries()) rows[of(i)]![counts[of(i)]!++] = w;
  return rows;
}
