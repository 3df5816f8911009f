/** Gradients of operators of two or more inputs that broadcast. */

import { toNumbers, type Value } from '../../ir/index.ts';
import { binary, type GradientContext, type GradientRule, gradientOfFirst } from './rule.ts';
import { unbroadcast } from './shape-tools.ts';

/** Gradients of all inputs at the shape of y, reduced to the inputs' shapes. */
function each(context: GradientContext, gradient: (input: Value, index: number) => Value): (Value | null)[] {
  const { node, x, b, needs } = context;
  return x.map((_, i) => (needs(i) ? unbroadcast(b, gradient(node.input(i), i), node.input(i).shape) : null));
}

// dl = dy, dr = dy
export const add = binary(
  ({ dy }) => dy,
  ({ dy }) => dy,
);

// dl = dy, dr = -dy
export const sub = binary(
  ({ dy }) => dy,
  ({ dy, b }) => b.neg(dy),
);

// dl = dy r, dr = dy l
export const mul = binary(
  ({ dy, r, b }) => b.mul(dy, r),
  ({ dy, l, b }) => b.mul(dy, l),
);

// dl = dy / r, dr = -dy y / r
export const div = binary(
  ({ dy, r, b }) => b.div(dy, r),
  ({ dy, y, r, b }) => b.neg(b.div(b.mul(dy, y), r)),
);

export const sum: GradientRule = (context) => {
  const dy = gradientOfFirst(context);
  return each(context, () => dy); // dx_i = dy
};

/** y = min(x_0, x_1 ..) or max: dx_i = dy [x_i = y]; of equal inputs the first takes it all. */
export const extremum: GradientRule = (context) => {
  const { node, x, b } = context;
  let rest = gradientOfFirst(context);
  const shares = x.map((_, i) => {
    const wins = b.op('Equal', [node.input(i), node.output()]);
    const share = b.where(wins, rest, 0);
    if (i + 1 < x.length) rest = b.where(wins, 0, rest);
    return share;
  });
  return each(context, (_, i) => shares[i]!);
};

/** y = x^p. dx = dy p x^(p-1); dp = dy y ln(x), 0 where x is not positive. */
export const pow: GradientRule = (context) => {
  const { node, b, needs } = context;
  const dy = gradientOfFirst(context);
  const [x, exponent, y] = [node.input(0), node.input(1), node.output()];
  const constant = exponent.constant && new Set(toNumbers(exponent.constant));
  const dx = () => {
    const [p] = constant?.size === 1 ? constant : [];
    if (p === 2) return b.mul(dy, b.mul(x, 2));
    if (p !== undefined) return b.mul(dy, b.mul(b.pow(x, p - 1), p));
    const floats = exponent.dtype.startsWith('float') ? exponent : b.cast(exponent, 'float32');
    return b.mul(dy, b.mul(floats, b.pow(x, b.sub(floats, 1))));
  };
  const dp = () => b.mul(dy, b.where(b.greater(x, 0), b.mul(y, b.log(x)), 0));
  return [
    needs(0) && !(constant?.size === 1 && constant.has(0)) ? unbroadcast(b, dx(), x.shape) : null,
    needs(1) ? unbroadcast(b, dp(), exponent.shape) : null,
  ];
};

/** y = c ? l : r. */
export const where: GradientRule = (context) => {
  const { node, b, needs } = context;
  const dy = gradientOfFirst(context);
  const condition = node.input(0);
  return [
    null,
    needs(1) ? unbroadcast(b, b.where(condition, dy, 0), node.input(1).shape) : null, // dl = c ? dy : 0
    needs(2) ? unbroadcast(b, b.where(condition, 0, dy), node.input(2).shape) : null, // dr = c ? 0 : dy
  ];
};
