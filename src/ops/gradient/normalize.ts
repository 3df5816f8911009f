/**
 * Gradients of normalizations. With d = x - mean and v = 1 / sqrt(variance + epsilon):
 * y = scale d v + bias.
 */

import { int, ints, type Value } from '../../ir/index.ts';
import type { Builder } from '../builder.ts';
import { type GradientContext, type GradientRule, gradientOfFirst, unary } from './rule.ts';
import { range, reshapeLike, unbroadcast } from './shape-tools.ts';

export const batchNormalization: GradientRule = (context) => {
  const { node, b, needs } = context;
  const dy = gradientOfFirst(context);
  const [x, scale] = [node.input(0), node.input(1)];
  const rank = x.shape.length;
  const perChannel = (value: Value) =>
    rank > 2 ? b.op('Unsqueeze', [value, b.i64(range(rank - 2).map((i) => i + 1))]) : value;
  const others = range(rank).filter((axis) => axis !== 1);
  const channelSum = (value: Value) => b.reduceSum(value, others);
  const epsilon = node.float('epsilon', 1e-5);
  const channelScale = perChannel(scale);
  if (node.int('training_mode', 0) === 1) {
    const { normal, inverse } = standardize(b, x, others, epsilon);
    const dx = () => standardizeGradient(b, b.mul(dy, channelScale), normal, inverse, others);
    return [
      needs(0) ? dx() : null,
      needs(1) ? channelSum(b.mul(dy, normal)) : null, // dscale = sum dy d v
      needs(2) ? channelSum(dy) : null, // dbias = sum dy
    ];
  }
  const inverse = b.reciprocal(b.sqrt(b.add(node.input(4), epsilon)));
  const factor = b.mul(scale, inverse);
  const centred = () => b.sub(x, perChannel(node.input(3)));
  const projected = () => channelSum(b.mul(dy, centred()));
  const cube = () => b.mul(factor, b.mul(inverse, inverse));
  return [
    needs(0) ? b.mul(dy, perChannel(factor)) : null, // dx = dy scale v
    needs(1) ? b.mul(projected(), inverse) : null, // dscale = sum dy d v
    needs(2) ? channelSum(dy) : null, // dbias = sum dy
    needs(3) ? b.neg(b.mul(channelSum(dy), factor)) : null, // dmean = -scale v sum dy
    needs(4) ? b.mul(b.mul(projected(), cube()), -0.5) : null, // dvariance = -1/2 scale v^3 sum dy d
  ];
};

export const layerNormalization: GradientRule = (context) => {
  const { node, x, b, needs } = context;
  const dy = gradientOfFirst(context);
  const rank = node.input(0).shape.length;
  const first = (node.int('axis', -1) + rank) % rank;
  const axes = range(rank).slice(first);
  const { normal, inverse } = layerStatistics(context, axes);
  const scale = node.input(1);
  return [
    needs(0) ? standardizeGradient(b, b.mul(dy, scale), normal, inverse, axes) : null,
    needs(1) ? unbroadcast(b, b.mul(dy, normal), scale.shape) : null, // dscale = sum dy d v
    needs(2) ? unbroadcast(b, dy, x[2]!.shape) : null, // dbias = sum dy
  ];
};

/** d v and v of a LayerNormalization, from its own statistics where it has both as outputs. */
function layerStatistics({ node, y, b }: GradientContext, axes: readonly number[]) {
  const [x, mean, inverse] = [node.input(0), y[1], y[2]];
  if (!mean || !inverse) return standardize(b, x, axes, node.float('epsilon', 1e-5));
  return { normal: b.mul(b.sub(x, mean), inverse), inverse };
}

/** d v and v, where mean and variance are those of x over `axes`. */
function standardize(b: Builder, x: Value, axes: readonly number[], epsilon: number) {
  const centred = b.sub(x, b.reduceMean(x, axes, true));
  const variance = b.reduceMean(b.mul(centred, centred), axes, true);
  const inverse = b.reciprocal(b.sqrt(b.add(variance, epsilon)));
  return { normal: b.mul(centred, inverse), inverse };
}

/** n = d v:  dx = v (dn - mean(dn) - n mean(dn n)). */
function standardizeGradient(b: Builder, dn: Value, normal: Value, inverse: Value, axes: readonly number[]): Value {
  const mean = (value: Value) => b.reduceMean(value, axes, true);
  const parallel = b.mul(normal, mean(b.mul(dn, normal)));
  return b.mul(inverse, b.sub(b.sub(dn, mean(dn)), parallel));
}

export const instanceNormalization: GradientRule = (context) => {
  const { node, b, needs } = context;
  const dy = gradientOfFirst(context);
  const [x, scale] = [node.input(0), node.input(1)];
  const rank = x.shape.length;
  const pixels = range(rank).slice(2);
  const { normal, inverse } = standardize(b, x, pixels, node.float('epsilon', 1e-5));
  const channelScale = b.op('Unsqueeze', [scale, b.i64(pixels.map((axis) => axis - 1))]);
  const channelSum = (value: Value) => b.reduceSum(value, [0, ...pixels]);
  return [
    needs(0) ? standardizeGradient(b, b.mul(dy, channelScale), normal, inverse, pixels) : null,
    needs(1) ? channelSum(b.mul(dy, normal)) : null, // dscale = sum dy d v
    needs(2) ? channelSum(dy) : null, // dbias = sum dy
  ];
};

/**
 * y = x s^-beta with s = bias + alpha m(x x), m the mean over `size` channels, absent ones as zeros:
 * dx = dy s^-beta - 2 alpha beta x m'(dy x s^(-beta - 1)), where m' looks the other way.
 */
export const localResponse = unary(({ dy, x, b, node }) => {
  const size = node.int('size');
  const [alpha, beta] = [node.float('alpha', 1e-4), node.float('beta', 0.75)];
  const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  const channels = x.shape[1] as number;
  const mean = (value: Value, pads: readonly number[]) => {
    const attributes = { kernel_shape: ints([size, 1]), pads: ints(pads), count_include_pad: int(1) };
    return reshapeLike(b, b.op('AveragePool', [b.reshape(value, [0, 1, channels, -1])], attributes), x);
  };
  const sum = b.add(b.mul(mean(b.mul(x, x), [before, 0, after, 0]), alpha), node.float('bias', 1));
  const power = (exponent: number) => b.op('Pow', [sum, b.scalar(exponent)]);
  const others = mean(b.mul(b.mul(dy, x), power(-beta - 1)), [after, 0, before, 0]);
  return b.sub(b.mul(dy, power(-beta)), b.mul(b.mul(x, others), 2 * alpha * beta));
});
