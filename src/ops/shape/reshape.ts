/** Operators that rearrange, add, drop or repeat axes. */

import type { Dim, Node, Shape } from '../../ir/index.ts';
import { contentsOf, numbersOf } from './contents.ts';
import { broadcastShapes, divide, product } from './dims.ts';
import {
  dtypeOf,
  freshDim,
  freshShape,
  mismatch,
  normalizeAxis,
  present,
  type ShapeRule,
  shapeOf,
  show,
  typed,
} from './rule.ts';

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
      throw mismatch(node, `expected a shape of ${product(x!)} elements, found ${show(wanted)}`);
    }
    return [typed(dtype, kept)];
  }
  const left = x && divide(product(x), rest);
  if (x && left === undefined && typeof rest === 'number' && rest > 0 && typeof product(x) === 'number') {
    throw mismatch(node, `expected a shape that divides ${product(x)} elements, found ${show(wanted)}`);
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
  if (dim === undefined) throw mismatch(node, `expected a dimension ${axis} to keep, found ${show(x)}`);
  return dim;
}

/** [axes before `axis`, the rest] as a matrix. */
export const flatten: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  if (!x) return [typed(dtypeOf(node, 0), undefined)];
  const at = node.int('axis', 1);
  const axis = at === x.length ? at : normalizeAxis(node, at, x.length);
  return [typed(dtypeOf(node, 0), [product(x.slice(0, axis)), product(x.slice(axis))])];
};

export const squeeze: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  const axes = present(node, 1) ? numbersOf(node.inputs[1]) : undefined;
  if (!x || (present(node, 1) && !axes)) return [typed(dtypeOf(node, 0), undefined)];
  const dropped = axes?.map((a) => normalizeAxis(node, a, x.length));
  const wrong = dropped?.find((a) => typeof x[a] === 'number' && x[a] !== 1);
  if (wrong !== undefined) throw mismatch(node, `expected size 1 on axis ${wrong}, found ${show(x)}`);
  return [
    typed(
      dtypeOf(node, 0),
      x.filter((d, i) => (dropped ? !dropped.includes(i) : d !== 1)),
    ),
  ];
};

export const unsqueeze: ShapeRule = (node) => {
  const [x, axes] = [shapeOf(node, 0), numbersOf(node.input(1))];
  if (!x || !axes) return [typed(dtypeOf(node, 0), undefined)];
  const rank = x.length + axes.length;
  const added = new Set(axes.map((a) => normalizeAxis(node, a, rank)));
  if (added.size !== axes.length) throw mismatch(node, `expected distinct axes, found ${show(axes)}`);
  const rest = [...x];
  return [
    typed(
      dtypeOf(node, 0),
      Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : rest.shift()!)),
    ),
  ];
};

export const transpose: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  if (!x) return [typed(dtypeOf(node, 0), undefined)];
  const perm = node.ints('perm', [...x.keys()].reverse());
  if (perm.length !== x.length || new Set(perm).size !== x.length || perm.some((p) => x[p] === undefined)) {
    throw mismatch(node, `expected a permutation of ${x.length} axes, found ${show(perm)}`);
  }
  return [
    typed(
      dtypeOf(node, 0),
      perm.map((p) => x[p]!),
    ),
  ];
};

export const expand: ShapeRule = (node) => {
  const [x, wanted] = [shapeOf(node, 0), contentsOf(node.input(1))];
  if (!x) return [typed(dtypeOf(node, 0), undefined)];
  const rank = wantedRank(node);
  if (!wanted)
    return [typed(dtypeOf(node, 0), rank === undefined ? undefined : freshShape(node, Math.max(rank, x.length)))];
  const shape = broadcastShapes(x, wanted);
  if (!shape) throw mismatch(node, `expected a shape to which ${show(x)} broadcasts, found ${show(wanted)}`);
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
