/** Operators that compute element by element, and those that compare an element with its neighbours along one axis. */

import { float, int, str, type Value } from '../../ir/index.ts';
import { toChannelsFirst, toChannelsLast } from '../../ops/channels-last.ts';
import type { Context, Rule } from '../context.ts';
import type { Activation } from '../schema.ts';

const sameOf =
  (count: number) =>
  (op: string): Rule =>
  (c) =>
    c.op(op, c.inputs(count));

/** One ONNX operator of one input, or of two that broadcast. */
export const same = sameOf(1);
export const samePair = sameOf(2);

export const identity: Rule = (c) => c.x();
export const addN: Rule = (c) => c.op('Sum', c.inputs());
export const square: Rule = (c) => c.b.mul(c.x(), c.x());
export const rsqrt: Rule = (c) => c.b.reciprocal(c.b.sqrt(c.x()));
export const relu6: Rule = (c) => c.clip(c.x(), 0, 6);
export const relu1: Rule = (c) => c.clip(c.x(), -1, 1);
export const relu01: Rule = (c) => c.clip(c.x(), 0, 1);
export const leakyRelu: Rule = (c) => c.op('LeakyRelu', [c.x()], { alpha: float(c.float32(0)) });
export const elu: Rule = (c) => c.op('Elu', [c.x()], { alpha: float(1) });
export const gelu: Rule = (c) => c.op('Gelu', [c.x()], { approximate: str(c.bool(0) ? 'tanh' : 'none') });
export const squaredDifference: Rule = (c) => {
  const difference = c.b.sub(c.x(0), c.x(1));
  return c.b.mul(difference, difference);
};

/** Exponentials of beta x. */
export const softmax: Rule = (c) => {
  const beta = c.float32(0);
  return c.softmax('Softmax', beta === 1 || beta === 0 ? c.x() : c.b.mul(c.x(), beta));
};
export const logSoftmax: Rule = (c) => c.softmax('LogSoftmax', c.x());

// x / max(|x|, 1e-6), |x| over the last axis
export const l2Normalization: Rule = (c) => {
  const norm = c.b.reduce('ReduceL2', c.x(), [c.sizes(0).length - 1], true);
  return c.b.div(c.x(), c.b.max(norm, 1e-6));
};

// x / (bias + alpha sum of squares)^beta over 2 radius + 1 channels; ONNX's alpha is that of their mean
export const localResponseNormalization: Rule = (c) => {
  c.sizes(0, 4);
  const size = 2 * c.int32(0) + 1;
  const attributes = {
    size: int(size),
    bias: float(c.float32(1)),
    alpha: float(c.float32(2) * size),
    beta: float(c.float32(3)),
  };
  return toChannelsLast(c.b, c.op('LRN', [toChannelsFirst(c.b, c.x())], attributes));
};

export const cast: Rule = (c) => {
  const { type } = c.output();
  const to = type === 'INT32' || type === 'INT64' ? 'int64' : type === 'BOOL' ? 'bool' : 'float32';
  return c.x().dtype === to ? c.x() : c.b.cast(c.x(), to);
};

/** An activation that is part of another operator. */
export function activate(c: Context, y: Value, activation: Activation): Value {
  switch (activation) {
    case 'NONE':
      return y;
    case 'RELU':
      return c.b.relu(y);
    case 'RELU6':
      return c.clip(y, 0, 6);
    case 'RELU_N1_TO_1':
      return c.clip(y, -1, 1);
    case 'TANH':
      return c.op('Tanh', [y]);
    case 'SIGN_BIT':
      throw c.fail('an activation that ONNX has', activation);
  }
}
