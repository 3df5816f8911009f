/** Operators with weights, and pools: those whose axes have fixed places. */

import { int, type Value } from '../../ir/index.ts';
import { toChannelsFirst, toChannelsLast, transposedAttributes, windowAttributes } from '../../ops/channels-last.ts';
import type { Context, Rule } from '../context.ts';

/** A convolution with weights [filters, channels / group, ...kernel]. */
function convolve(c: Context, weight: Value, group: number, dilations: readonly number[]): Value {
  const x = c.x();
  const window = c.window(weight.dims.slice(2), dilations);
  const attributes = {
    ...windowAttributes(c.spatial(x), window),
    ...(group !== 1 && { group: int(group) }),
  };
  return toChannelsLast(c.b, c.op('Conv', [toChannelsFirst(c.b, x), weight, c.bias(2)], attributes));
}

/** Weights [filters, height, width, channels / group]. */
export const conv2d: Rule = (c) => {
  const channels = c.sizes(0, 4)[3]!;
  const perGroup = c.sizes(1, 4)[3]!;
  return convolve(c, c.weight(1, [0, 3, 1, 2]), Math.max(1, Math.floor(channels / perGroup)), [
    c.int32(5, 1),
    c.int32(4, 1),
  ]);
};

/** Weights [1, height, width, channels x multiplier]. */
export const depthwiseConv2d: Rule = (c) =>
  convolve(c, c.weight(1, [3, 0, 1, 2]), c.sizes(0, 4)[3]!, [c.int32(6, 1), c.int32(5, 1)]);

/** Inputs: the output's sizes, weights [filters, height, width, channels], the image, biases. */
export const transposeConv: Rule = (c) => {
  const weight = c.weight(1, [3, 0, 1, 2]);
  const window = c.window(weight.dims.slice(2));
  const attributes = transposedAttributes(c.sizes(2, 4).slice(1, 3), c.output().shape.slice(1, 3), window);
  const x = toChannelsFirst(c.b, c.x(2));
  const bias = c.has(3) ? c.x(3) : undefined;
  return toChannelsLast(c.b, c.op('ConvTranspose', [x, weight, bias], attributes));
};

const pool =
  (op: string): Rule =>
  (c) => {
    c.sizes(0, 4);
    const x = c.x();
    const attributes = windowAttributes(c.spatial(x), c.window([c.int32(4), c.int32(3)]));
    return toChannelsLast(c.b, c.op(op, [toChannelsFirst(c.b, x)], attributes));
  };

export const averagePool = pool('AveragePool');
export const maxPool = pool('MaxPool');

/** Weights [filters, inputs]; the other axes of x are rows, unless the options keep them. */
export const fullyConnected: Rule = (c) => {
  if (c.int8(1) !== 0) throw c.fail('weights in their own order', 'shuffled ones');
  const [filters, inputs] = c.sizes(1, 2) as [number, number];
  const shape = c.sizes(0);
  const weight = c.constant(1) ? c.b.constant('weight', c.constant(1)!) : c.x(1);
  const bias = c.bias(2);
  const isRow = shape.length > 1 && shape.slice(1).reduce((a, b) => a * b, 1) === inputs;
  if (c.bool(2) && shape.length > 2) {
    const product = c.b.matmul(c.x(), c.weight(1, [1, 0]));
    return bias ? c.b.add(product, bias) : product;
  }
  const rows = shape.length === 2 ? c.x() : c.b.reshape(c.x(), [isRow ? 0 : -1, inputs]);
  const y = c.b.gemm(rows, weight, { transB: true, ...(bias && { c: bias }) });
  const declared = c.output().shape;
  return declared.length === 2 || declared.at(-1) !== filters ? y : c.b.reshape(y, [-1, ...declared.slice(1)]);
};

export const batchMatMul: Rule = (c) => {
  const side = (k: number, isAdjoint: boolean) => {
    const rank = c.sizes(k).length;
    const perm = Array.from({ length: rank }, (_, i) => i);
    return isAdjoint ? c.b.transpose(c.x(k), [...perm.slice(0, -2), rank - 1, rank - 2]) : c.x(k);
  };
  return c.b.matmul(side(0, c.bool(0)), side(1, c.bool(1)));
};
