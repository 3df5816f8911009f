/** Gradients of reductions. The gradient of y is first given back the reduced axes, with size 1 (unless it is a scalar). */

import { toNumbers, type Value } from '../../ir/index.ts';
import type { Builder } from '../builder.ts';
import { type GradientContext, type GradientRule, gradientError, gradientOfFirst } from './rule.ts';
import { countAlong, expandLike, range } from './shape-tools.ts';

interface Reduction {
  /** y and dy with the reduced axes kept as size 1. */
  readonly y: Value;
  readonly dy: Value;
  readonly x: Value;
  readonly axes: readonly number[];
  readonly b: Builder;
}

function reduction(context: GradientContext): Reduction {
  const { node, b } = context;
  const dy = gradientOfFirst(context);
  const [x, y] = [node.input(0), node.output()];
  const axes = reducedAxes(context);
  // a scalar broadcasts as it is
  const whole = axes.length === x.shape.length;
  if (node.int('keepdims', 1) === 1 || axes.length === 0 || whole) return { y, dy, x, axes, b };
  const restore = (value: Value) => b.op('Unsqueeze', [value, b.i64(axes)]);
  return {
    x,
    axes,
    b,
    dy: restore(dy),
    get y() {
      return restore(y);
    },
  };
}

function reducedAxes({ node, x }: GradientContext): readonly number[] {
  const rank = node.input(0).shape.length;
  const axes = x[1];
  if (axes && !axes.constant) throw gradientError(node, 'expected constant axes, found computed ones');
  const given = axes?.constant ? toNumbers(axes.constant) : [];
  if (given.length > 0) return given.map((axis) => (axis < 0 ? axis + rank : axis)).sort((p, q) => p - q);
  return node.int('noop_with_empty_axes', 0) === 1 ? [] : range(rank);
}

const reduceRule =
  (gradient: (r: Reduction) => Value): GradientRule =>
  (context) => [gradient(reduction(context))];

// dx = dy
export const reduceSum = reduceRule(({ dy, x, b }) => expandLike(b, dy, x));

// dx = dy / n
export const reduceMean = reduceRule(({ dy, x, axes, b }) => meanGradient(b, dy, x, axes));

function meanGradient(b: Builder, dy: Value, x: Value, axes: readonly number[]): Value {
  const n = countAlong(b, x, axes);
  return expandLike(b, typeof n === 'number' ? b.mul(dy, 1 / n) : b.div(dy, n), x);
}

// dx = dy [x = y] / number of such x
export const reduceExtremum = reduceRule(({ dy, y, x, axes, b }) => extremumGradient(b, dy, y, x, axes));

function extremumGradient(b: Builder, dy: Value, y: Value, x: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return dy;
  const wins = b.cast(b.op('Equal', [x, y]), 'float32');
  return b.mul(wins, b.div(dy, b.reduceSum(wins, axes, true)));
}

// dx = 2 dy x
export const reduceSumSquare = reduceRule(({ dy, x, b }) => b.mul(b.mul(dy, 2), x));

// dx = dy x / y, 0 where y is 0
export const reduceL2 = reduceRule(({ dy, y, x, b }) => b.mul(x, b.div(dy, b.max(y, 1e-30))));

/** dx_i = dy prod_{j != i} x_j, without dividing by a zero: product of the non-zero ones, unless another is zero. */
export const reduceProd = reduceRule(({ dy, x, axes, b }) => {
  const isZero = b.op('Equal', [x, b.scalar(0)]);
  const zeros = b.cast(isZero, 'float32');
  const nonZero = b.where(isZero, 1, x);
  const others = b.sub(b.reduceSum(zeros, axes, true), zeros);
  const product = b.div(b.reduce('ReduceProd', nonZero, axes, true), nonZero);
  return b.mul(dy, b.where(b.less(others, 0.5), product, 0));
});

const spatialAxes = (x: Value) => range(x.shape.length).slice(2);

// dx = dy / (H W)
export const globalAveragePool: GradientRule = (context) => {
  const x = context.node.input(0);
  return [meanGradient(context.b, gradientOfFirst(context), x, spatialAxes(x))];
};

// dx = dy [x = y] / number of such x
export const globalMaxPool: GradientRule = (context) => {
  const { node, b } = context;
  const x = node.input(0);
  return [extremumGradient(b, gradientOfFirst(context), node.output(), x, spatialAxes(x))];
};
