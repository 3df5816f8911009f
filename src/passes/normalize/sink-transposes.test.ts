import { describe, expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../../test/evaluate.ts';
import { f32, Graph, i64, int, ints, printGraph, str, type Value, verify } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { sinkTransposes } from './sink-transposes.ts';
import { compose, invert, keepsOrder } from './transpose-rules.ts';

const toFirst = [0, 3, 1, 2];
const toLast = [0, 2, 3, 1];

function start() {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  return { graph, b, x: graph.input('x', 'float32', ['N', 3, 4, 5]) };
}

const feeds = { x: normal(1, [2, 3, 4, 5]) };

/** Expects the same outputs under the same names; the operators that are left. */
function check(graph: Graph, changed = true): string {
  const names = graph.outputs.map((output) => output.name);
  const all = graph.outputs;
  // `evaluate` returns the first output only
  const each = (g: Graph) =>
    g.outputs.map((_, i) => {
      const copy = g.clone();
      copy.outputs = [copy.outputs[i]!];
      return evaluate(copy, feeds);
    });
  const expected = each(graph);
  expect(sinkTransposes(verify(graph))).toBe(changed);
  expect(each(verify(graph)).map((found, i) => relativeError(found, expected[i]!))).toEqual(all.map(() => 0));
  expect(graph.outputs.map((output) => output.name)).toEqual(names);
  expect(sinkTransposes(graph)).toBe(false);
  return graph.nodes.map((node) => node.op).join(' ');
}

describe('permutations', () => {
  it('compose and invert', () => {
    expect(compose(toLast, toFirst)).toEqual([0, 1, 2, 3]);
    expect(invert(toFirst)).toEqual(toLast);
    // axis 0 of the result is axis 1 of [y0 y1 y2] = [x2 x0 x1], which is x0
    expect(compose([2, 0, 1], [1, 0, 2])).toEqual([0, 2, 1]);
  });

  it('keep the order of elements where only axes of one element move', () => {
    expect(keepsOrder(['N', 8, 1, 1], toLast)).toBe(true);
    expect(keepsOrder(['N', 8, 1, 2], toLast)).toBe(false);
    expect(keepsOrder([1, 8, 4, 1], [3, 1, 0, 2])).toBe(true);
    expect(keepsOrder(undefined, toLast)).toBe(false);
  });
});

type Build = (y: Value, b: Builder) => Value;

/** Operators on a channels-last value `[N, 4, 5, 3]`, with a channels-first result again. */
const operators: Readonly<Record<string, Build>> = {
  Relu: (y, b) => b.relu(y),
  Clip: (y, b) => b.op('Clip', [y, b.scalar(-0.5), b.scalar(1)]),
  'Add of a bias': (y, b) => b.add(y, b.constant('c', normal(2, [3]))),
  'Sub from a constant': (y, b) => b.op('Sub', [b.constant('c', normal(2, [4, 1, 3])), y]),
  'Mul by a scalar': (y, b) => b.mul(y, 3),
  'Mul by a gate': (y, b) => b.mul(y, b.op('Sigmoid', [b.reduceMean(y, [1, 2], true)])),
  'Mul by a gate that is reshaped': (y, b) => {
    const gate = b.op('Sigmoid', [b.reduceMean(y, [1, 2])]);
    return b.mul(y, b.op('Reshape', [gate, b.constant('s', i64([-1, 1, 1, 3]))]));
  },
  PRelu: (y, b) => b.op('PRelu', [y, b.constant('slope', normal(2, [1, 1, 3]))]),
  Where: (y, b) => b.where(b.greater(y, 0), y, b.constant('c', normal(2, [5, 3]))),
  'Concat on the last axis': (y, b) => b.concat([y, b.relu(y)], -1),
  'Concat with a constant': (y, b) => b.concat([y, b.constant('c', normal(2, [2, 1, 5, 3]))], 1),
  Softmax: (y, b) => b.op('Softmax', [y]),
  Pad: (y, b) => b.op('Pad', [y, b.constant('p', i64([0, 1, 2, 0, 0, 3, 0, 1])), b.scalar(2)]),
  'Pad of some axes': (y, b) => b.op('Pad', [y, b.constant('p', i64([1, 2])), undefined, b.constant('a', i64([-2]))]),
  Slice: (y, b) => b.slice(y, { starts: [1, 0], ends: [4, 3], axes: [-2, 3], steps: [2, 1] }),
  'Slice of the first axes': (y, b) => b.op('Slice', [y, b.constant('s', i64([0, 1])), b.constant('e', i64([2, 3]))]),
  'Max over an axis': (y, b) => b.reduce('ReduceMax', y, [2], true),
  Split: (y, b) => {
    const parts = b.node('Split', [y, b.constant('sizes', i64([1, 2]))], { axis: int(-1) }, 2);
    return b.concat([parts.output(1), parts.output(0)], 3);
  },
};

describe('operators let a transposition pass', () => {
  it.each(Object.entries(operators))('%s', (_, build) => {
    const { graph, b, x } = start();
    graph.outputs = [b.transpose(build(b.transpose(x, toLast), b), toFirst)];
    expect(check(graph).split(' ')).not.toContain('Transpose');
  });
});

it('drops axes from a transposition', () => {
  const { graph, b, x } = start();
  // [N, 4, 5, 3] without axis 2 is [N, 4, 3]; channels first, [N, 3, 4]
  graph.outputs = [b.transpose(b.reduceSum(b.transpose(x, toLast), [2]), [0, 2, 1])];
  expect(check(graph)).toBe('ReduceSum');
  expect(graph.outputs[0]!.shape).toEqual(['N', 3, 4]);
});

it('squeezes, flattens and reshapes pooled values without transposing them', () => {
  const { graph, b, x } = start();
  const pooled = b.transpose(b.op('GlobalAveragePool', [x]), toLast);
  const shape = b.constant('s', i64([0, 3]));
  graph.outputs = [
    b.op('Squeeze', [pooled, b.i64([1, -2])], {}, 'squeezed'),
    b.op('Flatten', [pooled], {}, 'flat'),
    b.op('Reshape', [pooled, b.constant('t', i64([-1, 3]))], {}, 'reshaped'),
    b.op('Reshape', [b.op('Squeeze', [pooled, b.i64([1, 2])]), shape], {}, 'again'),
  ];
  expect(check(graph).split(' ')).not.toContain('Transpose');
});

it('makes one Reshape of a reshape and a transposition that moves single elements', () => {
  const { graph, b, x } = start();
  const row = b.op('Flatten', [b.op('GlobalAveragePool', [x])]);
  graph.outputs = [b.transpose(b.op('Reshape', [row, b.constant('s', i64([-1, 1, 1, 3]))]), toFirst)];
  expect(check(graph)).toBe('GlobalAveragePool Flatten Reshape');
  expect(graph.outputs[0]!.shape).toEqual(['N', 3, 1, 1]);
});

it('cancels the transpositions of a residual block, and leaves those of the interface', () => {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const image = graph.input('x', 'float32', ['N', 5, 5, 3]);
  const conv = (x: Value, name: string) => {
    const w = b.constant(`${name}_w`, f32([3, 3, 1, 1], normal(3, [9], name).data));
    return b.transpose(b.op('Conv', [b.transpose(x, toFirst), w], {}, name), toLast);
  };
  const first = b.relu(conv(image, 'conv_1'));
  const second = b.add(b.relu(conv(first, 'conv_2')), first);
  graph.outputs = [b.op('Relu', [second], {}, 'maps')];
  const feed = { x: normal(1, [2, 5, 5, 3]) };
  const expected = evaluate(graph, feed);
  expect(sinkTransposes(verify(graph))).toBe(true);
  expect(printGraph(verify(graph)).replace(/.* const .*\n/g, '')).toBe(`graph net (opset 20)
  input x: float32[N, 5, 5, 3]
  transpose: float32[N, 3, 5, 5] = Transpose(x) {perm=[0, 3, 1, 2]}
  conv_1: float32[N, 3, 5, 5] = Conv(transpose, conv_1_w)
  relu: float32[N, 3, 5, 5] = Relu(conv_1)
  conv_2: float32[N, 3, 5, 5] = Conv(relu, conv_2_w)
  relu_1: float32[N, 3, 5, 5] = Relu(conv_2)
  add: float32[N, 3, 5, 5] = Add(relu_1, relu)
  maps_before: float32[N, 3, 5, 5] = Relu(add)
  maps: float32[N, 5, 5, 3] = Transpose(maps_before) {perm=[0, 2, 3, 1]}
  output maps
`);
  expect(relativeError(evaluate(graph, feed), expected)).toBe(0);
});

it('leaves a graph as it is where nothing cancels', () => {
  const { graph, b, x } = start();
  const y = b.relu(b.transpose(x, toLast));
  const axes = { kernel_shape: ints([1, 1]), mode: str('x') };
  graph.outputs = [
    b.add(y, graph.input('other', 'float32', ['N', 4, 5, 3])),
    b.op('MaxPool', [y], { kernel_shape: axes.kernel_shape }),
    b.op('Flatten', [y]),
  ];
  const before = printGraph(graph);
  expect(sinkTransposes(graph)).toBe(false);
  expect(printGraph(graph)).toBe(before);
});

it('keeps a transposition for those who need it, and makes equal ones one', () => {
  const { graph, b, x } = start();
  const y = b.transpose(x, toLast);
  const z = b.transpose(x, toLast);
  const back = b.transpose(b.add(b.relu(y), z), toFirst);
  graph.outputs = [back, b.op('MaxPool', [y], { kernel_shape: ints([2, 2]) }), b.op('Flatten', [z])];
  expect(check(graph)).toBe('Transpose Relu Add MaxPool Flatten');
});
