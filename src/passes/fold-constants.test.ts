import { expect, test } from 'vitest';
import { f32, Graph, i64, int, printGraph, verify } from '../ir/index.ts';
import { Builder } from '../ops/builder.ts';
import { foldConstants } from './fold-constants.ts';
import { removeDead } from './remove-dead.ts';

test('chains of constants become initializers under the name of their output', () => {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 2]);
  const w = b.constant('w', f32([2, 2], [1, 2, 3, 4]));
  const scaled = b.mul(b.transpose(w, [1, 0]), 0.5);
  graph.outputs = [b.matmul(x, scaled), scaled];
  expect(foldConstants(verify(graph))).toBe(true);
  expect(removeDead(graph)).toBe(true);
  expect(printGraph(verify(graph))).toBe(`graph net (opset 20)
  input x: float32[N, 2]
  const mul: float32[2, 2] {0.5, 1.5, 1, 2}
  matmul: float32[N, 2] = MatMul(x, mul)
  output matmul
  output mul
`);
  expect(foldConstants(graph)).toBe(false);
});

test('known parts of a shape fold, the symbolic batch does not', () => {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 8, 4, 4]);
  const shape = b.op('Shape', [x]);
  const channels = b.op('Gather', [shape, b.constant('one', i64([1]))]);
  const batch = b.op('Gather', [shape, b.constant('zero', i64([0]))]);
  graph.outputs = [b.op('Reshape', [x, b.concat([batch, channels, b.i64([-1])], 0)])];
  foldConstants(graph);
  removeDead(graph);
  expect(printGraph(verify(graph))).toBe(`graph net (opset 20)
  input x: float32[N, 8, 4, 4]
  const zero: int64[1] {0}
  const shape_-1: int64[1] {-1}
  const gather: int64[1] {8}
  shape: int64[4] = Shape(x)
  gather_1: int64[1] = Gather(shape, zero)
  concat: int64[3] = Concat(gather_1, gather, shape_-1) {axis=0}
  reshape: float32[N, 8, 16] = Reshape(x, concat)
  output reshape
`);
});

test('every output of a node is replaced', () => {
  const graph = new Graph('net', 20);
  const split = graph.add(
    'Split',
    [graph.initializer('c', i64([1, 2, 3]))],
    { axis: int(0) },
    { outputs: ['p', '', 'q'] },
  );
  graph.outputs = [split.output(0), split.output(2)];
  foldConstants(graph);
  removeDead(graph);
  expect(printGraph(verify(graph))).toBe(`graph net (opset 20)
  const p: int64[1] {1}
  const q: int64[1] {3}
  output p
  output q
`);
});

test('large results, overridable constants and foreign operators stay', () => {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const c = b.constant('c', f32([3]));
  const overridable = graph.input('o', 'float32', [3]);
  overridable.constant = f32([3]);
  const foreign = b.node('Mystery', [c], {}, 1, undefined, 'com.example').output();
  graph.outputs = [b.op('Tile', [c, b.i64([100])]), b.relu(overridable), foreign];
  const before = printGraph(graph);
  expect(foldConstants(graph, { maxElements: 299 })).toBe(false);
  expect(printGraph(graph)).toBe(before);
  expect(foldConstants(graph, { maxElements: 300 })).toBe(true);
  expect(graph.nodes.map((n) => n.op)).toEqual(['Mystery', 'Relu']);
});
