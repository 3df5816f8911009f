import { expect, it } from 'vitest';
import { evaluate, normal } from '../../../test/evaluate.ts';
import { f32, Graph, i64, int, printGraph, scalar, type Tensor, verify } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { removeDead } from '../remove-dead.ts';
import { removeIdentity } from './remove-identity.ts';

function start() {
  const graph = new Graph('net', 20);
  return { graph, b: new Builder(graph), x: graph.input('x', 'float32', ['N', 3, 2, 2]) };
}

const bool = (value: 0 | 1): Tensor => ({ dtype: 'bool', dims: [], data: Uint8Array.of(value) });

it('removes what hands on its input', () => {
  const { graph, b, x } = start();
  const dropped = b.node('Dropout', [b.op('Identity', [x]), b.scalar(0.5)], {}, 2).output();
  const padded = b.op('Pad', [b.cast(dropped, 'float32'), b.i64([0, 0, 0, 0, 0, 0, 0, 0])]);
  const one = b.concat([b.op('Max', [b.op('Sum', [padded])])], 1);
  graph.outputs = [b.op('Identity', [b.op('Relu', [one], {}, 'relu')], {}, 'scores')];
  expect(removeIdentity(verify(graph))).toBe(true);
  removeDead(graph);
  expect(printGraph(verify(graph))).toBe(`graph net (opset 20)
  input x: float32[N, 3, 2, 2]
  scores: float32[N, 3, 2, 2] = Relu(x)
  output scores
`);
  expect(removeIdentity(graph)).toBe(false);
});

it('removes reshapes that come back to a shape, also over several steps', () => {
  const { graph, b, x } = start();
  const flat = b.op('Flatten', [x]);
  const back = b.op('Reshape', [b.op('Unsqueeze', [flat, b.i64([2])]), b.constant('s', i64([-1, 3, 2, 2]))]);
  graph.outputs = [b.relu(back), b.op('Flatten', [b.op('Flatten', [flat])], {}, 'rows')];
  const feeds = { x: normal(1, [2, 3, 2, 2]) };
  const before = evaluate(graph, feeds);
  expect(removeIdentity(verify(graph))).toBe(true);
  removeDead(graph);
  expect(printGraph(verify(graph)).replace(/.* const .*\n/g, '')).toBe(`graph net (opset 20)
  input x: float32[N, 3, 2, 2]
  rows: float32[N, 12] = Flatten(x)
  relu: float32[N, 3, 2, 2] = Relu(x)
  output relu
  output rows
`);
  expect(evaluate(graph, feeds)).toEqual(before);
});

it('leaves training, masks that are read, other types, and shapes that may differ', () => {
  const { graph, b, x } = start();
  const training = b.node('Dropout', [x, b.scalar(0.5), b.constant('on', bool(1))], {}, 2);
  const masked = b.node('Dropout', [x, b.scalar(0.5), b.constant('off', bool(0))], {}, 2);
  const other = b.op('Reshape', [x, b.constant('s', i64([-1, 3, 2, 2]))]);
  const permuted = b.op('Reshape', [x, b.constant('t', i64([2, 3, 2, -1]))]);
  const values = [training.output(), masked.output(), masked.output(1), b.cast(x, 'float16'), permuted];
  graph.outputs = [...values, b.op('Concat', [x, x], { axis: int(0) }), other];
  expect(removeIdentity(graph)).toBe(false);
  // the reshape to the same shape is returned, and an input cannot take over its name
  expect(graph.outputs.at(-1)).toBe(other);
});

it('removes a Dropout whose mode is given as inference', () => {
  const { graph, b, x } = start();
  const dropout = b.node('Dropout', [x, b.constant('ratio', scalar(0.5)), b.constant('off', bool(0))], {}, 1);
  graph.outputs = [b.add(dropout.output(), b.constant('c', f32([1], [1])))];
  expect(removeIdentity(graph)).toBe(true);
  expect(graph.nodes.map((node) => node.op)).toEqual(['Add']);
});
