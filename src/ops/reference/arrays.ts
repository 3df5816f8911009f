/** Tensors as plain arrays: the vocabulary of the reference rules. Moving elements about keeps all their bits. */

import { allocate, elementCount, type Node, type Tensor, toNumbers } from '../../ir/index.ts';
import { broadcastStrides } from '../arithmetic/dims.ts';
import { fromNumbers } from '../arithmetic/numbers.ts';

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

/** Output `index` of a node, with the type that shape inference gave it. */
export function result(node: Node, values: readonly number[], index = 0): Tensor {
  const { dtype, dims } = node.output(index);
  return fromNumbers(dtype, dims, values);
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
  return gridIndices(dims.map(count), broadcastStrides(from, dims));
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
