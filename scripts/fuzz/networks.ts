/** Small models that have one of everything: what the mutants of models are made from. */

import { exportOnnx } from '../../src/export/index.ts';
import { f32, float, Graph, i64, int, ints, Random, type Tensor, type Value } from '../../src/ir/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { Builder } from '../../src/ops/index.ts';
import { canonicalOpset } from '../../src/ops/names.ts';

const random = new Random(1, 'networks');
const normal = (...dims: number[]): Tensor =>
  f32(
    dims,
    Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, () => random.normal() / 2),
  );
const positive = (n: number): Tensor =>
  f32(
    [n],
    Float32Array.from({ length: n }, () => 0.5 + random.float()),
  );

function model(batch: number | string, build: (b: Builder, x: Value, c: (t: Tensor) => Value) => Value): Graph {
  const graph = new Graph('network', canonicalOpset);
  const x = graph.input('x', 'float32', [batch, 3, 8, 8]);
  const b = new Builder(graph);
  graph.outputs = [build(b, x, (tensor) => graph.initializer('c', tensor))];
  graph.metadata.set('labels', '["a", "b"]');
  return graph;
}

/** Convolutions, a batch norm, a residual sum, a depthwise layer, pools, a classifier. */
const classifier = model('N', (b, x, c) => {
  const vectors = [positive(4), normal(4), normal(4), positive(4)].map(c);
  const conv = b.op('Conv', [x, c(normal(4, 3, 3, 3)), c(normal(4))], {
    pads: ints([1, 1, 1, 1]),
    strides: ints([2, 2]),
  });
  const first = b.op('Relu', [b.op('BatchNormalization', [conv, ...vectors])]);
  const depthwise = b.op('Conv', [first, c(normal(4, 1, 3, 3))], { group: int(4), pads: ints([1, 1, 1, 1]) });
  const clipped = b.op('Clip', [depthwise, c(f32([], [0])), c(f32([], [6]))]);
  const sum = b.op('Add', [first, b.op('Conv', [clipped, c(normal(4, 4, 1, 1))])]);
  const pooled = b.op('MaxPool', [sum], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
  const flat = b.op('Flatten', [b.op('GlobalAveragePool', [pooled])], { axis: int(1) });
  return b.op('Softmax', [b.op('Gemm', [flat, c(normal(2, 4)), c(normal(2))], { transB: int(1) })], { axis: int(-1) });
});

/** What exporters write around shapes, and moving of elements. */
const shapes = model(1, (b, x, c) => {
  const sliced = b.op('Slice', [
    x,
    ...[
      [0, 1],
      [8, 7],
      [2, 3],
      [1, 2],
    ].map((v) => c(i64(v))),
  ]);
  const padded = b.op('Pad', [sliced, c(i64([0, 0, 1, 1, 0, 0, 1, 2])), c(f32([], [0.5]))]);
  const size = b.op('Gather', [b.op('Shape', [padded]), c(i64([0], []))], { axis: int(0) });
  const shape = b.op('Concat', [b.op('Unsqueeze', [size, c(i64([0]))]), c(i64([-1]))], { axis: int(0) });
  const rows = b.op('Reshape', [padded, shape]);
  const [left, right] = b.node('Split', [rows, c(i64([60, 120]))], { axis: int(1) }, ['left', 'right']).outputs;
  const joined = b.op('Concat', [right!, left!], { axis: int(1) });
  const filled = b.op('ConstantOfShape', [c(i64([1, 180]))]);
  const expanded = b.op('Expand', [c(normal(1, 1)), c(i64([1, 180]))]);
  return b.op('Sum', [joined, filled, expanded]);
});

/** Functions of single elements, and constants that are computed. */
const functions = model(1, (b, x, c) => {
  let y = b.op('Mul', [x, b.op('Neg', [c(normal(1, 3, 1, 1))])]);
  for (const op of [
    'Sigmoid',
    'Tanh',
    'HardSigmoid',
    'HardSwish',
    'LeakyRelu',
    'Elu',
    'Exp',
    'Abs',
    'Sqrt',
    'Softplus',
  ]) {
    y = b.op(op, [y]);
  }
  y = b.op('Div', [y, c(positive(1))]);
  y = b.op('Max', [b.op('Min', [y, c(f32([], [4]))]), c(f32([], [-4]))]);
  const transposed = b.op('Transpose', [y], { perm: ints([0, 2, 3, 1]) });
  const back = b.op('Transpose', [transposed], { perm: ints([0, 3, 1, 2]) });
  const mean = b.op('ReduceMean', [back, c(i64([2, 3]))], { keepdims: int(0) });
  return b.op('Gemm', [mean, c(normal(3, 2))], { alpha: float(0.5) });
});

/** Packed ternary weights. */
const ternary = model(1, (b, x, c) => {
  const trits = f32(
    [5, 3, 2, 2],
    Float32Array.from({ length: 60 }, () => random.int(3) - 1),
  );
  const conv = b.op('Conv', [x, c(trits)], { dilations: ints([2, 2]) });
  const pooled = b.op('AveragePool', [conv], { kernel_shape: ints([3, 3]), ceil_mode: int(1), strides: ints([2, 2]) });
  return b.op('Relu', [pooled]);
});

/** 8-bit activations between scales. */
const quantized = model(1, (b, x, c) => {
  const [scale, zero] = [c(f32([], [0.05])), c({ dtype: 'uint8', dims: [], data: Uint8Array.of(128) })];
  const around = (v: Value) => b.op('DequantizeLinear', [b.op('QuantizeLinear', [v, scale, zero]), scale, zero]);
  const weights = c({ dtype: 'int8', dims: [4, 3, 1, 1], data: Int8Array.from({ length: 12 }, (_, i) => i * 9 - 50) });
  const w = b.op(
    'DequantizeLinear',
    [weights, c(positive(4)), c({ dtype: 'int8', dims: [4], data: new Int8Array(4) })],
    {
      axis: int(0),
    },
  );
  return around(b.op('Relu', [b.op('Conv', [around(x), w])]));
});

/** The files of all. */
export async function modelFiles(): Promise<Uint8Array[]> {
  const packed = await exportOnnx(ternary);
  const half = await exportOnnx(classifier, { filters: 'fp16' });
  return [classifier, shapes, functions, ternary, quantized, packed, half].map((graph) => writeModel(graph));
}
