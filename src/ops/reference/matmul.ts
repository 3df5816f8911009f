/** Matrix products. */

import { broadcastIndices, broadcastNumbers, count, numbers, type ReferenceRule, result, tensorOf } from './arrays.ts';

/** Row-major [m, k] from offset `a` times [k, n] from offset `b`, appended to `out`. */
function multiply(
  x: readonly number[],
  y: readonly number[],
  { m, k, n, a, b }: { m: number; k: number; n: number; a: number; b: number },
  out: number[],
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += x[a + i * k + l]! * y[b + l * n + j]!;
      out.push(sum);
    }
  }
}

export const matMul: ReferenceRule = (node) => {
  const [a, b] = [tensorOf(node, 0).dims, tensorOf(node, 1).dims];
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  const [m, k, n] = [left.at(-2)!, left.at(-1)!, right.at(-1)!];
  const { dims } = node.output();
  const batch = dims.slice(0, dims.length - (a.length > 1 ? 1 : 0) - (b.length > 1 ? 1 : 0));
  const lefts = broadcastIndices(left.slice(0, -2), batch);
  const rights = broadcastIndices(right.slice(0, -2), batch);
  const [x, y] = [numbers(node, 0), numbers(node, 1)];
  const out: number[] = [];
  for (const [i, at] of lefts.entries()) multiply(x, y, { m, k, n, a: at * m * k, b: rights[i]! * k * n }, out);
  return [result(node, out)];
};

function transposed(x: readonly number[], rows: number, columns: number): number[] {
  return count(columns).flatMap((j) => count(rows).map((i) => x[i * columns + j]!));
}

/** alpha op(a) op(b) + beta c */
export const gemm: ReferenceRule = (node) => {
  const [a, b] = [tensorOf(node, 0).dims, tensorOf(node, 1).dims];
  const [m, n] = node.output().dims as [number, number];
  const k = node.int('transA', 0) ? a[0]! : a[1]!;
  const x = node.int('transA', 0) ? transposed(numbers(node, 0), a[0]!, a[1]!) : numbers(node, 0);
  const y = node.int('transB', 0) ? transposed(numbers(node, 1), b[0]!, b[1]!) : numbers(node, 1);
  const product: number[] = [];
  multiply(x, y, { m, k, n, a: 0, b: 0 }, product);
  const c = node.inputs[2] ? broadcastNumbers(node, 2, [m, n]) : undefined;
  const [alpha, beta] = [Math.fround(node.float('alpha', 1)), Math.fround(node.float('beta', 1))];
  return [
    result(
      node,
      product.map((v, i) => alpha * v + (c && beta !== 0 ? beta * c[i]! : 0)),
    ),
  ];
};
