/** Functions of one number that take more than a formula. */

import type { Node } from '../../ir/index.ts';
import { numbers, type ReferenceRule, result } from './arrays.ts';

/** 2 / sqrt(pi) exp(-x^2) sum over n of 2^n x^(2n + 1) / (1 3 5 ... (2n + 1)): no cancellation. */
function errorFunction(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const mapped = (node: Node, f: (x: number) => number) => [result(node, numbers(node, 0).map(f))];

export const erf: ReferenceRule = (node) => mapped(node, errorFunction);

/** x Phi(x), or its approximation by tanh. */
export const gelu: ReferenceRule = (node) =>
  mapped(node, (x) =>
    node.string('approximate', 'none') === 'tanh'
      ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : 0.5 * x * (1 + errorFunction(x / Math.SQRT2)),
  );
