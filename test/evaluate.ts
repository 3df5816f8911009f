/** Runs a whole graph in the reference semantics, in float64: the measure for rewrites, without a runtime. */

import { type Graph, Random, type Tensor, toNumbers, type Value } from '../src/ir/index.ts';
import { evaluateNode } from '../src/ops/reference.ts';

const precise = (t: Tensor): Tensor =>
  t.dtype === 'float32' ? { ...t, dtype: 'float64', data: Float64Array.from(toNumbers(t)) } : t;

/** The graph's first output as numbers. */
export function evaluate(graph: Graph, feeds: Readonly<Record<string, Tensor>>): number[] {
  const known = new Map<Value, Tensor>();
  const read = (v: Value) => known.get(v) ?? precise(v.constant ?? feeds[v.name]!);
  for (const node of graph.nodes) {
    const results = evaluateNode(
      node,
      node.inputs.map((v) => v && read(v)),
    );
    for (const [i, y] of node.outputs.entries()) if (y) known.set(y, precise(results[i]!));
  }
  return toNumbers(read(graph.outputs[0]!));
}

/** The largest difference of two results, relative to the largest element of `expected`, or to `floor` if that is more. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>, floor = 1e-30): number {
  if (found.length !== expected.length) throw new Error(`expected ${expected.length} elements, found ${found.length}`);
  const largest = Array.from(expected).reduce((m, v) => Math.max(m, Math.abs(v)), floor);
  const error = Array.from(expected).reduce((m, v, i) => Math.max(m, Math.abs(v - found[i]!)), 0);
  return error / largest;
}

/** A random float32 tensor, normal. */
export function normal(seed: number, dims: readonly number[], key = ''): Tensor<'float32'> {
  const random = new Random(seed, key);
  const count = dims.reduce((n, d) => n * d, 1);
  return { dtype: 'float32', dims, data: Float32Array.from({ length: count }, () => random.normal()) };
}

/** A random ternary tensor, a third of each value. */
export function ternary(seed: number, dims: readonly number[]): Tensor<'float32'> {
  const random = new Random(seed, 'ternary');
  const count = dims.reduce((n, d) => n * d, 1);
  return { dtype: 'float32', dims, data: Float32Array.from({ length: count }, () => random.int(3) - 1) };
}
