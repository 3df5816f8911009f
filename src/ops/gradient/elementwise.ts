/** Gradients of operators that work element by element on one input, and of the softmax pair. */

import { float, type Node, type Value } from '../../ir/index.ts';
import type { Builder } from '../builder.ts';
import { type GradientRule, gradientError, gradientOfFirst, unary } from './rule.ts';
import { unbroadcast } from './shape-tools.ts';

export const identity = unary(({ dy }) => dy); // dx = dy
export const neg = unary(({ dy, b }) => b.neg(dy)); // dx = -dy
export const abs = unary(({ dy, x, b }) => b.mul(dy, b.sign(x))); // dx = dy sign(x)
export const exp = unary(({ dy, y, b }) => b.mul(dy, y)); // dx = dy y
export const log = unary(({ dy, x, b }) => b.div(dy, x)); // dx = dy / x
export const sqrt = unary(({ dy, y, b }) => b.div(b.mul(dy, 0.5), y)); // dx = dy / 2y
export const reciprocal = unary(({ dy, y, b }) => b.neg(b.mul(dy, b.mul(y, y)))); // dx = -dy y^2
export const sigmoid = unary(({ dy, y, b }) => b.mul(dy, b.sub(y, b.mul(y, y)))); // dx = dy y (1 - y)
export const tanh = unary(({ dy, y, b }) => b.mul(dy, b.sub(1, b.mul(y, y)))); // dx = dy (1 - y^2)
export const softplus = unary(({ dy, x, b }) => b.mul(dy, b.op('Sigmoid', [x]))); // dx = dy sigmoid(x)

/** dy where `condition` holds, else 0: a product, which ONNX Runtime computes three times as fast as a Where. */
const where = (b: Builder, condition: Value, dy: Value) => b.mul(dy, b.cast(condition, 'float32'));

// dx = dy [y > 0], the step as clip(1e30 y, 0, 1): one pass where a comparison and its cast take two
export const relu = unary(({ dy, y, b }) =>
  b.mul(dy, b.op('HardSigmoid', [y], { alpha: float(1e30), beta: float(0) })),
);

// dx = dy (x > 0 ? 1 : alpha)
export const leakyRelu = unary(({ dy, x, b, node }) =>
  b.where(b.greater(x, 0), dy, b.mul(dy, node.float('alpha', 0.01))),
);

// y = x > 0 ? x : alpha (exp(x) - 1):  dx = dy (x > 0 ? 1 : y + alpha)
export const elu = unary(({ dy, x, y, b, node }) =>
  b.where(b.greater(x, 0), dy, b.mul(dy, b.add(y, node.float('alpha', 1)))),
);

// dx = alpha dy [0 < y < 1]
export const hardSigmoid = unary(({ dy, y, b, node }) => {
  const inside = b.op('And', [b.greater(y, 0), b.less(y, 1)]);
  return where(b, inside, b.mul(dy, node.float('alpha', 0.2)));
});

// y = x h(x), h(x) = clip(x/6 + 1/2, 0, 1):  dx = dy (|x| < 3 ? x/3 + 1/2 : [x > 0])
export const hardSwish = unary(({ dy, x, b }) => {
  const slope = b.where(b.less(b.abs(x), 3), b.add(b.mul(x, 1 / 3), 0.5), b.cast(b.greater(x, 0), 'float32'));
  return b.mul(dy, slope);
});

// dx = dy 2/sqrt(pi) exp(-x^2)
export const erf = unary(({ dy, x, b }) => {
  const bell = b.exp(b.neg(b.mul(x, x)));
  return b.mul(dy, b.mul(bell, 2 / Math.sqrt(Math.PI)));
});

export const gelu = unary(({ dy, x, b, node }) =>
  b.mul(dy, node.string('approximate', 'none') === 'tanh' ? geluTanhSlope(x, b) : geluSlope(x, b)),
);

