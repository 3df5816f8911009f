/** Reductions over axes. */

import type { Node, Shape } from '../../ir/index.ts';
import { numbersOf } from './contents.ts';
import { axisOf, dtypeOf, freshDim, present, type ShapeRule, shapeOf, typed } from './rule.ts';

/**
 * The axes that a Reduce operator sums up, ascending: those of input 1; without any, all, or none with
 * `noop_with_empty_axes`. Undefined where they are computed at run time.
 */
export function reducedAxes(node: Node, rank: number): readonly number[] | undefined {
  const axes = present(node, 1) ? numbersOf(node.inputs[1]) : [];
  if (!axes) return undefined;
  if (axes.length > 0) return [...new Set(axes.map((a) => axisOf(node, a, rank)))].sort((a, b) => a - b);
  return node.int('noop_with_empty_axes', 0) ? [] : Array.from({ length: rank }, (_, i) => i);
}

function reduceShape(shape: Shape, axes: readonly number[], keep: boolean): Shape {
  return keep ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : shape.filter((_, i) => !axes.includes(i));
}

export const reduce: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  const keep = node.int('keepdims', 1) === 1;
  const axes = x && reducedAxes(node, x.length);
  if (x && axes) return [typed(dtypeOf(node, 0), reduceShape(x, axes, keep))];
  return [typed(dtypeOf(node, 0), keep ? x?.map((_, i) => freshDim(node, i)) : undefined)];
};

/** Indices along one axis. */
export const argReduce: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  const axes = x && [axisOf(node, node.int('axis', 0), x.length)];
  return [typed('int64', axes && reduceShape(x, axes, node.int('keepdims', 1) === 1))];
};
