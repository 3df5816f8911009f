import { expect, it } from 'vitest';
import { evaluate, normal, relativeError, ternary } from '../../../test/evaluate.ts';
import { f32, float, Graph, int, printGraph, type Tensor, verify } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { unifyGemms } from './unify-gemms.ts';

const feeds = { x: normal(1, [2, 3]) };

function start() {
  const graph = new Graph('net', 20);
  return { graph, b: new Builder(graph), x: graph.input('x', 'float32', ['N', 3]) };
}

function expectSame(graph: Graph): void {
  const expected = evaluate(graph, feeds);
  expect(unifyGemms(verify(graph))).toBe(true);
  expect(relativeError(evaluate(verify(graph), feeds), expected)).toBeLessThan(1e-6);
  expect(unifyGemms(graph)).toBe(false);
}

it('makes MatMul a Gemm with a row per filter, under its own names', () => {
  const { graph, b, x } = start();
  graph.outputs = [b.op('MatMul', [x, b.constant('w', f32([3, 2], [1, 2, 3, 4, 5, 6]))], {}, 'dense')];
  expectSame(graph);
  expect(printGraph(graph)).toBe(`graph net (opset 20)
  input x: float32[N, 3]
  const w: float32[2, 3] {1, 3, 5, 2, 4, 6}
  dense: float32[N, 2] = Gemm(x, w) {transB=1}
  output dense
`);
});

it.each<[string, Tensor]>([
  ['a row', normal(3, [1, 4])],
  ['a vector', normal(3, [4])],
  ['one value', normal(3, [])],
  ['a vector of one', normal(3, [1])],
])('takes alpha and beta into weights and a bias that is %s', (_, bias) => {
  const { graph, b, x } = start();
  const inputs = [x, b.constant('w', normal(2, [3, 4])), b.constant('c', bias)];
  graph.outputs = [b.op('Gemm', inputs, { alpha: float(0.5), beta: float(-2) }, 'fc')];
  expectSame(graph);
  expect(graph.nodes[0]!.attributes).toEqual({ transB: int(1) });
  expect([graph.value('w').shape, graph.value('c').shape]).toEqual([[4, 3], [4]]);
});

it('leaves weights alone that others read', () => {
  const { graph, b, x } = start();
  const w = b.constant('w', normal(2, [3, 3]));
  graph.outputs = [b.matmul(b.op('Gemm', [x, w], { alpha: float(2), transB: int(1) }, 'first'), w)];
  expectSame(graph);
  expect(graph.nodes.map((node) => [node.op, node.input(1).name])).toEqual([
    ['Gemm', 'w_1'],
    ['Gemm', 'w'],
  ]);
});

it('leaves products of more dimensions, transposed x, biases per image, and an alpha of ternary weights', () => {
  const { graph, b, x } = start();
  const w = () => b.constant('w', normal(2, [4, 3]));
  const image = graph.input('image', 'float32', ['N', 5, 4]);
  const trits = b.op('Gemm', [x, b.constant('t', ternary(3, [4, 3]))], { alpha: float(2), transB: int(1) });
  const perImage = b.op('Gemm', [graph.input('y', 'float32', [2, 3]), w(), b.constant('c', normal(4, [2, 4]))], {
    transB: int(1),
  });
  const transposed = b.gemm(graph.input('z', 'float32', [4, 2]), w(), { transA: true });
  graph.outputs = [
    b.op('MatMul', [image, w()]),
    b.matmul(x, graph.input('v', 'float32', [3, 2])),
    trits,
    perImage,
    transposed,
  ];
  const before = printGraph(graph);
  expect(unifyGemms(graph)).toBe(false);
  expect(printGraph(graph)).toBe(before);
});
