/** Moving elements of constants, bit by bit and of any numeric type. Strings are left out. */

import { allocate, elementCount, type Node, type NumericDType, type Tensor } from '../../ir/index.ts';
import { broadcastStrides, type SliceRange, stridesOf } from './dims.ts';
import { axisOf, misfit, printDims, unsupported } from './errors.ts';
import { countOf, numbersOf } from './numbers.ts';

/** Elements of any storage, for copying; every storage is copied in the same way. */
type Elements = Float32Array;

function numericType({ dtype }: Tensor, node: Node): NumericDType {
  if (dtype !== 'string') return dtype;
  throw unsupported(node, 'numbers', 'strings');
}

/** A tensor like `x` of other dimensions, and its zeros as elements to be written. */
export function newLike(x: Tensor, dims: readonly number[], node: Node): { tensor: Tensor; data: Elements } {
  const dtype = numericType(x, node);
  const data = allocate(dtype, countOf(dims, node, dtype));
  return { tensor: { dtype, dims, data }, data: data as Elements };
}

/** Calls `visit(row, source)` for each innermost row of `dims`, with the source offset by `strides`. */
export function eachRow(
  dims: readonly number[],
  strides: readonly number[],
  offset: number,
  visit: (row: number, source: number) => void,
): void {
  const outer = dims.slice(0, -1);
  const index = new Array<number>(outer.length).fill(0);
  const rows = elementCount(outer);
  if (dims.at(-1) === 0) return;
  for (let row = 0, source = offset; row < rows; row++) {
    visit(row, source);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      if (++index[axis]! < outer[axis]!) break;
      source -= strides[axis]! * outer[axis]!;
      index[axis] = 0;
    }
  }
}

/** y[i0, i1, ...] = x[offset + i0 strides[0] + i1 strides[1] + ...]. */
export function moveElements(
  x: Tensor,
  dims: readonly number[],
  strides: readonly number[],
  offset: number,
  node: Node,
): Tensor {
  const { tensor, data } = newLike(x, dims, node);
  const from = x.data as Elements;
  const width = dims.at(-1) ?? 1;
  const step = strides.at(-1) ?? 0;
  eachRow(dims.length > 0 ? dims : [1], strides, offset, (row, source) => {
    const start = row * width;
    if (step === 1) data.set(from.subarray(source, source + width), start);
    else for (let i = 0; i < width; i++) data[start + i] = from[source + i * step]!;
  });
  return tensor;
}

/** The tensor spread over `dims`, to which it broadcasts. */
export function expandTo(x: Tensor, dims: readonly number[], node: Node): Tensor {
  const isSame = x.dims.length === dims.length && x.dims.every((d, axis) => d === dims[axis]);
  return isSame ? x : moveElements(x, dims, broadcastStrides(x.dims, dims), 0, node);
}

export function transposed(node: Node, x: Tensor, perm: readonly number[]): Tensor {
  const strides = stridesOf(x.dims);
  const [dims, steps] = [perm.map((axis) => x.dims[axis]!), perm.map((axis) => strides[axis]!)];
  return moveElements(x, dims, steps, 0, node);
}

export function sliced(node: Node, x: Tensor, ranges: readonly SliceRange[]): Tensor {
  const strides = stridesOf(x.dims);
  const offset = ranges.reduce((sum, { start }, axis) => sum + start * strides[axis]!, 0);
  const steps = ranges.map(({ step }, axis) => step * strides[axis]!);
  const dims = ranges.map(({ count }) => count);
  return moveElements(x, dims, steps, offset, node);
}

/** `sizes` elements along the axis for each part, one behind the other. */
export function splitParts(node: Node, x: Tensor, axis: number, sizes: readonly number[]): Tensor[] {
  let start = 0;
  return sizes.map((count) => {
    const part = { start, step: 1, count };
    start += count;
    const ranges = x.dims.map((d, i) => (i === axis ? part : { start: 0, step: 1, count: d }));
    return sliced(node, x, ranges);
  });
}

export function concatenated(node: Node, parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (!first) throw misfit(node, 'an input', 'none');
  const axis = axisOf(node, node.int('axis'), first.dims.length);
  const fits = ({ dtype, dims }: Tensor) =>
    dtype === first.dtype &&
    dims.length === first.dims.length &&
    dims.every((d, i) => i === axis || d === first.dims[i]);
  const odd = parts.find((part) => !fits(part));
  if (odd)
    throw misfit(node, `parts like ${first.dtype}${printDims(first.dims)}`, `${odd.dtype}${printDims(odd.dims)}`);
  const dims = first.dims.map((d, i) => (i === axis ? parts.reduce((n, p) => n + p.dims[axis]!, 0) : d));
  const { tensor, data } = newLike(first, dims, node);
  // dimensions before a 0 may be anything
  const outer = data.length === 0 ? 0 : elementCount(dims.slice(0, axis));
  for (let o = 0, at = 0; o < outer; o++) {
    for (const part of parts) {
      const width = part.data.length / outer;
      data.set((part.data as Elements).subarray(o * width, (o + 1) * width), at);
      at += width;
    }
  }
  return tensor;
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

function gatherRows(from: Elements, rows: Int32Array, { outer, size, inner }: Extent, data: Elements): void {
  for (let o = 0, at = 0; o < outer; o++) {
    for (let i = 0; i < rows.length; i++) {
      const start = (o * size + rows[i]!) * inner;
      for (let k = 0; k < inner; k++) data[at++] = from[start + k]!;
    }
  }
}

/** Indices that may count from the end, as ones that do not; E_SHAPE for one that is out of range. */
export function rowsOf(node: Node, indices: Tensor, size: number): Int32Array {
  const given = numbersOf(indices, node.label);
  const rows = new Int32Array(given.length);
  for (let i = 0; i < rows.length; i++) {
    const index = given[i]!;
    if (!(index >= -size && index < size)) throw misfit(node, `indices in ${-size} ... ${size - 1}`, index);
    rows[i] = index < 0 ? index + size : index;
  }
  return rows;
}

/** y[.., i.., ..] = x[.., index[i], ..]: with axis 0 and a table of rows, what unpacks trits. */
export function gathered(node: Node, x: Tensor, indices: Tensor): Tensor {
  const axis = axisOf(node, node.int('axis', 0), x.dims.length);
  const size = x.dims[axis]!;
  const { tensor, data } = newLike(x, [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)], node);
  const inner = elementCount(x.dims.slice(axis + 1));
  const outer = data.length === 0 ? 0 : elementCount(x.dims.slice(0, axis));
  const rows = rowsOf(node, indices, size);
  const isTable = x.dtype === 'int8' && outer === 1 && inner === 5;
  if (isTable) lookUp(x.data as Int8Array, rows, tensor.data as Int8Array);
  else gatherRows(x.data as Elements, rows, { outer, size, inner }, data);
  return tensor;
}
