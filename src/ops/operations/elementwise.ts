/** Elementwise operators, per element of the output. The mathematics says what is counted. */

import { type Node, toNumbers } from '../../ir/index.ts';
import { constantOf } from './constants.ts';
import { perOutput } from './rule.ts';

export const addition = perOutput({ additions: 1 });
export const multiplication = perOutput({ multiplications: 1 });
export const comparison = perOutput({ comparisons: 1 });
export const transcendental = perOutput({ functions: 1 });

/** x1 + x2 + ... */
export const sum = perOutput((node) => ({ additions: node.inputs.length - 1 }));

/** max(max(x1, x2), ...) */
export const extremum = perOutput((node) => ({ comparisons: node.inputs.length - 1 }));

/** One per bound that is given. */
export const clip = perOutput((node) => ({ comparisons: [1, 2].filter((i) => node.inputs[i]).length }));

/** x / y: by a constant, x (1 / y). An integer's quotient has no such form. */
export const division = perOutput((node) => {
  const divisor = constantOf(node.input(1));
  return divisor?.dtype.includes('float') ? { multiplications: 1 } : { functions: 1 };
});

function constantExponent(node: Node): number | undefined {
  const exponent = constantOf(node.input(1));
  return exponent?.data.length === 1 ? toNumbers(exponent)[0] : undefined;
}

/** x x, x x x; any other power is a function. */
export const power = perOutput((node) => {
  const exponent = constantExponent(node);
  return exponent === 1 || exponent === 2 || exponent === 3 ? { multiplications: exponent - 1 } : { functions: 1 };
});

/** x < 0 ? slope x : x */
export const leaky = perOutput({ comparisons: 1, multiplications: 1 });

/** x < 0 ? alpha (exp(x) - 1) : x */
export const elu = perOutput({ comparisons: 1, multiplications: 1, additions: 1, functions: 1 });

/** min(max(alpha x + beta, 0), 1) */
export const hardSigmoid = perOutput({ multiplications: 1, additions: 1, comparisons: 2 });

/** x min(max(x / 6 + 1 / 2, 0), 1) */
export const hardSwish = perOutput({ multiplications: 2, additions: 1, comparisons: 2 });

/** 1 / (1 + exp(-x)), the sign for free. */
export const sigmoid = perOutput({ additions: 1, functions: 2 });

/** 1 - 2 / (1 + exp(2 x)), where 2 / ... is one division. */
export const tanh = perOutput({ multiplications: 1, additions: 2, functions: 2 });

/** log(1 + exp(x)) */
export const softplus = perOutput({ additions: 1, functions: 2 });

/**
 * (x / 2) (1 + erf(x / sqrt(2))): 3 products, 1 addition, 1 function. By tanh, (x / 2) (1 + tanh(c (x + d x x x))): 6
 * products, 2 additions, and those of tanh.
 */
export const gelu = perOutput((node) =>
  node.string('approximate', 'none') === 'tanh'
    ? { multiplications: 7, additions: 4, functions: 2 }
    : { multiplications: 3, additions: 1, functions: 1 },
);

/** scale x + shift: a batch norm at inference. (x - zero) scale, x / scale + zero: rounding and saturation for free. */
export const scaleAndShift = perOutput({ multiplications: 1, additions: 1 });

/** scale (x < 0 ? alpha (exp(x) - 1) : x) */
export const selu = perOutput({ comparisons: 1, multiplications: 2, additions: 1, functions: 1 });

/** max(x, 0) + min(0, alpha (exp((1 / alpha) x) - 1)) */
export const celu = perOutput({ comparisons: 2, multiplications: 2, additions: 2, functions: 1 });

/** With e = exp(x): x e (e + 2) / (e (e + 2) + 2), which is x tanh(log(1 + e)). */
export const mish = perOutput({ multiplications: 2, additions: 2, functions: 2 });

/** x / (1 + |x|) */
export const softsign = perOutput({ comparisons: 1, additions: 1, functions: 1 });
