import { expect, it } from 'vitest';
import { evaluate, normal, relativeError, ternary } from '../../test/evaluate.ts';
import { f32, float, Graph, int, ints, printGraph, type Tensor, type Value, verify } from '../ir/index.ts';
import { Builder, canonicalOpset } from '../ops/index.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';
import { removeDead } from './remove-dead.ts';

const feeds = { x: normal(1, [2, 3, 5, 5]) };

function start() {
  const graph = new Graph('net', canonicalOpset);
  return { graph, b: new Builder(graph), x: graph.input('x', 'float32', ['N', 3, 5, 5]) };
}

/** A batch norm with random statistics; scale 0 in channel 0, negative in channel 1. */
function batchNorm(b: Builder, x: Value, name: string): Value {
  const channels = x.shape[1] as number;
  const scale = normal(2, [channels], name).data.map((v, i) => (i === 0 ? 0 : i === 1 ? -1 - v * v : v));
  const variance = normal(3, [channels], name).data.map((v) => 0.1 + v * v);
  const shift = normal(4, [channels], name);
  const statistics = [f32([channels], scale), shift, normal(5, [channels], name), f32([channels], variance)];
  const inputs = statistics.map((t, i) => b.constant(`${name}_${i}`, t));
  return b.op('BatchNormalization', [x, ...inputs], { epsilon: float(1e-3) }, name);
}

function expectSame(graph: Graph, inputs: Readonly<Record<string, Tensor>> = feeds): void {
  const expected = evaluate(graph, inputs);
  expect(foldBatchNorm(verify(graph))).toBe(true);
  removeDead(graph);
  expect(relativeError(evaluate(verify(graph), inputs), expected)).toBeLessThan(1e-6);
  expect(foldBatchNorm(graph)).toBe(false);
}

it('folds a batch norm and a bias sum into a padded, grouped convolution', () => {
  const { graph, b, x } = start();
  const w = b.constant('w', normal(6, [6, 1, 3, 3]));
  const y = b.op('Conv', [x, w, b.constant('c', normal(7, [6]))], { group: int(3), pads: ints([1, 1, 1, 1]) }, 'conv');
  const sum = b.add(y, b.constant('d', normal(8, [6, 1, 1])));
  graph.outputs = [batchNorm(b, sum, 'conv_bn')];
  expectSame(graph);
  expect(printGraph(graph)).toBe(`graph net (opset 20)
  input x: float32[N, 3, 5, 5]
  const w: float32[6, 1, 3, 3]
  const c: float32[6] {${graph.value('c').constant!.data.join(', ')}}
  conv: float32[N, 6, 5, 5] = Conv(x, w, c) {group=3, pads=[1, 1, 1, 1]}
  output conv
`);
});

it.each([0, 1])('folds into a Gemm with transB = %i', (transB) => {
  const { graph, b, x } = start();
  const w = b.constant('w', normal(6, transB ? [4, 75] : [75, 4]));
  const y = b.op('Gemm', [b.op('Flatten', [x]), w], { transB: int(transB) }, 'fc');
  graph.outputs = [batchNorm(b, y, 'fc_bn')];
  expectSame(graph);
  expect(graph.nodes.map((n) => n.op)).toEqual(['Flatten', 'Gemm']);
});

it('splits over a Concat; the ternary branch keeps its product', () => {
  const { graph, b, x } = start();
  const full = b.op('Conv', [x, b.constant('w', normal(6, [2, 3, 1, 1]))], {}, 'fp');
  const trits = b.op('Conv', [x, b.constant('t', ternary(7, [3, 3, 1, 1]))], {}, 'ternary');
  graph.outputs = [batchNorm(b, b.op('Concat', [full, trits], { axis: int(-3) }), 'bank_bn')];
  expectSame(graph);
  expect(printGraph(graph).replaceAll(/ \{[-\d., e]+\}/g, '')).toBe(`graph net (opset 20)
  input x: float32[N, 3, 5, 5]
  const w: float32[2, 3, 1, 1]
  const t: float32[3, 3, 1, 1]
  const ternary_scale_factors: float32[1, 3, 1, 1]
  const ternary_shift_terms: float32[1, 3, 1, 1]
  const fp_bias: float32[2]
  fp: float32[N, 2, 5, 5] = Conv(x, w, fp_bias)
  ternary: float32[N, 3, 5, 5] = Conv(x, t)
  ternary_scale: float32[N, 3, 5, 5] = Mul(ternary, ternary_scale_factors)
  ternary_shift: float32[N, 3, 5, 5] = Add(ternary_scale, ternary_shift_terms)
  concat: float32[N, 5, 5, 5] = Concat(fp, ternary_shift) {axis=-3}
  output concat
`);
});

it('collects products and sums where nothing takes them', () => {
  const { graph, b, x } = start();
  graph.outputs = [batchNorm(b, batchNorm(b, b.mul(b.relu(x), 3), 'first_bn'), 'second_bn')];
  expectSame(graph);
  expect(graph.nodes.map((n) => n.op)).toEqual(['Relu', 'Mul', 'Add']);
});

it('leaves weights alone that two convolutions share, and values that others read', () => {
  const { graph, b, x } = start();
  const w = b.constant('w', normal(6, [3, 3, 1, 1]));
  const y = batchNorm(b, b.op('Conv', [x, w]), 'one_bn');
  const z = b.op('Conv', [x, w]);
  graph.outputs = [b.add(b.add(y, z), batchNorm(b, z, 'two_bn'))];
  expectSame(graph);
  expect(graph.nodes.filter((n) => n.op === 'Mul')).toHaveLength(2);
});

it('leaves training batch norms and those with computed statistics', () => {
  const { graph, b, x } = start();
  const ones = () => b.constant('ones', f32([3], [1, 1, 1]));
  const training = b.node('BatchNormalization', [x, ones(), ones(), ones(), ones()], { training_mode: int(1) }, 3);
  const mean = b.reduceMean(x, [0, 2, 3]);
  graph.outputs = [b.op('BatchNormalization', [training.output(), ones(), ones(), mean, ones()])];
  expect(foldBatchNorm(graph)).toBe(false);
  expect(graph.nodes.filter((n) => n.op === 'BatchNormalization')).toHaveLength(2);
});
