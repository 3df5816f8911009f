/** Float networks in the runtime, with both kinds of kernels, against ONNX Runtime: architectures, exporters, operators. */

import { describe, expect, it } from 'vitest';
import { f32, float, Graph, i64, int, ints, type Shape, str, type Value } from '../../src/ir/index.ts';
import { architectures, buildNetwork } from '../../src/models/index.ts';
import { InferenceSession, Tensor } from '../../src/runtime/node.ts';
import { normal, relativeError } from '../evaluate.ts';
import { exporters } from '../exporters.ts';
import { kernelKinds, randomBytes, runBoth, toBytes, worstError } from './runtime-compare.ts';

const size = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 3 } as const;

describe.each(kernelKinds)('%s kernels', (kernels) => {
  it.each(architectures.map(({ name }) => name))('%s', async (name) => {
    const results = await runBoth(buildNetwork(name, size), { input: normal(1, [2, 3, 32, 32]) }, { kernels });
    expect(worstError(results)).toBeLessThan(1e-5);
    const { data } = results.found.logits!;
    expect(relativeError(data.slice(0, 10), data.slice(10))).toBeGreaterThan(1e-3); // images differ
  });

  it.each(Object.entries(exporters))('%s', async (_, build) => {
    const { bytes, input, dims } = build();
    expect(worstError(await runBoth(bytes, { [input]: normal(1, dims) }, { kernels }))).toBeLessThan(1e-5);
  });
});

/** A graph of one or a few nodes over `x`. */
function graphOf(shape: Shape, build: (graph: Graph, x: Value) => Value | Value[]): Graph {
  const graph = new Graph('ops', 20);
  const outputs = build(graph, graph.input('x', 'float32', shape));
  graph.outputs = Array.isArray(outputs) ? outputs : [outputs];
  return graph;
}

let seed = 0;
const weight = (graph: Graph, dims: number[]) => graph.initializer('w', normal(++seed, dims));
const apply = (graph: Graph, op: string, inputs: Value[], attributes = {}) =>
  graph.add(op, inputs, attributes).output();

type Case = [name: string, dims: number[], build: (graph: Graph, x: Value) => Value | Value[]];

const conv =
  (dims: number[], attributes = {}) =>
  (graph: Graph, x: Value) =>
    apply(graph, 'Conv', [x, weight(graph, dims), weight(graph, [dims[0]!])], attributes);

const unary =
  (op: string, attributes = {}) =>
  (graph: Graph, x: Value) =>
    apply(graph, op, [x], attributes);

const withConstant =
  (op: string, dims: number[], isFirst = true) =>
  (graph: Graph, x: Value) => {
    const c = graph.initializer(
      'c',
      f32(
        dims,
        normal(9, dims).data.map((v) => Math.abs(v) + 0.5),
      ),
    );
    return apply(graph, op, isFirst ? [x, c] : [c, x]);
  };

const image = [1, 6, 9, 7];

