/**
 * Shapes in gradients: undoing a broadcast, repeating, reshaping to the shape of another value. Shapes are handled
 * symbolically; a Shape node is emitted only where a dimension is not known and cannot be inferred by the operator.
 * A symbolic dimension is taken to be larger than 1: it is never one that was broadcast.
 */

import { type Dim, ints, type Shape, type Value } from '../../ir/index.ts';
import type { Builder } from '../builder.ts';

const isFixed = (d: Dim): d is number => typeof d === 'number';

export const sameShape = (a: Shape, b: Shape) => a.length === b.length && a.every((d, i) => d === b[i]);

/** 0 .. n-1. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Records a shape that is known to be right, where inference may not have found it. */
export function typed(value: Value, shape: Shape): Value {
  value.type = { dtype: value.dtype, shape };
  return value;
}

/** The sum of `gradient` over the axes along which a value of shape `to` was broadcast. */
export function unbroadcast(b: Builder, gradient: Value, to: Shape): Value {
  const from = gradient.shape;
  const added = from.length - to.length;
  const leading = range(added);
  const repeated = to.flatMap((d, i) => (d === 1 && from[i + added] !== 1 ? [i + added] : []));
  if (repeated.length === 0) return added ? b.reduceSum(gradient, leading) : gradient;
  const sum = b.reduceSum(gradient, [...leading, ...repeated], true);
  return added ? b.op('Squeeze', [sum, b.i64(leading)]) : sum;
}

/** `value` broadcast to the shape of `like`. */
export function expandLike(b: Builder, value: Value, like: Value): Value {
  const from = value.shape;
  const to = like.shape;
  if (sameShape(from, to)) return value;
  // Expand broadcasts both ways: an axis that already has its size may be asked for as 1.
  const target = to.map((d, i) => (from[i - (to.length - from.length)] === d ? 1 : d));
  const shape = target.every(isFixed) ? b.i64(target) : b.op('Shape', [like]);
  return typed(b.op('Expand', [value, shape]), to);
}

/** `value` with its elements arranged in the shape of `like`. */
export function reshapeLike(b: Builder, value: Value, like: Value): Value {
  if (sameShape(value.shape, like.shape)) return value;
  return reshapeTo(b, value, like.shape) ?? typed(b.op('Reshape', [value, b.op('Shape', [like])]), like.shape);
}

/** `value` in a shape with at most one dimension that has to be inferred; undefined where there are more. */
export function reshapeTo(b: Builder, value: Value, shape: Shape): Value | undefined {
  const kept = shape.findIndex((d, i) => d !== value.shape[i]);
  const dims = shape.map((d, i) => (isFixed(d) ? d : i < kept ? 0 : -1));
  if (dims.filter((d) => d < 0).length > 1) return undefined;
  return typed(b.reshape(value, dims), shape);
}

/** Zeros in the shape of `like`. */
export function zerosLike(b: Builder, like: Value): Value {
  const shape = like.shape;
  const dims = shape.every(isFixed) ? b.i64(shape) : b.op('Shape', [like]);
  return typed(b.op('ConstantOfShape', [dims]), shape);
}

/** The number of elements along `axes`, as a number, or as a float32 value of shape [1] when some are symbolic. */
export function countAlong(b: Builder, x: Value, axes: readonly number[]): number | Value {
  const sizes = axes.map((axis) => x.shape[axis]!);
  if (sizes.every(isFixed)) return sizes.reduce((n, d) => n * d, 1);
  const dims = b.op('Gather', [b.op('Shape', [x]), b.i64(axes)]);
  return b.cast(b.reduce('ReduceProd', dims, [0], true), 'float32');
}

/** `x` with two axes exchanged. */
export function swapAxes(b: Builder, x: Value, i: number, j: number): Value {
  const perm = range(x.shape.length);
  [perm[i], perm[j]] = [j, i];
  return b.op('Transpose', [x], { perm: ints(perm) });
}
