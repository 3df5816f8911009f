import { expect, it } from 'vitest';
import { f32, Graph, ints, printGraph, verify } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { inferShapes } from './infer-shapes.ts';
import { keepOutputNames, replaceNode, skipNode } from './replace.ts';

function start() {
  const graph = new Graph('net', 20);
  return { graph, b: new Builder(graph), x: graph.input('x', 'float32', ['N', 2]) };
}

it('a replacement takes over names, place and readers', () => {
  const { graph, b, x } = start();
  const y = b.op('Abs', [x], {}, 'layer');
  graph.outputs = [b.op('Relu', [y], {}, 'relu'), y];
  replaceNode(y.producer!, { op: 'Neg', inputs: [x], attributes: {} });
  expect(printGraph(verify(graph))).toBe(`graph net (opset 20)
  input x: float32[N, 2]
  layer: float32[N, 2] = Neg(x)
  relu: float32[N, 2] = Relu(layer)
  output relu
  output layer
`);
  expect(graph.nodes[0]!.name).toBe('layer');
});

it('what finishes a replacement has the name that the graph returns', () => {
  const { graph, b, x } = start();
  graph.outputs = [b.op('Abs', [x], {}, 'layer')];
  replaceNode(graph.nodes[0]!, { op: 'Transpose', inputs: [x], attributes: { perm: ints([1, 0]) } }, (y, builder) =>
    builder.transpose(y, [1, 0]),
  );
  expect(printGraph(verify(graph))).toBe(`graph net (opset 20)
  input x: float32[N, 2]
  layer_before: float32[2, N] = Transpose(x) {perm=[1, 0]}
  layer: float32[N, 2] = Transpose(layer_before) {perm=[1, 0]}
  output layer
`);
});

it('skips a node and hands the name of an output on', () => {
  const { graph, b, x } = start();
  const y = b.op('Abs', [x], {}, 'layer');
  graph.outputs = [b.op('Identity', [y], {}, 'scores')];
  expect(skipNode(graph.nodes[1]!, y)).toBe(true);
  expect(graph.nodes.map((node) => node.name)).toEqual(['layer']);
  expect(verify(graph).outputs[0]!.name).toBe('scores');
});

it.each(['an input', 'a constant', 'an output'])('does not rename %s', (kind) => {
  const { graph, b, x } = start();
  const y = kind === 'an input' ? x : kind === 'a constant' ? b.constant('c', f32([1, 2])) : b.op('Abs', [x]);
  graph.outputs = [b.op('Identity', [y], {}, 'scores'), ...(kind === 'an output' ? [y] : [])];
  const before = printGraph(graph);
  expect(skipNode(graph.nodes.at(-1)!, y)).toBe(false);
  expect(printGraph(verify(graph))).toBe(before);
});

it('gives outputs their names back, whatever a rewrite returns', () => {
  const { graph, b, x } = start();
  graph.outputs = [b.op('Abs', [x], {}, 'p'), b.op('Neg', [x], {}, 'q'), b.op('Sign', [x], {}, 'r')];
  keepOutputNames(graph, () => {
    const y = b.op('Relu', [x], {}, 'new');
    graph.outputs = [y, y, x];
  });
  expect(verify(inferShapes(graph)).outputs.map((output) => output.name)).toEqual(['p', 'q', 'r']);
  expect(graph.outputs.map((output) => output.producer!.op)).toEqual(['Identity', 'Relu', 'Identity']);
  expect(graph.inputs.map((input) => input.name)).toEqual(['x']);
});