// y = x P(x), P the normal distribution, p its density:  y' = P(x) + x p(x)
function geluSlope(x: Value, b: Builder): Value {
  const distribution = b.add(b.mul(b.op('Erf', [b.mul(x, Math.SQRT1_2)]), 0.5), 0.5);
  const density = b.mul(b.exp(b.mul(b.mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return b.add(distribution, b.mul(x, density));
}

// y = x (1 + t)/2, t = tanh(u), u = k (x + c x^3):  y' = (1 + t)/2 + x/2 (1 - t^2) k (1 + 3c x^2)
function geluTanhSlope(x: Value, b: Builder): Value {
  const [k, c] = [Math.sqrt(2 / Math.PI), 0.044715];
  const square = b.mul(x, x);
  const t = b.op('Tanh', [b.mul(b.mul(x, k), b.add(b.mul(square, c), 1))]);
  const du = b.mul(b.add(b.mul(square, 3 * c), 1), k);
  const slope = b.mul(b.mul(x, b.sub(1, b.mul(t, t))), du);
  return b.mul(b.add(b.add(t, 1), slope), 0.5);
}

/** y = clip(x, low, high). x between the bounds equals y exactly; at a bound the gradient passes. */
export const clip: GradientRule = (context) => {
  const { node, x, b, needs } = context;
  const dy = gradientOfFirst(context);
  const input = node.input(0);
  const sumWhere = (condition: Value) => b.reduce('ReduceSum', where(b, condition, dy), undefined, false);
  return [
    needs(0) ? where(b, b.op('Equal', [input, node.output()]), dy) : null, // dx = dy [x = y]
    needs(1) ? sumWhere(b.less(input, x[1]!)) : null, // dlow = sum dy [x < low]
    needs(2) ? sumWhere(b.greater(input, x[2]!)) : null, // dhigh = sum dy [x > high]
  ];
};

/** y = x > 0 ? x : s x, the slope s broadcast to x. */
export const prelu: GradientRule = (context) => {
  const { node, b, needs } = context;
  const dy = gradientOfFirst(context);
  const [x, slope] = [node.input(0), node.input(1)];
  return [
    needs(0) ? b.where(b.greater(x, 0), dy, b.mul(dy, slope)) : null, // dx = dy (x > 0 ? 1 : s)
    needs(1) ? unbroadcast(b, b.mul(dy, b.min(x, 0)), slope.shape) : null, // ds = dy min(x, 0)
  ];
};

const axisOf = (node: Node) => node.int('axis', -1);

// dx = y (dy - sum(dy y))
export const softmax = unary(({ dy, y, b, node }) =>
  b.mul(y, b.sub(dy, b.reduceSum(b.mul(dy, y), [axisOf(node)], true))),
);

// dx = dy - exp(y) sum(dy)
export const logSoftmax = unary(({ dy, y, b, node }) =>
  b.sub(dy, b.mul(b.exp(y), b.reduceSum(dy, [axisOf(node)], true))),
);

const onnxFloatTypes = { float32: 1, float16: 10, float64: 11, bfloat16: 16 } as const;

// dx = dy in the type of x
export const cast = unary(({ dy, x, b }) => {
  const to = onnxFloatTypes[x.dtype as keyof typeof onnxFloatTypes];
  return b.op('Cast', [dy], { to: { kind: 'int', value: to } });
});

/** Identity in inference; in training y = x mask / (1 - ratio), and dx likewise. */
export const dropout: GradientRule = (context) => {
  const { node, x, y, b } = context;
  const dy = gradientOfFirst(context);
  const training = x[2];
  if (!training || training.constant?.data[0] === 0) return [dy];
  const mask = y[1];
  if (!training.constant) throw gradientError(node, 'expected a constant training_mode, found a computed one');
  if (!mask) throw gradientError(node, 'expected the mask output in training mode, found none');
  return [b.div(b.mul(dy, b.cast(mask, 'float32')), b.sub(1, x[1] ?? 0.5))];
};

// y = max(x, 0) + min(0, a (exp(x/a) - 1)):  dx = dy (x > 0 ? 1 : exp(x/a))
export const celu = unary(({ dy, x, b, node }) =>
  b.where(b.greater(x, 0), dy, b.mul(dy, b.exp(b.mul(b.min(x, 0), 1 / node.float('alpha', 1))))),
);

// y = g (x > 0 ? x : a (exp(x) - 1)):  dx = dy (x > 0 ? g : y + g a)
export const selu = unary(({ dy, x, y, b, node }) => {
  const [alpha, gamma] = [node.float('alpha', 1.6732631921768188), node.float('gamma', 1.0507010221481323)];
  return b.where(b.greater(x, 0), b.mul(dy, gamma), b.mul(dy, b.add(y, gamma * alpha)));
});

// y = x t, t = tanh(softplus(x)):  dx = dy (t + x (1 - t^2) sigmoid(x))
export const mish = unary(({ dy, x, b }) => {
  const t = b.op('Tanh', [b.op('Softplus', [x])]);
  return b.mul(dy, b.add(t, b.mul(x, b.mul(b.sub(1, b.mul(t, t)), b.op('Sigmoid', [x])))));
});

// y = x / (1 + |x|):  dx = dy / (1 + |x|)^2
export const softsign = unary(({ dy, x, b }) => {
  const size = b.add(b.abs(x), 1);
  return b.div(dy, b.mul(size, size));
});
