/**
 * Tensors as plain arrays: the vocabulary of the reference rules. Arithmetic happens in double precision and is rounded
 * once to the element type. 64-bit integers are exact to 2^53 and saturate at their range; moving elements about keeps
 * all their bits.
 */

import { allocate, type DType, elementCount, type Node, type Tensor, toNumbers } from '../../ir/index.ts';

/** Computes a node whose inputs are all constants and whose output types are known. */
export type ReferenceRule = (node: Node) => readonly Tensor[];

/** The data of input `index`. */
export function tensorOf(node: Node, index: number): Tensor {
  const { constant, name } = node.input(index);
  if (!constant) throw new Error(`internal: ${node.label} evaluated with a variable input '${name}'`);
  return constant;
}

/** The elements of input `index` as numbers, or undefined for an omitted input. */
export function optionalNumbers(node: Node, index: number): number[] | undefined {
  const constant = node.inputs[index]?.constant;
  return constant && toNumbers(constant);
}

export const numbers = (node: Node, index: number): number[] => toNumbers(tensorOf(node, index));

const int64Range = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const uint64Range = [0n, 2n ** 64n - 1n] as const;

function toBigInt(value: number, [low, high]: readonly [bigint, bigint]): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value >= Number(high)) return high;
  return value <= Number(low) ? low : BigInt(Math.trunc(value));
}

/** A tensor of `dtype` from numbers: rounded to a float type, truncated and wrapped to an integer type. */
export function fromNumbers(dtype: DType, dims: readonly number[], values: readonly number[]): Tensor {
  if (dtype === 'string') throw new Error('internal: string tensor made of numbers');
  switch (dtype) {
    case 'int64':
      return { dtype, dims, data: BigInt64Array.from(values, (v) => toBigInt(v, int64Range)) };
    case 'uint64':
      return { dtype, dims, data: BigUint64Array.from(values, (v) => toBigInt(v, uint64Range)) };
    case 'float16':
      return { dtype, dims, data: Uint16Array.from(values, encodeHalf) };
    case 'bfloat16':
      return { dtype, dims, data: Uint16Array.from(values, encodeBfloat) };
    case 'bool':
      return { dtype, dims, data: Uint8Array.from(values, (v) => (v === 0 ? 0 : 1)) };
    default: {
      const data = allocate(dtype, values.length) as Float32Array;
      data.set(values);
      return { dtype, dims, data };
    }
  }
}

/** Output `index` of a node, with the type that shape inference gave it. */
export function result(node: Node, values: readonly number[], index = 0): Tensor {
  const { dtype, dims } = node.output(index);
  return fromNumbers(dtype, dims, values);
}

/** Nearest integer, halves to the even one. */
export function roundEven(x: number): number {
  const nearest = Math.round(x);
  return Math.abs(x % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

/** IEEE 754 half-precision bits of the nearest half. */
function encodeHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundEven(size * 2 ** 24);
  let exponent = Math.floor(Math.log2(size));
  if (2 ** exponent > size) exponent--;
  // A fraction that rounds up to 1024 carries into the exponent, as it should.
  return sign | (((exponent + 15) << 10) + roundEven((size / 2 ** exponent - 1) * 1024));
}

function encodeBfloat(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  if (Number.isNaN(value)) return 0x7fc0;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** Row-major strides in elements. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let i = dims.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * dims[i + 1]!;
  return strides;
}

/** 0 ... count - 1. */
export const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/**
 * Flat indices of the grid that takes `coordinates[axis]` on each axis, in row-major order; NaN wherever one of the
 * coordinates is.
 */
export function gridIndices(coordinates: readonly (readonly number[])[], strides: readonly number[]): number[] {
  let indices = [0];
  for (const [axis, along] of coordinates.entries()) {
    const stride = strides[axis]!;
    indices = indices.flatMap((index) => along.map((k) => index + k * stride));
  }
  return indices;
}

/** The elements at `indices` as a tensor of `dims`; `fill` (an element of the same storage) at NaN. */
export function take(x: Tensor, dims: readonly number[], indices: readonly number[], fill?: Tensor): Tensor {
  const { dtype } = x;
  // Every storage is copied element by element in the same way, whatever an element is.
  const [source, filler] = [x.data as ArrayLike<number>, fill?.data[0] as number];
  const empty = dtype === 'string' ? new Array<string>(indices.length) : allocate(dtype, indices.length);
  const data = empty as { [index: number]: number };
  for (const [i, index] of indices.entries()) data[i] = Number.isNaN(index) ? filler : source[index]!;
  return { dtype, dims, data: empty };
}

/** For each element of `dims`, the flat index of the element of `from` that broadcasts to it. */
export function broadcastIndices(from: readonly number[], dims: readonly number[]): number[] {
  const padded = [...new Array<number>(dims.length - from.length).fill(1), ...from];
  const strides = stridesOf(padded).map((s, i) => (padded[i] === 1 ? 0 : s));
  return gridIndices(dims.map(count), strides);
}

/** Input `index` broadcast to `dims`, as numbers. */
export function broadcastNumbers(node: Node, index: number, dims: readonly number[]): number[] {
  const values = numbers(node, index);
  const from = tensorOf(node, index).dims;
  return from.length === dims.length && from.every((d, i) => d === dims[i])
    ? values
    : broadcastIndices(from, dims).map((i) => values[i]!);
}

/** An index that may count from the end, as one that does not. */
export const wrapIndex = (index: number, size: number): number => (index < 0 ? index + size : index);

/** Elements of one slice along `axis` and beyond: `dims[axis] * dims[axis + 1] * ...`. */
export const blockSize = (dims: readonly number[], axis: number): number => elementCount(dims.slice(axis));
