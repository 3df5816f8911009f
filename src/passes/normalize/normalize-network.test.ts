import { expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../../test/evaluate.ts';
import { f32, float, Graph, i64, ints, printGraph, str, tensorAttribute, type Value, verify } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { findQuantization, normalizeNetwork } from './normalize-network.ts';

/** Channels last, with a batch norm, a Constant node, weights that the graph transposes, and a dense layer at the end. */
function build(): Graph {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 6, 6, 3]);
  const kernel = b.transpose(b.constant('kernel', normal(1, [3, 3, 3, 4])), [3, 2, 0, 1]);
  const padded = b.op('Pad', [x, b.constant('p', i64([0, 1, 1, 0, 0, 1, 1, 0]))]);
  const first = (value: Value) => b.transpose(value, [0, 3, 1, 2]);
  const y = b.op('Conv', [first(padded), kernel], { auto_pad: str('VALID'), strides: ints([2, 2]) }, 'conv');
  const bias = b.node('Constant', [], { value: tensorAttribute(normal(2, [4])) }).output();
  const sum = b.add(b.transpose(y, [0, 2, 3, 1]), bias);
  const vector = (seed: number) =>
    b.constant(
      'v',
      f32(
        [4],
        normal(seed, [4]).data.map((v) => 1 + v * v),
      ),
    );
  const norm = b.op(
    'BatchNormalization',
    [first(sum), vector(3), vector(4), vector(5), vector(6)],
    { epsilon: float(1e-3) },
    'bn',
  );
  const active = b.min(b.relu(b.transpose(norm, [0, 2, 3, 1])), 6);
  const dense = b.matmul(b.op('Identity', [b.reduceMean(active, [1, 2])]), b.constant('w', normal(7, [4, 5])));
  graph.outputs = [b.op('Add', [dense, b.constant('c', normal(8, [5]))], {}, 'scores')];
  return verify(graph);
}

const feeds = { x: normal(9, [2, 6, 6, 3]) };
const withoutConstants = (graph: Graph) => printGraph(graph).replace(/.* const .*\n/g, '');

it('leaves a convolution, a bound, a pool and a Gemm', () => {
  const graph = build();
  const expected = evaluate(graph, feeds);
  normalizeNetwork(graph);
  expect(withoutConstants(graph)).toBe(`graph net (opset 20)
  input x: float32[N, 6, 6, 3]
  conv/transpose: float32[N, 3, 6, 6] = Transpose(x) {perm=[0, 3, 1, 2]}
  conv: float32[N, 4, 3, 3] = Conv(conv/transpose, transpose, conv_bias) {pads=[1, 1, 1, 1], strides=[2, 2]}
  min: float32[N, 4, 3, 3] = Clip(conv, scalar_0, scalar_6)
  reducemean: float32[N, 4, 1, 1] = GlobalAveragePool(min)
  reducemean/flatten: float32[N, 4] = Flatten(reducemean) {axis=1}
  scores: float32[N, 5] = Gemm(reducemean/flatten, w, matmul_bias) {transB=1}
  output scores
`);
  expect(relativeError(evaluate(graph, feeds), expected)).toBeLessThan(1e-6);
  expect(graph.nodes.at(-1)!.name).toBe('matmul');
});

it('keeps batch norms where it is asked to, with the bias before them in the convolution', () => {
  const graph = build();
  const expected = evaluate(graph, feeds);
  normalizeNetwork(graph, { batchNorms: 'keep' });
  expect(graph.nodes.map((node) => node.op).join(' ')).toBe(
    'Transpose Conv BatchNormalization Clip GlobalAveragePool Flatten Gemm',
  );
  expect(graph.nodes[1]!.inputs[2]?.shape).toEqual([4]);
  expect(relativeError(evaluate(graph, feeds), expected)).toBeLessThan(1e-6);
});

it('keeps the interface where folding would return another value', () => {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 3, 2, 2]);
  const y = b.op('Conv', [x, b.constant('w', normal(1, [4, 3, 1, 1]))], {}, 'conv');
  graph.outputs = [b.op('Mul', [y, b.scalar(2)], {}, 'maps'), b.op('Identity', [x], {}, 'same')];
  const input = { x: normal(2, [2, 3, 2, 2]) };
  const expected = evaluate(graph, input);
  normalizeNetwork(graph);
  expect(withoutConstants(graph)).toBe(`graph net (opset 20)
  input x: float32[N, 3, 2, 2]
  maps: float32[N, 4, 2, 2] = Conv(x, w)
  same: float32[N, 3, 2, 2] = Identity(x)
  output maps
  output same
`);
  expect(relativeError(evaluate(graph, input), expected)).toBeLessThan(1e-6);
});

it('finds what quantized models are known by', () => {
  const graph = build();
  expect(findQuantization(graph)).toBeUndefined();
  graph.add('MatMulInteger', []);
  expect(findQuantization(graph)).toBe('1 MatMulInteger node');
  graph.add('DequantizeLinear', []);
  graph.add('QuantizeLinear', []);
  graph.add('QuantizeLinear', []);
  expect(findQuantization(graph)).toBe('2 QuantizeLinear nodes');
  expect(() => normalizeNetwork(graph)).toThrow(
    "model 'net': expected float weights, found a quantized model (2 Quant",
  );
});
