/** Operators that rearrange, add, drop or repeat axes. */

import type { Dim, Node, Shape } from '../../ir/index.ts';
import { flattenAxis, squeezedDims, transposePerm, unsqueezedDims } from '../arithmetic/dims.ts';
import { contentsOf, numbersOf } from './contents.ts';
import { broadcastShapes, divide, product } from './dims.ts';
import { dtypeOf, freshDim, freshShape, mismatch, present, printDims, type ShapeRule, shapeOf, typed } from './rule.ts';

/** The rank that a one-dimensional shape input asks for. */
function wantedRank(node: Node): number | undefined {
  const length = shapeOf(node, 1)?.[0];
  return typeof length === 'number' ? length : undefined;
}

/** 0 keeps a dimension, -1 takes what is left of the product; both may be symbolic. */
export const reshape: ShapeRule = (node) => {
  const dtype = dtypeOf(node, 0);
  const x = shapeOf(node, 0);
  const wanted = contentsOf(node.input(1));
  const rank = wantedRank(node);
  if (!wanted) return [typed(dtype, rank === undefined ? undefined : freshShape(node, rank))];
  const keepZero = node.int('allowzero', 0) === 1;
  const kept = wanted.map((d, i): Dim => (d === 0 && !keepZero ? (x ? keptDim(node, x, i) : freshDim(node, i)) : d));
  const inferred = kept.indexOf(-1);
  const rest = product(kept.filter((_, i) => i !== inferred));
  if (inferred < 0) {
    const ratio = x && divide(product(x), rest);
    const bothKnown = x && typeof rest === 'number' && typeof product(x) === 'number';
    if ((typeof ratio === 'number' && ratio !== 1) || (bothKnown && rest !== product(x))) {
      throw mismatch(node, `expected a shape of ${product(x!)} elements, found ${printDims(wanted)}`);
    }
    return [typed(dtype, kept)];
  }
  const left = x && divide(product(x), rest);
  if (x && left === undefined && typeof rest === 'number' && rest > 0 && typeof product(x) === 'number') {
    throw mismatch(node, `expected a shape that divides ${product(x)} elements, found ${printDims(wanted)}`);
  }
  return [
    typed(
      dtype,
      kept.map((d, i) => (i === inferred ? (left ?? freshDim(node, i)) : d)),
    ),
  ];
};

function keptDim(node: Node, x: Shape, axis: number): Dim {
  const dim = x[axis];
  if (dim === undefined) throw mismatch(node, `expected a dimension ${axis} to keep, found ${printDims(x)}`);
  return dim;
}

/** [axes before `axis`, the rest] as a matrix. */
export const flatten: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  if (!x) return [typed(dtypeOf(node, 0), undefined)];
  const axis = flattenAxis(node, x.length);
  return [typed(dtypeOf(node, 0), [product(x.slice(0, axis)), product(x.slice(axis))])];
};

export const squeeze: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  const axes = present(node, 1) ? numbersOf(node.inputs[1]) : undefined;
  if (!x || (present(node, 1) && !axes)) return [typed(dtypeOf(node, 0), undefined)];
  return [typed(dtypeOf(node, 0), squeezedDims(node, x, axes))];
};

export const unsqueeze: ShapeRule = (node) => {
  const [x, axes] = [shapeOf(node, 0), numbersOf(node.input(1))];
  if (!x || !axes) return [typed(dtypeOf(node, 0), undefined)];
  return [typed(dtypeOf(node, 0), unsqueezedDims(node, x, axes))];
};

export const transpose: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  if (!x) return [typed(dtypeOf(node, 0), undefined)];
  const dims = transposePerm(node, x.length).map((axis) => x[axis]!);
  return [typed(dtypeOf(node, 0), dims)];
};

export const expand: ShapeRule = (node) => {
  const [x, wanted] = [shapeOf(node, 0), contentsOf(node.input(1))];
  if (!x) return [typed(dtypeOf(node, 0), undefined)];
  const rank = wantedRank(node);
  if (!wanted)
    return [typed(dtypeOf(node, 0), rank === undefined ? undefined : freshShape(node, Math.max(rank, x.length)))];
  const shape = broadcastShapes(x, wanted);
  if (!shape) throw mismatch(node, `expected a shape to which ${printDims(x)} broadcasts, found ${printDims(wanted)}`);
  return [typed(dtypeOf(node, 0), shape)];
};

export const tile: ShapeRule = (node) => {
  const [x, repeats] = [shapeOf(node, 0), contentsOf(node.input(1))];
  if (x && repeats && repeats.length !== x.length) {
    throw mismatch(node, `expected ${x.length} repeats, found ${repeats.length}`);
  }
  const shape = x?.map((d, i) => (repeats ? product([d, repeats[i]!]) : freshDim(node, i)));
  return [typed(dtypeOf(node, 0), shape)];
};
