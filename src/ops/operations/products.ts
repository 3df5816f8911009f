/**
 * Convolutions and matrix products. A product by a constant ternary operand is an addition, a subtraction or nothing:
 * it counts as `ternary` and not as a MAC. Padding counts as if it were data.
 */

import { elementCount, type Node, type Value } from '../../ir/index.ts';
import { constantOf, nonZeroOf } from './constants.ts';
import { elementsOf, noOperations, type Operations, type OperationsRule } from './rule.ts';

/** `macs` products of activations with the constant among `operands`, whose elements are all in equally many of them. */
function weighted(macs: number, ...operands: readonly (Value | undefined)[]): Operations {
  const weight = operands.map(constantOf).find((tensor) => tensor !== undefined);
  const nonZero = weight && nonZeroOf(weight);
  if (!weight || nonZero === undefined) return { ...noOperations, macs };
  const uses = macs === 0 ? 0 : macs / weight.data.length;
  return { ...noOperations, ternary: macs, ternaryNonZero: nonZero * uses };
}

/** One per output where the node has a bias. */
const biasesOf = (node: Node) => (node.inputs[2] ? elementsOf(node.output()) : 0);

/** outputs x (input channels / group) x kernel; w is [M, C / group, ...kernel]. */
export const conv: OperationsRule = (node) => {
  const w = node.input(1);
  const macs = elementsOf(node.output()) * elementCount(w.dims.slice(1));
  return { ...weighted(macs, w), biases: biasesOf(node) };
};

/** Every input element meets the weights of its channel; w is [C, M / group, ...kernel]. What is cropped counts. */
export const convTranspose: OperationsRule = (node) => {
  const w = node.input(1);
  const macs = elementsOf(node.input(0)) * elementCount(w.dims.slice(1));
  return { ...weighted(macs, w), biases: biasesOf(node) };
};

/** outputs x k for [..., m, k] x [..., k, n]. */
export const matMul: OperationsRule = (node) => {
  const [a, b] = [node.input(0), node.input(1)];
  return weighted(elementsOf(node.output()) * a.dims.at(-1)!, a, b);
};

/** alpha op(a) op(b) + beta c: a product per output for an alpha, one per element of c for a beta other than 1. */
export const gemm: OperationsRule = (node) => {
  const [a, b, c] = [node.input(0), node.input(1), node.inputs[2]];
  const outputs = elementsOf(node.output());
  const inner = node.int('transA', 0) ? a.dims[0]! : a.dims[1]!;
  const alphas = node.float('alpha', 1) === 1 ? 0 : outputs;
  const betas = c && node.float('beta', 1) !== 1 ? elementsOf(c) : 0;
  return { ...weighted(outputs * inner, a, b), biases: biasesOf(node), multiplications: alphas + betas };
};
