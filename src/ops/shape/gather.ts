/** Operators that read and write by index. */

import { scalarOf } from './contents.ts';
import { axisOf, dtypeOf, expectRank, freshDim, mismatch, printDims, type ShapeRule, shapeOf, typed } from './rule.ts';

/** The axis gives way to the indices' axes. */
export const gather: ShapeRule = (node) => {
  const [x, indices] = [shapeOf(node, 0), shapeOf(node, 1)];
  if (!x || !indices) return [typed(dtypeOf(node, 0), undefined)];
  const axis = axisOf(node, node.int('axis', 0), x.length);
  return [typed(dtypeOf(node, 0), [...x.slice(0, axis), ...indices, ...x.slice(axis + 1)])];
};

export const gatherElements: ShapeRule = (node) => {
  const [x, indices] = [shapeOf(node, 0), shapeOf(node, 1)];
  if (x && indices) expectRank(node, 'indices', indices, x.length);
  return [typed(dtypeOf(node, 0), indices)];
};

export const scatterElements: ShapeRule = (node) => {
  const [x, indices, updates] = [shapeOf(node, 0), shapeOf(node, 1), shapeOf(node, 2)];
  if (x && indices) expectRank(node, 'indices', indices, x.length);
  if (indices && updates) expectRank(node, 'updates', updates, indices.length);
  return [node.input(0).type];
};

/** indices [..., k] into the first k axes of x; updates [...indices but its last axis, ...x from axis k on]. */
export const scatterND: ShapeRule = (node) => {
  const [x, indices, updates] = [shapeOf(node, 0), shapeOf(node, 1), shapeOf(node, 2)];
  const k = indices?.at(-1);
  if (x && indices && updates && typeof k === 'number') {
    if (k > x.length) throw mismatch(node, `expected indices of at most ${x.length} axes, found ${printDims(indices)}`);
    expectRank(node, 'updates', updates, indices.length - 1 + x.length - k);
  }
  return [node.input(0).type];
};

export const oneHot: ShapeRule = (node) => {
  const indices = shapeOf(node, 0);
  if (!indices) return [typed(dtypeOf(node, 2), undefined)];
  const axis = axisOf(node, node.int('axis', -1), indices.length + 1);
  const depth = scalarOf(node.input(1)) ?? freshDim(node, axis);
  return [typed(dtypeOf(node, 2), indices.toSpliced(axis, 0, depth))];
};