const cases: Case[] = [
  ['Conv, groups', image, conv([8, 3, 3, 3], { group: int(2), pads: ints([1, 0, 2, 1]) })],
  ['Conv, dilations', image, conv([4, 6, 3, 2], { dilations: ints([2, 3]), pads: ints([2, 2, 2, 2]) })],
  ['Conv, 1x1 with strides', image, conv([5, 6, 1, 1], { strides: ints([2, 3]) })],
  ['Conv, auto_pad', image, conv([5, 6, 3, 3], { auto_pad: str('SAME_LOWER'), strides: ints([2, 2]) })],
  ['Conv, depthwise 5x3', image, conv([6, 1, 5, 3], { group: int(6), pads: ints([2, 1, 2, 1]) })],
  ['Conv, two filters a channel', image, conv([12, 1, 3, 3], { group: int(6), strides: ints([2, 1]) })],
  ['Conv of one dimension', [1, 4, 11], conv([6, 2, 3], { group: int(2), pads: ints([1, 1]) })],
  ['MaxPool', image, unary('MaxPool', { kernel_shape: ints([3, 2]), pads: ints([1, 0, 1, 1]), strides: ints([2, 2]) })],
  ['MaxPool, ceil', image, unary('MaxPool', { kernel_shape: ints([2, 2]), strides: ints([2, 2]), ceil_mode: int(1) })],
  [
    'AveragePool, pads counted',
    image,
    unary('AveragePool', { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]), count_include_pad: int(1) }),
  ],
  ['AveragePool', image, unary('AveragePool', { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) })],
  ['GlobalMaxPool', image, unary('GlobalMaxPool')],
  ['Sigmoid', image, unary('Sigmoid')],
  ['HardSwish', image, unary('HardSwish')],
  ['HardSigmoid', image, unary('HardSigmoid', { alpha: float(0.3) })],
  ['LeakyRelu', image, unary('LeakyRelu')],
  ['Tanh', image, unary('Tanh')],
  ['Add of a row', image, withConstant('Add', [7])],
  ['Sub from a scalar', image, withConstant('Sub', [], false)],
  ['Sub from elements', image, withConstant('Sub', [9, 7], false)],
  ['Div by channels', image, withConstant('Div', [1, 6, 1, 1])],
  ['Div of elements', image, withConstant('Div', [6, 9, 1], false)],
  ['Max with channels', image, withConstant('Max', [6, 1, 1])],
  ['Min with channels', image, withConstant('Min', [6, 1, 1])],
  ['Softmax over channels', image, unary('Softmax', { axis: int(1) })],
  ['LogSoftmax over columns', image, unary('LogSoftmax', { axis: int(-1) })],
  ['Transpose', image, unary('Transpose', { perm: ints([0, 3, 1, 2]) })],
  ['Flatten', image, unary('Flatten')],
  [
    'Clip after Clip, bounds of another interval',
    image,
    (g, x) => {
      const bound = (v: number) => g.initializer('bound', f32([], [v]));
      return apply(g, 'Clip', [apply(g, 'Clip', [x, bound(-1), bound(0.2)]), bound(0.5), bound(2)]);
    },
  ],
  [
    'a layer that two others read takes nothing in',
    image,
    (g, x) => {
      const y = conv([5, 6, 1, 1])(g, x);
      return [apply(g, 'Relu', [y]), apply(g, 'Neg', [y])];
    },
  ],
  [
    'Concat that others read, parts used twice',
    image,
    (g, x) => {
      const [a, b] = [conv([4, 6, 1, 1])(g, x), conv([3, 6, 1, 1])(g, x)];
      const both = apply(g, 'Concat', [a, b, a], { axis: int(1) });
      return [apply(g, 'Relu', [apply(g, 'Concat', [both, b], { axis: int(1) })]), both, apply(g, 'Add', [a, a])];
    },
  ],
  [
    'BatchNormalization, alone and after Conv',
    image,
    (g, x) => {
      const constants = (n: number) =>
        [1, 2, 3, 4].map((i) =>
          g.initializer(
            'bn',
            f32(
              [n],
              normal(i, [n]).data.map((v) => (i === 4 ? 0.5 + v * v : v)),
            ),
          ),
        );
      const first = apply(g, 'BatchNormalization', [x, ...constants(6)]);
      return apply(g, 'BatchNormalization', [conv([5, 6, 1, 1])(g, first), ...constants(5)], { epsilon: float(0.1) });
    },
  ],
  [
    'squeeze and excite',
    image,
    (g, x) => {
      const gate = apply(g, 'Sigmoid', [conv([6, 6, 1, 1])(g, apply(g, 'GlobalAveragePool', [x]))]);
      return apply(g, 'Mul', [gate, x]);
    },
  ],
  [
    'Split, Gather and Slice of channels',
    image,
    (g, x) => {
      const split = g.add('Split', [x], { axis: int(1), num_outputs: int(2) }, { outputs: 2 });
      const gathered = apply(g, 'Gather', [split.output(1), g.initializer('i', i64([2, -3, 2]))], { axis: int(1) });
      const one = (v: number[]) => g.initializer('v', i64(v));
      return [split.output(0), gathered, apply(g, 'Slice', [x, one([1, 8]), one([6, -10]), one([1, 2]), one([2, -3])])];
    },
  ],
  [
    'channel shuffle',
    image,
    (g, x) => {
      const shape = (v: number[]) => g.initializer('shape', i64(v));
      const apart = apply(g, 'Reshape', [x, shape([0, 2, 3, 9, 7])]);
      const turned = apply(g, 'Transpose', [apart], { perm: ints([0, 2, 1, 3, 4]) });
      return apply(g, 'Reshape', [turned, shape([-1, 6, 9, 7])]);
    },
  ],
  [
    'Reshape by a part of its Shape',
    image,
    (g, x) => {
      const part = g.add('Shape', [x], { start: int(-3), end: int(-1) }).output();
      const one = g.initializer('one', i64([1]));
      const shape = apply(g, 'Concat', [one, part, g.initializer('rest', i64([-1]))], { axis: int(0) });
      return apply(g, 'Relu', [apply(g, 'Reshape', [apply(g, 'Neg', [x]), shape])]);
    },
  ],
  [
    'Pad with a value, in front of a pool and of a convolution',
    image,
    (g, x) => {
      const pad = (value: number) =>
        apply(g, 'Pad', [x, g.initializer('p', i64([0, 0, 1, 2, 0, 0, 0, 1])), g.initializer('v', f32([], [value]))]);
      return [conv([5, 6, 3, 3])(g, pad(0)), conv([5, 6, 3, 3])(g, pad(2))];
    },
  ],
  [
    'Gemm with alpha and beta, MatMul',
    [1, 12],
    (g, x) => {
      const gemm = apply(g, 'Gemm', [x, weight(g, [12, 5]), weight(g, [5])], { alpha: float(0.5), beta: float(-2) });
      return [gemm, apply(g, 'MatMul', [x, weight(g, [12, 7])])];
    },
  ],
];

