import { expect, test } from 'vitest';
import { f32, Graph, int, printGraph, verify } from '../ir/index.ts';
import { Builder } from '../ops/builder.ts';
import { removeDead } from './remove-dead.ts';

test('removes what no output depends on, but never inputs', () => {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', [4]);
  graph.input('unread', 'float32', [1]);
  const returned = b.constant('returned', f32([1], [7]));
  b.sqrt(b.add(x, b.constant('dead', f32([4]))));
  graph.outputs = [b.relu(x), returned];
  expect(removeDead(verify(graph))).toBe(true);
  expect(printGraph(verify(graph))).toBe(`graph net (opset 20)
  input x: float32[4]
  input unread: float32[1]
  const returned: float32[1] {7}
  relu: float32[4] = Relu(x)
  output relu
  output returned
`);
  expect(removeDead(graph)).toBe(false);
});

test('a node with one output in use stays whole', () => {
  const graph = new Graph('net', 20);
  const x = graph.input('x', 'float32', [4]);
  const split = graph.add('Split', [x], { num_outputs: int(2) }, { outputs: ['a', 'b'] });
  graph.outputs = [split.output(1)];
  expect(removeDead(graph)).toBe(false);
  expect(split.outputs.map((o) => o?.name)).toEqual(['a', 'b']);
});
