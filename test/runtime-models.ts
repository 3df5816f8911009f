/** Small files with most of what the runtime does in them, for tests of sessions and of damage. */

import { f32, float, i64, int, ints, Random, type Tensor } from '../src/ir/index.ts';
import { normal } from './evaluate.ts';
import { f32Type, modelBytes, node } from './onnx-model.ts';

const scalar = (dtype: 'uint8', value: number): Tensor => ({ dtype, dims: [], data: Uint8Array.of(value) });
const int8 = (dims: number[], seed: number): Tensor => {
  const random = new Random(seed, 'int8');
  return {
    dtype: 'int8',
    dims,
    data: Int8Array.from({ length: dims.reduce((a, b) => a * b) }, () => random.int(255) - 127),
  };
};

/** Floats: windows, bounds, a bank, movement, packed trits. */
export const floatModel = modelBytes({
  opset: 17,
  inputs: { x: f32Type('N', 3, 6, 5) },
  initializers: {
    w: normal(1, [4, 3, 3, 3]),
    b: normal(2, [4]),
    d: normal(3, [4, 1, 3, 3]),
    table: f32([3, 2], [-1, 0, 1, 1, 0, -1]),
    codes: { dtype: 'uint8', dims: [5], data: Uint8Array.of(0, 1, 2, 1, 0) },
    packed: i64([10]),
    zero: i64([0]),
    eight: i64([8]),
    ternary: i64([2, 4, 1, 1]),
    row: i64([0, -1]),
    low: f32([], [0]),
    high: f32([], [6]),
    pads: i64([0, 0, 1, 1, 0, 0, 1, 1]),
    g: normal(4, [6, 3]),
  },
  nodes: [
    node('Pad', ['x', 'pads'], ['padded']),
    node('Conv', ['padded', 'w', 'b'], ['c'], { kernel_shape: ints([3, 3]), strides: ints([1, 1]) }),
    node('Clip', ['c', 'low', 'high'], ['r']),
    node('Conv', ['r', 'd'], ['e'], { group: int(4), pads: ints([1, 1, 1, 1]), dilations: ints([1, 1]) }),
    node('Cast', ['codes'], ['indices'], { to: int(6) }),
    node('Gather', ['table', 'indices'], ['rows']),
    node('Reshape', ['rows', 'packed'], ['flat']),
    node('Slice', ['flat', 'zero', 'eight'], ['trits']),
    node('Reshape', ['trits', 'ternary'], ['t']),
    node('Conv', ['e', 't'], ['f']),
    node('Concat', ['e', 'f'], ['bank'], { axis: int(1) }),
    node('MaxPool', ['bank'], ['m'], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }),
    node('HardSigmoid', ['m'], ['h'], { alpha: float(0.2) }),
    node('Mul', ['m', 'h'], ['swish']),
    node('GlobalAveragePool', ['swish'], ['pool']),
    node('Reshape', ['pool', 'row'], ['features']),
    node('Gemm', ['features', 'g'], ['scores']),
    node('Softmax', ['scores'], ['y'], { axis: int(-1) }),
  ],
  outputs: { y: f32Type('N', 3) },
});

/** Integers: quantization around a first and a depthwise layer, a sum and a pool. */
export const integerModel = modelBytes({
  opset: 17,
  inputs: { x: f32Type(1, 2, 5, 5) },
  initializers: {
    s: f32([], [0.05]),
    z: scalar('uint8', 100),
    w: int8([3, 2, 3, 3], 1),
    ws: f32([3], [0.01, 0.02, 0.03]),
    b: { dtype: 'int32', dims: [3], data: Int32Array.of(100, -50, 7) },
    bs: f32([3], [0.0005, 0.001, 0.0015]),
    d: int8([3, 1, 3, 3], 2),
  },
  nodes: [
    node('QuantizeLinear', ['x', 's', 'z'], ['xq']),
    node('DequantizeLinear', ['xq', 's', 'z'], ['xf']),
    node('DequantizeLinear', ['w', 'ws'], ['wf'], { axis: int(0) }),
    node('DequantizeLinear', ['b', 'bs'], ['bf'], { axis: int(0) }),
    node('Conv', ['xf', 'wf', 'bf'], ['c'], { pads: ints([1, 1, 1, 1]) }),
    node('Relu', ['c'], ['r']),
    node('QuantizeLinear', ['r', 's', 'z'], ['rq']),
    node('DequantizeLinear', ['rq', 's', 'z'], ['rf']),
    node('DequantizeLinear', ['d', 'ws'], ['df'], { axis: int(0) }),
    node('Conv', ['rf', 'df'], ['e'], { group: int(3), pads: ints([1, 1, 1, 1]) }),
    node('QuantizeLinear', ['e', 's', 'z'], ['eq']),
    node('DequantizeLinear', ['eq', 's', 'z'], ['ef']),
    node('Add', ['ef', 'rf'], ['a']),
    node('QuantizeLinear', ['a', 's', 'z'], ['aq']),
    node('DequantizeLinear', ['aq', 's', 'z'], ['af']),
    node('GlobalAveragePool', ['af'], ['p']),
    node('QuantizeLinear', ['p', 's', 'z'], ['pq']),
    node('DequantizeLinear', ['pq', 's', 'z'], ['y']),
  ],
  outputs: { y: undefined },
});