describe.each(kernelKinds)('operators, %s kernels', (kernels) => {
  it.each(cases)('%s', async (_, dims, build) => {
    const graph = graphOf(dims, build);
    expect(worstError(await runBoth(graph, { x: normal(5, dims) }, { kernels }))).toBeLessThan(1e-5);
  });

  it('takes uint8 images', async () => {
    const graph = new Graph('bytes', 20);
    const x = graph.input('x', 'uint8', ['N', 3, 8, 8]);
    const scaled = apply(graph, 'Mul', [
      apply(graph, 'Cast', [x], { to: int(1) }),
      graph.initializer('s', f32([], [0.01])),
    ]);
    graph.outputs = [conv([4, 3, 3, 3])(graph, scaled)];
    expect(worstError(await runBoth(graph, { x: randomBytes(1, [3, 3, 8, 8]) }, { kernels }))).toBeLessThan(1e-5);
  });
});

describe('shapes', () => {
  const open = () =>
    graphOf(['N', 3, 'H', 'W'], (g, x) => {
      const y = apply(g, 'GlobalAveragePool', [conv([4, 3, 3, 3], { pads: ints([1, 1, 1, 1]) })(g, x)]);
      return apply(g, 'Flatten', [y]);
    });

  it('plans again when sizes change, and keeps the plans', async () => {
    const bytes = toBytes(open());
    const session = await InferenceSession.create(bytes);
    expect(session.memory).toBeUndefined();
    const sizes = [
      [1, 3, 8, 8],
      [2, 3, 20, 9],
      [1, 3, 8, 8],
      [1, 3, 5, 5],
      [1, 3, 6, 6],
      [1, 3, 8, 8],
    ];
    for (const dims of sizes) {
      const x = normal(1, dims);
      const { expected } = await runBoth(bytes, { x });
      const found = await session.run({ x: new Tensor('float32', x.data, dims) });
      expect(worstError({ expected, found })).toBeLessThan(1e-5);
    }
  });
});

describe('sessions', () => {
  it('name the operator that is missing, and hand over to ONNX Runtime where that is asked for', async () => {
    const bytes = toBytes(
      graphOf([1, 4, 3, 3], (g, x) => g.add('Hardmax', [x], { axis: int(1) }, { name: 'odd' }).output()),
    );
    const message = "model: node 'odd' (Hardmax): expected an operator that the runtime has, found Hardmax";
    await expect(InferenceSession.create(bytes)).rejects.toMatchObject({ code: 'E_UNSUPPORTED', message });
    const session = await InferenceSession.create(bytes, { fallback: 'onnxruntime' });
    expect(session.backend).toBe('onnxruntime');
    const { odd } = await session.run({ x: new Tensor('float32', new Float32Array(36).fill(1), [1, 4, 3, 3]) });
    expect(odd!.data[7]).toBe(1);
    await session.release();
  });
});
