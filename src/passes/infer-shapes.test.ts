import { expect, test } from 'vitest';
import { f32, Graph, ints, printGraph } from '../ir/index.ts';
import { inferShapes } from './infer-shapes.ts';

/** Conv, Relu and Flatten, without types on the outputs. */
function network(): Graph {
  const graph = new Graph('net', 20);
  const x = graph.input('x', 'float32', ['N', 3, 8, 8]);
  const w = graph.initializer('w', f32([4, 3, 3, 3]));
  const conv = graph.add('Conv', [x, w], { strides: ints([2, 2]) }, { outputs: ['c'] });
  const relu = graph.add('Relu', [conv.output()], {}, { outputs: ['r'] });
  graph.outputs = [graph.add('Flatten', [relu.output()], {}, { outputs: ['y'] }).output()];
  return graph;
}

test('types follow from inputs and constants', () => {
  expect(printGraph(inferShapes(network()))).toBe(`graph net (opset 20)
  input x: float32[N, 3, 8, 8]
  const w: float32[4, 3, 3, 3]
  c: float32[N, 4, 3, 3] = Conv(x, w) {strides=[2, 2]}
  r: float32[N, 4, 3, 3] = Relu(c)
  y: float32[N, 36] = Flatten(r)
  output y
`);
});

test('binding a symbol fixes it everywhere and overwrites stale types', () => {
  const graph = inferShapes(network());
  graph.value('r').type = { dtype: 'int8', shape: [7] };
  inferShapes(graph, { bind: { N: 64 } });
  expect(graph.value('r').type).toEqual({ dtype: 'float32', shape: [64, 4, 3, 3] });
  expect(graph.value('y').dims).toEqual([64, 36]);
});

test('only whole sizes can be bound', () => {
  expect(() => inferShapes(network(), { bind: { N: 0 } })).toThrow(
    'dimension N: expected a whole number of at least 1, found 0',
  );
});
