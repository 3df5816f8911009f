import { describe, expect, it } from 'vitest';
import { f32, Graph, int, ints, printGraph, verify } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { eliminateCommon } from './eliminate-common.ts';

const start = () => {
  const graph = new Graph('g');
  return { graph, b: new Builder(graph), x: graph.input('x', 'float32', [2, 3]) };
};
const bodyOf = (graph: Graph) =>
  printGraph(verify(graph))
    .split('\n')
    .filter((line) => line.includes(' = '))
    .map((line) => line.trim());

describe('eliminateCommon', () => {
  it('merges equal nodes, and what becomes equal by it in the next round', () => {
    const { graph, b, x } = start();
    const sum = b.add(b.exp(b.relu(x)), b.exp(b.relu(x)));
    graph.outputs = [sum];
    while (eliminateCommon(graph));
    expect(bodyOf(graph)).toEqual([
      'relu: float32[2, 3] = Relu(x)',
      'exp: float32[2, 3] = Exp(relu)',
      'add: float32[2, 3] = Add(exp, exp)',
    ]);
    expect(eliminateCommon(graph)).toBe(false);
  });

  it('tells attributes, operands and their order, and domains apart', () => {
    const { graph, b, x } = start();
    const y = graph.input('y', 'float32', [2, 3]);
    const values = [
      b.sub(x, y),
      b.sub(y, x),
      b.op('Softmax', [x], { axis: int(0) }),
      b.op('Softmax', [x], { axis: int(1) }),
      b.op('Softmax', [x]),
      b.transpose(x, [0, 1]),
      b.transpose(x, [1, 0]),
      b.op('ReduceSum', [x, b.i64([0])], { keepdims: int(1) }),
      b.op('ReduceSum', [x, b.i64([1])], { keepdims: int(1) }),
      graph.add('Relu', [x], {}, { domain: 'other' }).output(),
      b.relu(x),
    ];
    graph.outputs = values.map((v) => graph.add('Identity', [v]).output());
    const before = bodyOf(graph);
    expect(eliminateCommon(graph)).toBe(false);
    expect(bodyOf(graph)).toEqual(before);
  });

  it('takes attributes in any order for the same', () => {
    const { graph, b, x } = start();
    const image = b.reshape(x, [1, 1, 2, 3]);
    const kernel = b.constant('k', f32([1, 1, 1, 1], [2]));
    const options = { strides: ints([1, 2]), dilations: ints([1, 1]) };
    const first = b.op('Conv', [image, kernel], options);
    const second = b.op('Conv', [image, kernel], { dilations: options.dilations, strides: options.strides });
    graph.outputs = [b.add(first, second)];
    expect(eliminateCommon(graph)).toBe(true);
    expect(bodyOf(graph).filter((line) => line.includes('Conv('))).toHaveLength(1);
  });

  it('merges all outputs of a node with several, unless they are not the same ones', () => {
    const { graph, b, x } = start();
    const split = (outputs: number | string[]) =>
      b.node('Split', [x, b.i64([1, 2])], { axis: int(1) }, outputs, 'split').outputs;
    const [a1, a2] = split(2);
    const [c1, c2] = split(2);
    const [, only] = split(['', 'only']);
    graph.outputs = [b.add(a1!, c1!), b.add(a2!, c2!), b.add(a2!, only!)];
    expect(eliminateCommon(graph)).toBe(true);
    expect(bodyOf(graph).filter((line) => line.includes('Add('))).toEqual([
      'add: float32[2, 1] = Add(split, split)',
      'add_1: float32[2, 2] = Add(split_out1, split_out1)',
      'add_2: float32[2, 2] = Add(split_out1, only)',
    ]);
  });

  it('keeps graph outputs and nodes without inputs', () => {
    const { graph, b, x } = start();
    const outputs = [b.relu(x), b.relu(x)];
    const shape = { value: { kind: 'tensor', value: f32([], [1]) } } as const;
    const constants = [graph.add('Constant', [], shape), graph.add('Constant', [], shape)];
    graph.outputs = [
      ...outputs,
      b.op('Identity', [constants[0]!.output()]),
      b.op('Identity', [constants[1]!.output()]),
    ];
    expect(eliminateCommon(graph)).toBe(false);
    expect(graph.nodes).toHaveLength(6);
  });
});
