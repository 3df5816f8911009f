/** Operators that read and write by index. Indices below 0 count from the end. */

import { elementCount, type Node, type Tensor, TritbankError, toNumbers } from '../../ir/index.ts';
import { stridesOf } from '../arithmetic/dims.ts';
import { axisOf } from '../arithmetic/errors.ts';
import { fromNumbers } from '../arithmetic/numbers.ts';
import {
  blockSize,
  count,
  gridIndices,
  numbers,
  type ReferenceRule,
  result,
  take,
  tensorOf,
  wrapIndex,
} from './arrays.ts';

function checkedIndex(node: Node, index: number, size: number): number {
  if (index < -size || index >= size) {
    throw new TritbankError('E_SHAPE', node.label, `expected indices in ${-size} ... ${size - 1}, found ${index}`);
  }
  return wrapIndex(index, size);
}

/** For each element of the indices, the flat index of the element of x that it names along `axis`. */
function elementTargets(node: Node): number[] {
  const [x, indices] = [tensorOf(node, 0), tensorOf(node, 1)];
  const axis = axisOf(node, node.int('axis', 0), x.dims.length);
  const strides = stridesOf(x.dims);
  const offAxis = gridIndices(indices.dims.map(count), strides.with(axis, 0));
  return toNumbers(indices).map((i, k) => offAxis[k]! + checkedIndex(node, i, x.dims[axis]!) * strides[axis]!);
}

export const gatherElements: ReferenceRule = (node) => [
  take(tensorOf(node, 0), node.output().dims, elementTargets(node)),
];

const reductions: { readonly [name: string]: (x: number, y: number) => number } = {
  none: (_, y) => y,
  add: (x, y) => x + y,
  mul: (x, y) => x * y,
  max: Math.max,
  min: Math.min,
};

/** Input 0 with the updates written to (or reduced into) the elements at `targets`. */
function scatter(node: Node, targets: readonly number[]): Tensor[] {
  const reduction = node.string('reduction', 'none');
  const combine = reductions[reduction];
  if (!combine) throw new TritbankError('E_UNSUPPORTED', node.label, `expected a known reduction, found ${reduction}`);
  const [x, updates] = [tensorOf(node, 0), tensorOf(node, 2)];
  const { dims } = x;
  if (reduction === 'none') {
    const copy = take(x, dims, count(x.data.length));
    const data = copy.data as { [index: number]: unknown };
    for (const [k, target] of targets.entries()) data[target] = updates.data[k];
    return [copy];
  }
  const [values, changes] = [toNumbers(x), toNumbers(updates)];
  for (const [k, target] of targets.entries()) values[target] = combine(values[target]!, changes[k]!);
  return [fromNumbers(x.dtype, dims, values)];
}

export const scatterElements: ReferenceRule = (node) => scatter(node, elementTargets(node));

/** Each index vector of length k names a block of the axes from k on. */
export const scatterND: ReferenceRule = (node) => {
  const [x, indices] = [tensorOf(node, 0), tensorOf(node, 1)];
  const k = indices.dims.at(-1)!;
  const [strides, block, all] = [stridesOf(x.dims), blockSize(x.dims, k), toNumbers(indices)];
  const starts = count(elementCount(indices.dims.slice(0, -1))).map((row) =>
    all
      .slice(row * k, (row + 1) * k)
      .reduce((start, i, axis) => start + checkedIndex(node, i, x.dims[axis]!) * strides[axis]!, 0),
  );
  return scatter(
    node,
    starts.flatMap((start) => count(block).map((i) => start + i)),
  );
};

/** values[1] where the coordinate on the new axis equals the index, values[0] elsewhere; wholly so out of range. */
export const oneHot: ReferenceRule = (node) => {
  const { dims } = node.output();
  const axis = axisOf(node, node.int('axis', -1), dims.length);
  const depth = dims[axis]!;
  const [indices, values] = [numbers(node, 0), numbers(node, 2)];
  const strides = stridesOf(dims.toSpliced(axis, 1)).toSpliced(axis, 0, 0);
  const owner = gridIndices(dims.map(count), strides);
  const step = stridesOf(dims)[axis]!;
  return [
    result(
      node,
      owner.map((o, i) => (wrapIndex(indices[o]!, depth) === Math.floor(i / step) % depth ? values[1]! : values[0]!)),
    ),
  ];
};
