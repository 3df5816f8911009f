/** Dense rules of operators that move elements, for what costs more than other dimensions over the same planes. */

import { elementCount, type Node } from '../../ir/index.ts';
import { padMode, padSource } from '../../ops/arithmetic/borders.ts';
import { stridesOf } from '../../ops/arithmetic/dims.ts';
import { axisOf, misfit, printDims, unsupported } from '../../ops/arithmetic/errors.ts';
import { rowsOf } from '../../ops/arithmetic/move.ts';
import { numbersOf } from '../../ops/arithmetic/numbers.ts';
import type { DenseInputs, DenseResult, DenseRule } from './dense.ts';

const range = (count: number, f: (i: number) => number = (i) => i) =>
  Int32Array.from({ length: count }, (_, i) => f(i));

/** Elements of input 0 by their places along each axis; axes without a list are taken as they are. */
export function picked(
  dims: readonly number[],
  lists: ReadonlyMap<number, Int32Array>,
  options: { readonly value?: number; readonly dims?: readonly number[] } = {},
): DenseResult {
  const indices = dims.map((d, axis) => lists.get(axis) ?? range(d));
  const first = lists.get(0);
  return {
    kernel: { run: 'pick', dims, indices, value: options.value ?? 0 },
    reads: [0],
    dims: options.dims ?? indices.map((list) => list.length),
    keepsBatch: !first || (dims[0] === first.length && first.every((index, i) => index === i)),
  };
}

export const gather: DenseRule = (node, inputs) => {
  const { dims } = inputs.at(0);
  const indices = inputs.at(1);
  const axis = axisOf(node, node.int('axis', 0), dims.length);
  const rows = rowsOf(node, indices.tensor(), dims[axis]!);
  const result = [...dims.slice(0, axis), ...indices.dims, ...dims.slice(axis + 1)];
  return picked(dims, new Map([[axis, rows]]), { dims: result });
};

/** Part `index` of Split. */
export function splitPart(dims: readonly number[], axis: number, start: number, size: number): DenseResult {
  return picked(dims, new Map([[axis, range(size, (i) => start + i)]]));
}

export const tile: DenseRule = (node, inputs) => {
  const { dims } = inputs.at(0);
  const repeats = inputs.integers(1);
  if (repeats?.length !== dims.length) throw misfit(node, `${dims.length} repeats`, repeats?.length ?? 'none');
  const lists = dims.map((d, axis): [number, Int32Array] => [axis, range(d * repeats[axis]!, (i) => i % d)]);
  return picked(dims, new Map(lists.filter(([axis]) => repeats[axis] !== 1)));
};

/** A border far wider than the tensor is damage. */
const widest = (size: number) => Math.max(64, 4 * size);

export const pad: DenseRule = (node, inputs) => {
  const { dims } = inputs.at(0);
  const mode = padMode(node);
  const amounts = inputs.integers(1) ?? [];
  const axes = inputs.integers(3) ?? [...dims.keys()];
  if (amounts.length !== 2 * axes.length) throw misfit(node, `${2 * axes.length} pads`, amounts.length);
  const lists = new Map<number, Int32Array>();
  for (const [i, given] of axes.entries()) {
    const axis = axisOf(node, given, dims.length);
    const [size, before, after] = [dims[axis]!, amounts[i]!, amounts[axes.length + i]!];
    if (before === 0 && after === 0) continue;
    if (Math.max(before, after) > widest(size)) throw unsupported(node, 'a narrow border', printDims(amounts));
    if (size + before + after < 0) throw misfit(node, 'pads that leave elements', printDims(amounts));
    const source = (position: number) => {
      const index = padSource(mode, position - before, size);
      return Number.isNaN(index) ? -1 : index;
    };
    lists.set(axis, range(size + before + after, source));
  }
  const constant = inputs.all[2]?.tensor();
  const value = constant ? (numbersOf(constant, node.label)[0] ?? 0) : 0;
  return picked(dims, lists, { value });
};

export const concat: DenseRule = (node, inputs) => {
  const parts = inputs.all.map((_, i) => inputs.at(i));
  const { dims: first } = inputs.at(0);
  const axis = axisOf(node, node.int('axis'), first.length);
  const odd = parts.find(
    ({ dims }) => dims.length !== first.length || dims.some((d, i) => i !== axis && d !== first[i]),
  );
  if (odd) throw misfit(node, `parts like ${printDims(first)}`, printDims(odd.dims));
  return {
    kernel: {
      run: 'join',
      outer: elementCount(first.slice(0, axis)),
      widths: parts.map(({ dims }) => elementCount(dims.slice(axis))),
    },
    reads: [...parts.keys()],
    dims: first.map((d, i) => (i === axis ? parts.reduce((sum, { dims }) => sum + dims[axis]!, 0) : d)),
    keepsBatch: axis !== 0 && first[0] === 1,
  };
};

/** Updates at constant places. */
export const scatterND: DenseRule = (node, inputs) => {
  const { dims } = inputs.at(0);
  const indices = inputs.at(1);
  const reduction = node.string('reduction', 'none');
  if (reduction !== 'none') throw unsupported(node, 'reduction none', reduction);
  const depth = indices.dims.at(-1) ?? 0;
  if (depth > dims.length) throw misfit(node, `indices of at most ${dims.length} axes`, depth);
  const block = elementCount(dims.slice(depth));
  return {
    kernel: { run: 'scatter', starts: startsOf(node, inputs, depth), block },
    reads: [0, 2],
    dims,
    keepsBatch: false,
  };
};

function startsOf(node: Node, inputs: DenseInputs, depth: number): Int32Array {
  const { dims } = inputs.at(0);
  const strides = stridesOf(dims);
  const all = inputs.integers(1)!;
  const updates = elementCount(inputs.at(2).dims);
  const starts = range(all.length / Math.max(1, depth), (row) => {
    let start = 0;
    for (let axis = 0; axis < depth; axis++) {
      const [index, size] = [all[row * depth + axis]!, dims[axis]!];
      if (!(index >= -size && index < size)) throw misfit(node, `indices in ${-size} ... ${size - 1}`, index);
      start += (index < 0 ? index + size : index) * strides[axis]!;
    }
    return start;
  });
  if (starts.length * elementCount(dims.slice(depth)) === updates) return starts;
  throw misfit(node, `${starts.length * elementCount(dims.slice(depth))} updates`, updates);
}
