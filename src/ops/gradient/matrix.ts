/** Gradients of matrix products. Transposes go into Gemm's flags where both factors are plain matrices. */

import type { Value } from '../../ir/index.ts';
import type { Builder } from '../builder.ts';
import { type GradientRule, gradientOfFirst } from './rule.ts';
import { reshapeLike, swapAxes, unbroadcast } from './shape-tools.ts';

const transposed = (b: Builder, x: Value) => swapAxes(b, x, x.shape.length - 2, x.shape.length - 1);

/** Y = A B over broadcast batch axes; a vector counts as a row on the left, as a column on the right. */
export const matmul: GradientRule = (context) => {
  const { node, b, needs } = context;
  const [left, right] = [node.input(0), node.input(1)];
  const unsqueeze = (x: Value, axis: number) => b.op('Unsqueeze', [x, b.i64([axis])]);
  let dy = gradientOfFirst(context);
  if (right.shape.length === 1) dy = unsqueeze(dy, -1);
  if (left.shape.length === 1) dy = unsqueeze(dy, -2);
  const A = left.shape.length === 1 ? unsqueeze(left, 0) : left;
  const B = right.shape.length === 1 ? unsqueeze(right, 1) : right;
  return [
    needs(0) ? reshapeLike(b, leftGradient(b, dy, A, B), left) : null,
    needs(1) ? reshapeLike(b, rightGradient(b, dy, A, B), right) : null,
  ];
};

// dA = dY B'
function leftGradient(b: Builder, dy: Value, A: Value, B: Value): Value {
  if (dy.shape.length === 2) return b.gemm(dy, B, { transB: true });
  return unbroadcast(b, b.matmul(dy, transposed(b, B)), A.shape);
}

// dB = A' dY
function rightGradient(b: Builder, dy: Value, A: Value, B: Value): Value {
  if (dy.shape.length === 2) return b.gemm(A, dy, { transA: true });
  const [k, n] = [A.shape.at(-1)!, dy.shape.at(-1)!];
  if (B.shape.length === 2 && typeof k === 'number' && typeof n === 'number') {
    // one matrix for all batches: fold the batches into the rows, so that the sum over them is part of the product
    return b.gemm(b.reshape(A, [-1, k]), b.reshape(dy, [-1, n]), { transA: true });
  }
  return unbroadcast(b, b.matmul(transposed(b, A), dy), B.shape);
}

/** Y = alpha A~ B~ + beta C, where ~ transposes as transA and transB say. */
export const gemm: GradientRule = (context) => {
  const { node, x, b, needs } = context;
  const dy = gradientOfFirst(context);
  const [A, B] = [node.input(0), node.input(1)];
  const [transA, transB] = [node.int('transA', 0) === 1, node.int('transB', 0) === 1];
  const alpha = node.float('alpha', 1);
  const beta = node.float('beta', 1);
  const scale = alpha === 1 ? {} : { alpha };
  const dA = () =>
    transA
      ? b.gemm(B, dy, { transA: transB, transB: true, ...scale }) // dA = alpha B~ dY'
      : b.gemm(dy, B, { transB: !transB, ...scale }); // dA = alpha dY B~'
  const dB = () =>
    transB
      ? b.gemm(dy, A, { transA: true, transB: transA, ...scale }) // dB = alpha dY' A~
      : b.gemm(A, dy, { transA: !transA, ...scale }); // dB = alpha A~' dY
  const dC = () => unbroadcast(b, beta === 1 ? dy : b.mul(dy, beta), x[2]!.shape); // dC = beta dY
  return [needs(0) ? dA() : null, needs(1) ? dB() : null, needs(2) ? dC() : null];
};
