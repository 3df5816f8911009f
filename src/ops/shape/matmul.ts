/** Matrix products. */

import { agree, broadcastShapes } from './dims.ts';
import { dtypeOf, expectRank, mismatch, printDims, type ShapeRule, shapeOf, typed } from './rule.ts';

/** [..., m, k] x [..., k, n] -> [..., m, n]; leading axes broadcast; a vector lends its missing axis and drops it. */
export const matMul: ShapeRule = (node) => {
  const [a, b] = [shapeOf(node, 0), shapeOf(node, 1)];
  if (!a || !b) return [typed(dtypeOf(node, 0), undefined)];
  if (a.length === 0 || b.length === 0) {
    throw mismatch(node, `expected operands of rank 1 or more, found ${printDims(a)} x ${printDims(b)}`);
  }
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
  if (!batch || !agree(left.at(-1)!, right.at(-2)!)) {
    throw mismatch(node, `expected matrices [..., m, k] x [..., k, n], found ${printDims(a)} x ${printDims(b)}`);
  }
  const rows = a.length === 1 ? [] : [left.at(-2)!];
  const columns = b.length === 1 ? [] : [right.at(-1)!];
  return [typed(dtypeOf(node, 0), [...batch, ...rows, ...columns])];
};

/** alpha op(a) op(b) + beta c, where c broadcasts to [m, n]. */
export const gemm: ShapeRule = (node) => {
  const [a, b, c] = [shapeOf(node, 0), shapeOf(node, 1), shapeOf(node, 2)];
  if (!a || !b) return [typed(dtypeOf(node, 0), undefined)];
  expectRank(node, 'a left operand', a, 2);
  expectRank(node, 'a right operand', b, 2);
  const [m, k] = node.int('transA', 0) ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
  const [inner, n] = node.int('transB', 0) ? [b[1]!, b[0]!] : [b[0]!, b[1]!];
  if (!agree(k, inner))
    throw mismatch(node, `expected matrices [m, k] x [k, n], found [${m}, ${k}] x [${inner}, ${n}]`);
  const sum = c && broadcastShapes(c, [m, n]);
  if (c && (sum?.length !== 2 || !agree(sum[0]!, m) || !agree(sum[1]!, n))) {
    throw mismatch(node, `expected a summand that broadcasts to [${m}, ${n}], found ${printDims(c)}`);
  }
  return [typed(dtypeOf(node, 0), [m, n])];
};
