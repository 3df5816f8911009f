/** Elementwise operators: out[i] = f(a[i], b[i] ...), operands broadcast. */

import { type Node, TritbankError, toNumbers } from '../../ir/index.ts';
import {
  broadcastIndices,
  broadcastNumbers,
  numbers,
  optionalNumbers,
  type ReferenceRule,
  result,
  roundEven,
  take,
  tensorOf,
} from './arrays.ts';

/** A function of one operand. */
export function unary(f: (x: number, node: Node) => number): ReferenceRule {
  return (node) => [
    result(
      node,
      numbers(node, 0).map((x) => f(x, node)),
    ),
  ];
}

/** A function of two operands; `ofIntegers` replaces it for integer element types. */
export function binary(f: (x: number, y: number) => number, ofIntegers = f): ReferenceRule {
  return (node) => {
    const { dims } = node.output();
    const g = node.input(0).dtype.includes('float') ? f : ofIntegers;
    const [x, y] = [broadcastNumbers(node, 0, dims), broadcastNumbers(node, 1, dims)];
    return [
      result(
        node,
        x.map((v, i) => g(v, y[i]!)),
      ),
    ];
  };
}

/** Any number of operands, folded from the left. */
export function variadic(f: (x: number, y: number) => number): ReferenceRule {
  return (node) => {
    const { dims } = node.output();
    const operands = node.inputs.map((_, i) => broadcastNumbers(node, i, dims));
    return [
      result(
        node,
        operands.reduce((sum, operand) => sum.map((v, i) => f(v, operand[i]!))),
      ),
    ];
  };
}

/** A predicate of two operands. */
export const predicate = (f: (x: number, y: number) => boolean): ReferenceRule => binary((x, y) => Number(f(x, y)));

/** A float attribute as the file stores it. */
const attribute = (node: Node, name: string, fallback: number) => Math.fround(node.float(name, fallback));

/** 2 / sqrt(pi) exp(-x^2) sum over n of 2^n x^(2n + 1) / (1 3 5 ... (2n + 1)): no cancellation. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const unit = (x: number) => Math.min(1, Math.max(0, x));

export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
export const hardSwish = (x: number): number => x * unit(x / 6 + 0.5);
export const hardSigmoid = (x: number, node: Node): number =>
  unit(attribute(node, 'alpha', 0.2) * x + attribute(node, 'beta', 0.5));
export const leakyRelu = (x: number, node: Node): number => (x < 0 ? attribute(node, 'alpha', 0.01) * x : x);

/** x Phi(x), or its approximation by tanh. */
export function gelu(x: number, node: Node): number {
  return node.string('approximate', 'none') === 'tanh'
    ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
    : 0.5 * x * (1 + erf(x / Math.SQRT2));
}

export const round = roundEven;

/** min(max(x, input 1), input 2); the upper bound wins where the two cross. */
export const clip: ReferenceRule = (node) => {
  const low = optionalNumbers(node, 1)?.[0] ?? Number.NEGATIVE_INFINITY;
  const high = optionalNumbers(node, 2)?.[0] ?? Number.POSITIVE_INFINITY;
  return [
    result(
      node,
      numbers(node, 0).map((x) => Math.min(Math.max(x, low), high)),
    ),
  ];
};

export const prelu: ReferenceRule = (node) => {
  const slope = broadcastNumbers(node, 1, node.output().dims);
  return [
    result(
      node,
      numbers(node, 0).map((x, i) => (x < 0 ? slope[i]! * x : x)),
    ),
  ];
};

/** Elements are moved, not computed with: every element type works. */
export const where: ReferenceRule = (node) => {
  const { dims } = node.output();
  const broadcast = (i: number) => take(tensorOf(node, i), dims, broadcastIndices(tensorOf(node, i).dims, dims));
  const [x, y] = [broadcast(1), broadcast(2)];
  const chosen = x.data as { [index: number]: unknown };
  for (const [i, c] of broadcastNumbers(node, 0, dims).entries()) if (!c) chosen[i] = y.data[i];
  return [x];
};

/** Floating-point values are truncated to integers; every value but 0 is true. */
export const cast: ReferenceRule = (node) => {
  const x = tensorOf(node, 0);
  const to = node.output().dtype;
  if (x.dtype === to) return [x];
  if (x.dtype === 'string' || to === 'string') {
    throw new TritbankError('E_UNSUPPORTED', node.label, `expected numeric types, found ${x.dtype} to ${to}`);
  }
  return [result(node, toNumbers(x))];
};
