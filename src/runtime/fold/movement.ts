/** Operators that move elements: their dimensions, which activations share, and what they do to constants. */

import { allocate, elementCount, type Node, type Tensor } from '../../ir/index.ts';
import { axisOf, misfit, printDims, unsupported } from '../errors.ts';
import { countOf, moveElements, numbersOf, stridesOf } from './arrays.ts';

/** Without `axes`, every dimension of size 1 goes. */
export function squeezedDims(node: Node, dims: readonly number[], axes: readonly number[] | undefined): number[] {
  const gone = new Set(
    axes?.map((axis) => axisOf(node, axis, dims.length)) ?? [...dims.keys()].filter((axis) => dims[axis] === 1),
  );
  for (const axis of gone) if (dims[axis] !== 1) throw misfit(node, `size 1 along axis ${axis}`, printDims(dims));
  return dims.filter((_, axis) => !gone.has(axis));
}

export function unsqueezedDims(node: Node, dims: readonly number[], axes: readonly number[]): number[] {
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => axisOf(node, axis, rank)));
  if (added.size !== axes.length) throw misfit(node, 'axes that differ', printDims(axes));
  const rest = [...dims];
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift()!));
}

export function transposeDims(node: Node, dims: readonly number[]): { perm: readonly number[]; dims: number[] } {
  const perm = node.ints('perm', [...dims.keys()].reverse());
  if (perm.length !== dims.length || new Set(perm).size !== dims.length || perm.some((p) => dims[p] === undefined)) {
    throw misfit(node, `a permutation of ${dims.length} axes`, printDims(perm));
  }
  return { perm, dims: perm.map((axis) => dims[axis]!) };
}

/** Of each axis the first index, the step and the number of indices that Slice takes. */
export function sliceRanges(
  node: Node,
  dims: readonly number[],
  inputs: readonly (Tensor | undefined)[],
): { start: number; step: number; count: number }[] {
  const list = (index: number) => {
    const tensor = inputs[index];
    return tensor && Array.from(numbersOf(tensor, node.label));
  };
  const [starts, ends] = [list(1), list(2)];
  if (!starts || !ends || starts.length !== ends.length) throw misfit(node, 'starts and ends of one length', 'others');
  const axes = list(3) ?? [...starts.keys()];
  const steps = list(4) ?? starts.map(() => 1);
  const ranges = dims.map((count) => ({ start: 0, step: 1, count }));
  for (const [i, given] of starts.entries()) {
    const axis = axisOf(node, axes[i] ?? dims.length, dims.length);
    const size = dims[axis]!;
    const step = steps[i] ?? 1;
    if (step === 0 || !Number.isInteger(step)) throw misfit(node, 'steps other than 0', step);
    const clamp = (v: number, low: number, high: number) => Math.min(Math.max(v < 0 ? v + size : v, low), high);
    const start = step > 0 ? clamp(given, 0, size) : clamp(given, 0, size - 1);
    const end = step > 0 ? clamp(ends[i]!, 0, size) : clamp(ends[i]!, -1, size - 1);
    ranges[axis] = { start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
  }
  return ranges;
}

export function slice(node: Node, x: Tensor, inputs: readonly (Tensor | undefined)[]): Tensor {
  const ranges = sliceRanges(node, x.dims, inputs);
  const strides = stridesOf(x.dims);
  const offset = ranges.reduce((sum, { start }, axis) => sum + start * strides[axis]!, 0);
  const steps = ranges.map(({ step }, axis) => step * strides[axis]!);
  const dims = ranges.map(({ count }) => count);
  return moveElements(x, dims, steps, offset, node.label);
}

export function concatenate(node: Node, parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (!first) throw misfit(node, 'an input', 'none');
  const axis = axisOf(node, node.int('axis'), first.dims.length);
  const fits = ({ dtype, dims }: Tensor) =>
    dtype === first.dtype &&
    dims.length === first.dims.length &&
    dims.every((d, i) => i === axis || d === first.dims[i]);
  const odd = parts.find((part) => !fits(part));
  if (odd) throw misfit(node, `parts like ${printDims(first.dims)}`, printDims(odd.dims));
  const dims = first.dims.map((d, i) => (i === axis ? parts.reduce((n, p) => n + p.dims[axis]!, 0) : d));
  if (first.dtype === 'string') throw unsupported(node, 'numbers', 'strings');
  const data = allocate(first.dtype, countOf(dims, node.label)) as Float32Array;
  const outer = elementCount(dims.slice(0, axis));
  for (let o = 0, at = 0; o < outer; o++) {
    for (const part of parts) {
      const width = part.data.length / outer;
      data.set((part.data as Float32Array).subarray(o * width, (o + 1) * width), at);
      at += width;
    }
  }
  return { dtype: first.dtype, dims, data } as Tensor;
}

/** Rows of five, as the table of trits has them: a network's weights are a million of these. */
function lookUp(table: Int8Array, rows: Int32Array, data: Int8Array): void {
  for (let i = 0, at = 0; i < rows.length; i++, at += 5) {
    const start = rows[i]! * 5;
    data[at] = table[start]!;
    data[at + 1] = table[start + 1]!;
    data[at + 2] = table[start + 2]!;
    data[at + 3] = table[start + 3]!;
    data[at + 4] = table[start + 4]!;
  }
}

interface Extent {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

function gatherRows(from: Float32Array, rows: Int32Array, { outer, size, inner }: Extent, data: Float32Array): void {
  for (let o = 0, at = 0; o < outer; o++) {
    for (let i = 0; i < rows.length; i++) {
      const start = (o * size + rows[i]!) * inner;
      for (let k = 0; k < inner; k++) data[at++] = from[start + k]!;
    }
  }
}

/** y[.., i.., ..] = x[.., index[i], ..]: with axis 0 and a table of rows, what unpacks trits. */
export function gather(node: Node, x: Tensor, indices: Tensor): Tensor {
  const axis = axisOf(node, node.int('axis', 0), x.dims.length);
  const size = x.dims[axis]!;
  const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
  if (x.dtype === 'string') throw unsupported(node, 'numbers', 'strings');
  const data = allocate(x.dtype, countOf(dims, node.label));
  const inner = elementCount(x.dims.slice(axis + 1));
  const outer = elementCount(x.dims.slice(0, axis));
  const rows = new Int32Array(numbersOf(indices, node.label));
  for (let i = 0; i < rows.length; i++) if (rows[i]! < 0) rows[i]! += size;
  const odd = rows.findIndex((row) => !(row >= 0 && row < size));
  if (odd >= 0) throw misfit(node, `indices below ${size}`, numbersOf(indices, node.label)[odd]!);
  const isTable = data instanceof Int8Array && x.data instanceof Int8Array && outer === 1 && inner === 5;
  if (isTable) lookUp(x.data as Int8Array, rows, data as Int8Array);
  else gatherRows(x.data as Float32Array, rows, { outer, size, inner }, data as Float32Array);
  return { dtype: x.dtype, dims, data } as Tensor;
}
