/** Odd attributes and constants, which files of fuzzers and of careless exporters have: ONNX Runtime's answer is ours. */

import { describe, expect, it } from 'vitest';
import { float, Graph, scalar, type Value } from '../../src/ir/index.ts';
import { Tensor } from '../../src/runtime/node.ts';
import { normal } from '../evaluate.ts';
import { kernelKinds, runBoth } from './runtime-compare.ts';

const dims = [1, 6];

function graphOf(build: (graph: Graph, x: Value) => Value): Graph {
  const graph = new Graph('edge', 20);
  graph.outputs = [build(graph, graph.input('x', 'float32', dims))];
  return graph;
}

const list = (graph: Graph, name: string, value: bigint) =>
  graph.initializer(name, { dtype: 'int64', dims: [1], data: BigInt64Array.of(value) });
const slice = (start: bigint, end: bigint, step: bigint) =>
  graphOf((graph, x) =>
    graph
      .add('Slice', [x, list(graph, 's', start), list(graph, 'e', end), list(graph, 'a', 1n), list(graph, 't', step)])
      .output(),
  );
const clip = (low: number, high: number) =>
  graphOf((graph, x) =>
    graph.add('Clip', [x, graph.initializer('l', scalar(low)), graph.initializer('h', scalar(high))]).output(),
  );
const gemm = (alpha: number, beta: number) =>
  graphOf((graph, x) => {
    const [w, c] = [graph.initializer('w', normal(1, [6, 4])), graph.initializer('c', normal(2, [4]))];
    return graph.add('Gemm', [x, w, c], { alpha: float(alpha), beta: float(beta) }).output();
  });

describe.each(kernelKinds)('%s kernels', (kernels) => {
  it.each<[string, Graph]>([
    ['a step of 2^53', slice(0n, 6n, 2n ** 53n)],
    ['a step of -2^62', slice(5n, -7n, -(2n ** 62n))],
    ['the largest end', slice(1n, 2n ** 63n - 1n, 3n)],
    ['bounds of Clip that are no numbers', clip(Number.NaN, 1)],
    ['an upper bound that is no number', clip(-0.5, Number.NaN)],
    ['crossed bounds', clip(1, -1)],
    ['an infinite alpha', gemm(Number.POSITIVE_INFINITY, 1)],
    ['beta 0', gemm(2, 0)],
    ['alpha 0', gemm(0, 3)],
  ])('%s', async (_, graph) => {
    const { expected, found } = await runBoth(graph, { x: normal(7, dims) }, { kernels });
    for (const [name, { data, dims: shape }] of Object.entries(expected)) {
      expect(found[name]!.dims).toEqual(shape);
      const [ours, theirs] = [Array.from(found[name]!.data), Array.from(data)];
      for (const [i, value] of theirs.entries()) {
        if (Number.isFinite(value)) expect(ours[i]).toBeCloseTo(value, 5);
        else expect(ours[i]).toBe(value);
      }
    }
  });
});

it('refuses a tensor whose data were replaced by fewer', async () => {
  const { session } = await runBoth(clip(-1, 1), { x: normal(7, dims) });
  const shortened = new Tensor('float32', new Float32Array(6), dims);
  const result = (async () => {
    (shortened as { data: Float32Array }).data = new Float32Array(3);
    await session.run({ x: shortened });
  })();
  await expect(result).rejects.toThrow(/expected 6 elements for \[1, 6\], found 3/);
  await session.release();
});
