/** Reference semantics and shape inference of every operator against ONNX Runtime. */

import { describe, expect, it } from 'vitest';
import { f32, float, i64, int, ints, scalar, str, tensorAttribute } from '../../src/ir/index.ts';
import { opTypes } from '../../src/ops/names.ts';
import { agrees, covered, noise, positive, tensor } from './reference-helper.ts';

const x = noise([2, 3, 4]);
const halves = f32([9], [-2.5, -1.5, -0.5, -0.3, 0, 0.5, 1.5, 2.5, 3.7]);
const bools = (values: readonly number[], dims?: readonly number[]) => tensor('bool', values, dims);

describe('elementwise', () => {
  const anywhere = ['Abs', 'Ceil', 'Erf', 'Exp', 'Floor', 'Identity', 'Neg', 'Relu', 'Round', 'Sigmoid', 'Sign'];
  for (const op of [
    ...anywhere,
    'Celu',
    'Elu',
    'Gelu',
    'HardSigmoid',
    'Mish',
    'Selu',
    'Softsign',
    'HardSwish',
    'LeakyRelu',
    'Softplus',
    'Tanh',
  ]) {
    agrees('of any number', op, [x]);
    agrees('of halves', op, [halves]);
  }
  for (const op of ['Log', 'Sqrt', 'Reciprocal']) agrees('of positive numbers', op, [positive([3, 5])]);
  agrees('of a scalar', 'Exp', [scalar(0.5)]);
  agrees('of integers', 'Abs', [tensor('int64', [-3, 0, 5])]);
  agrees('of integers', 'Neg', [tensor('int32', [-3, 0, 5])]);
  agrees('by tanh', 'Gelu', [x], { approximate: str('tanh') });
  agrees('with its parameters', 'HardSigmoid', [x], { alpha: float(0.3), beta: float(0.1) });
  agrees('with its slope', 'LeakyRelu', [x], { alpha: float(0.2) });
  agrees('with its parameter', 'Celu', [x], { alpha: float(0.7) });
  agrees('with its parameters', 'Selu', [x], { alpha: float(1.2), gamma: float(0.7) });
  agrees('with its parameter', 'Elu', [x], { alpha: float(0.7) });
  agrees('of large arguments', 'Softplus', [f32([3], [-100, 0, 100])]);
  agrees('of large arguments', 'Sigmoid', [f32([3], [-100, 0, 100])]);
  agrees('of large arguments', 'Erf', [f32([4], [-7, -3, 2.5, 9])]);

  for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'PRelu']) {
    agrees('of one shape', op, [x, noise([2, 3, 4], 1)]);
    agrees('with a row', op, [x, noise([4], 1)]);
    agrees('with a column', op, [x, noise([3, 1], 1)]);
    agrees('with a scalar', op, [x, scalar(0.7)]);
  }
  for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min']) {
    agrees('that both broadcast', op, [noise([2, 1, 4]), noise([3, 1], 1)]);
    agrees('of integers', op, [tensor('int64', [-7, 7, 9]), tensor('int64', [2, -2, 4])]);
  }
  agrees('of integers', 'Mod', [tensor('int64', [-7, 7, 9, -9]), tensor('int64', [2, -2, 4, 3])]);
  agrees('of floats', 'Mod', [noise([5]), noise([5], 1)], { fmod: int(1) });
  agrees('of three', 'Max', [noise([3]), noise([2, 1], 1), noise([2, 3], 2)]);
  agrees('of one', 'Min', [x]);
  agrees('of three', 'Sum', [noise([3]), noise([2, 1], 1), noise([2, 3], 2)]);
  agrees('of positive bases', 'Pow', [positive([2, 3]), noise([3], 1)]);
  agrees('with an integer exponent', 'Pow', [noise([2, 3]), tensor('int64', [2, 3, 0])]);
  for (const op of ['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal']) {
    agrees('with ties', op, [f32([4], [1, 2, 3, 2]), f32([2, 1], [2, 3])]);
    agrees('of integers', op, [tensor('int64', [1, 2, 3]), tensor('int64', [3, 2, 1])]);
  }
  for (const op of ['And', 'Or', 'Xor']) agrees('of a truth table', op, [bools([0, 1]), bools([0, 1], [2, 1])]);
  agrees('of both', 'Not', [bools([0, 1])]);
  agrees('that broadcasts', 'Where', [bools([1, 0, 1], [3, 1]), noise([2]), noise([2, 3, 2], 1)]);
  agrees('of integers', 'Where', [bools([1, 0]), tensor('int64', [1, 2]), tensor('int64', [3])]);
  agrees('between bounds', 'Clip', [x, scalar(-0.5), scalar(0.5)]);
  agrees('below only', 'Clip', [x, undefined, scalar(0.5)]);
  agrees('without bounds', 'Clip', [x]);
  for (const [to, name] of Object.entries({ 6: 'int32', 7: 'int64', 9: 'bool', 10: 'half', 11: 'double', 3: 'int8' })) {
    agrees(`to ${name}`, 'Cast', [halves], { to: int(Number(to)) });
  }
  agrees('of extreme values to half', 'Cast', [f32([5], [1e-7, 6e-5, 65519, 65520, 1.0009])], { to: int(10) });
  agrees('of integers', 'Cast', [tensor('int64', [-1, 0, 300])], { to: int(1) });
  agrees('of integers to bool', 'Cast', [tensor('int32', [-1, 0, 300])], { to: int(9) });
});

describe('reductions', () => {
  const reductions = ['ReduceL2', 'ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceProd', 'ReduceSum', 'ReduceSumSquare'];
  for (const op of reductions) {
    agrees('of everything', op, [x], { keepdims: int(0) });
    agrees('over the ends', op, [x, i64([0, -1])]);
    agrees('over the middle', op, [x, i64([1])], { keepdims: int(0) });
    agrees('over nothing', op, [x], { noop_with_empty_axes: int(1) });
  }
  agrees('of integers', 'ReduceSum', [tensor('int64', [1, 2, 3, 4], [2, 2]), i64([0])]);
  agrees('of integers', 'ReduceProd', [tensor('int64', [1, 2, 3, 4])], { keepdims: int(0) });
  agrees('of rows', 'ArgMax', [x], { axis: int(-1) });
  agrees('of columns', 'ArgMax', [x], { axis: int(1), keepdims: int(0) });
  agrees('with ties', 'ArgMax', [f32([2, 3], [1, 2, 2, 3, 3, 1])], { axis: int(1) });
  agrees('with ties, last', 'ArgMax', [f32([2, 3], [1, 2, 2, 3, 3, 1])], { axis: int(1), select_last_index: int(1) });
});

describe('matrix products', () => {
  agrees('of matrices', 'MatMul', [noise([3, 4]), noise([4, 5], 1)]);
  agrees('of batches that broadcast', 'MatMul', [noise([2, 1, 3, 4]), noise([5, 4, 2], 1)]);
  agrees('of a row and a matrix', 'MatMul', [noise([4]), noise([2, 4, 5], 1)]);
  agrees('of a matrix and a column', 'MatMul', [noise([2, 3, 4]), noise([4], 1)]);
  agrees('of vectors', 'MatMul', [noise([4]), noise([4], 1)]);
  agrees('alone', 'Gemm', [noise([3, 4]), noise([4, 5], 1)]);
  agrees('with a row', 'Gemm', [noise([3, 4]), noise([5, 4], 1), noise([5], 2)], { transB: int(1) });
  const scaled = { transA: int(1), alpha: float(0.3), beta: float(-1.7) };
  agrees('with a column', 'Gemm', [noise([4, 3]), noise([4, 5], 1), noise([3, 1], 2)], scaled);
  agrees('of transposed matrices', 'Gemm', [noise([4, 3]), noise([5, 4], 1)], { transA: int(1), transB: int(1) });
});

describe('convolutions', () => {
  const image = noise([2, 4, 6, 5]);
  agrees('pointwise', 'Conv', [image, noise([3, 4, 1, 1], 1), noise([3], 2)]);
  const same = { pads: ints([1, 1, 1, 1]), strides: ints([2, 1]), kernel_shape: ints([3, 3]) };
  agrees('padded and strided', 'Conv', [image, noise([3, 4, 3, 3], 1)], same);
  agrees('depthwise', 'Conv', [image, noise([4, 1, 3, 3], 1), noise([4], 2)], {
    group: int(4),
    pads: ints([1, 1, 1, 1]),
  });
  const dilated = { group: int(2), dilations: ints([2, 1]), pads: ints([2, 0, 1, 1]) };
  agrees('grouped, dilated, unevenly padded', 'Conv', [image, noise([6, 2, 3, 2], 1)], dilated);
  for (const mode of ['SAME_UPPER', 'SAME_LOWER', 'VALID']) {
    agrees(mode, 'Conv', [image, noise([3, 4, 3, 2], 1)], { auto_pad: str(mode), strides: ints([2, 2]) });
  }
  agrees('along one axis', 'Conv', [noise([1, 2, 7]), noise([3, 2, 3], 1)], { strides: ints([2]) });
  agrees('along three axes', 'Conv', [noise([1, 2, 3, 4, 3]), noise([2, 2, 2, 2, 2], 1)]);
  const small = noise([2, 4, 3, 2]);
  agrees('plain', 'ConvTranspose', [small, noise([4, 3, 3, 3], 1), noise([3], 2)]);
  const grown = { strides: ints([2, 3]), pads: ints([1, 0, 1, 1]), output_padding: ints([1, 0]), group: int(2) };
  agrees('strided, cropped, grouped', 'ConvTranspose', [small, noise([4, 3, 3, 3], 1)], grown);
  agrees('dilated', 'ConvTranspose', [small, noise([4, 3, 2, 2], 1)], { dilations: ints([2, 1]) });
  const wanted = { strides: ints([2, 2]), output_shape: ints([6, 4]) };
  agrees('to a shape', 'ConvTranspose', [small, noise([4, 3, 3, 3], 1)], wanted);
  for (const mode of ['SAME_UPPER', 'SAME_LOWER']) {
    agrees(mode, 'ConvTranspose', [small, noise([4, 3, 3, 3], 1)], { auto_pad: str(mode), strides: ints([2, 2]) });
  }
});

describe('pools', () => {
  const image = noise([2, 3, 6, 5]);
  const kernel = { kernel_shape: ints([3, 2]) };
  const padded = { ...kernel, pads: ints([1, 0, 1, 1]), strides: ints([2, 2]) };
  for (const op of ['AveragePool', 'MaxPool']) {
    agrees('plain', op, [image], kernel);
    agrees('padded and strided', op, [image], padded);
    agrees('rounded up', op, [image], { ...padded, ceil_mode: int(1) });
    agrees('rounded up beyond the padding', op, [noise([1, 1, 4, 4])], {
      kernel_shape: ints([3, 3]),
      strides: ints([2, 2]),
      ceil_mode: int(1),
    });
    agrees('dilated', op, [image], { ...kernel, dilations: ints([2, 2]) });
    for (const mode of ['SAME_UPPER', 'SAME_LOWER', 'VALID']) {
      const automatic = { ...kernel, strides: ints([2, 2]), auto_pad: str(mode) };
      agrees(mode, op, [image], automatic);
      agrees(`${mode}, rounded up`, op, [image], { ...automatic, ceil_mode: int(1) });
    }
    agrees('along one axis', op, [noise([2, 2, 7])], { kernel_shape: ints([3]) });
  }
  agrees('with positions', 'MaxPool', [image], padded, { outputs: 2 });
  agrees('over the padding', 'AveragePool', [image], { ...padded, count_include_pad: int(1) });
  agrees('over the padding, rounded up', 'AveragePool', [noise([1, 1, 6, 6])], {
    kernel_shape: ints([3, 3]),
    strides: ints([2, 2]),
    pads: ints([1, 1, 0, 0]),
    ceil_mode: int(1),
    count_include_pad: int(1),
  });
  agrees('of images', 'GlobalAveragePool', [image]);
  agrees('of images', 'GlobalMaxPool', [image]);
});

describe('normalizations', () => {
  const channels = [noise([3], 1), noise([3], 2), noise([3], 3), positive([3], 4)];
  agrees('of images', 'BatchNormalization', [noise([2, 3, 4, 2]), ...channels]);
  agrees('of a matrix', 'BatchNormalization', [noise([4, 3]), ...channels], { epsilon: float(0.1) });
  agrees('over rows', 'LayerNormalization', [x, noise([4], 1), noise([4], 2)]);
  const two = { axis: int(1), epsilon: float(0.01) };
  agrees('over two axes', 'LayerNormalization', [x, noise([3, 4], 1)], two, { outputs: 3 });
  agrees('of columns', 'Softmax', [x], { axis: int(1) });
  agrees('of large numbers', 'Softmax', [f32([2, 2], [1000, 1001, -1000, 1000])]);
  agrees('of columns', 'LogSoftmax', [x], { axis: int(0) });
  agrees('of rows', 'LogSoftmax', [x]);
  agrees('in inference', 'Dropout', [x, scalar(0.5)], {}, { outputs: 2 });
});

describe('movement', () => {
  agrees('keeping and inferring', 'Reshape', [x, i64([0, -1])]);
  agrees('of nothing', 'Reshape', [f32([0, 3]), i64([3, 0])], { allowzero: int(1) });
  for (const axis of [0, 1, -1, 3]) agrees(`at ${axis}`, 'Flatten', [x], { axis: int(axis) });
  agrees('of given axes', 'Squeeze', [noise([1, 2, 1]), i64([-1])]);
  agrees('of all', 'Squeeze', [noise([1, 2, 1])]);
  agrees('at both ends', 'Unsqueeze', [noise([2, 3]), i64([-1, 0])]);
  agrees('reversed', 'Transpose', [x]);
  agrees('permuted', 'Transpose', [x], { perm: ints([1, 2, 0]) });
  agrees('to more axes', 'Expand', [noise([3, 1]), i64([2, 1, 4])]);
  agrees('to fewer axes', 'Expand', [x, i64([4])]);
  agrees('of a matrix', 'Tile', [noise([2, 3]), i64([2, 3])]);
  agrees('of integers', 'Tile', [tensor('int64', [1, 2]), i64([2])]);
  agrees('along the middle', 'Concat', [x, noise([2, 1, 4], 1), noise([2, 2, 4], 2)], { axis: int(1) });
  agrees('of integers', 'Concat', [i64([1]), i64([2, 3])], { axis: int(-1) });
  agrees('evenly', 'Split', [x], { axis: int(2), num_outputs: int(2) }, { outputs: 2 });
  agrees('with a smaller last part', 'Split', [x], { axis: int(1), num_outputs: int(2) }, { outputs: 2 });
  agrees('by sizes', 'Split', [x, i64([1, 0, 3])], { axis: int(-1) }, { outputs: 3 });
  agrees('of the first axes', 'Slice', [x, i64([0, 1]), i64([1, 3])]);
  agrees('by steps', 'Slice', [x, i64([-1, 0]), i64([-1000, 2 ** 31 - 1]), i64([2, 1]), i64([-2, 2])]);
  agrees('from the end', 'Slice', [x, i64([-3]), i64([-1]), i64([2])]);
  agrees('of nothing', 'Slice', [x, i64([3]), i64([1]), i64([2])]);
  agrees('with a constant', 'Pad', [x, i64([0, 1, 2, 1, 0, 0]), scalar(0.5)]);
  agrees('with zeros on one axis', 'Pad', [x, i64([1, 2]), undefined, i64([-1])]);
  agrees('that crops', 'Pad', [x, i64([0, -1, 1, 0, 0, -1])]);
  for (const mode of ['edge', 'reflect', 'wrap']) {
    agrees(mode, 'Pad', [x, i64([0, 2, 1, 1, 1, 3])], { mode: str(mode) });
  }
});

describe('images', () => {
  const image = noise([1, 8, 2, 3]);
  for (const mode of ['DCR', 'CRD']) agrees(mode, 'DepthToSpace', [image], { blocksize: int(2), mode: str(mode) });
  agrees('of blocks', 'SpaceToDepth', [noise([2, 3, 4, 6])], { blocksize: int(2) });
  agrees('per channel', 'InstanceNormalization', [noise([2, 3, 4, 5]), noise([3], 1), noise([3], 2)]);
  agrees('of rows', 'InstanceNormalization', [noise([2, 3, 5]), noise([3], 1), noise([3], 2)], { epsilon: float(0.1) });
  agrees('around each', 'LRN', [noise([2, 7, 3, 2])], { size: int(3), alpha: float(0.3) });
  const wide = { size: int(5), alpha: float(0.5), beta: float(0.6), bias: float(1.5) };
  agrees('with its parameters', 'LRN', [noise([1, 5, 3, 3])], wide);

  const picture = noise([1, 2, 4, 6]);
  const scales = [undefined, f32([4], [1, 1, 1.7, 0.6])] as const;
  const sizes = [undefined, undefined, i64([1, 2, 7, 3])] as const;
  const coordinates = ['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric'];
  for (const name of coordinates) {
    const mode = { coordinate_transformation_mode: str(name) };
    for (const kind of ['nearest', 'linear', 'cubic']) {
      agrees(`${kind}, ${name}, by scales`, 'Resize', [picture, ...scales], { mode: str(kind), ...mode });
      agrees(`${kind}, ${name}, to sizes`, 'Resize', [picture, ...sizes], { mode: str(kind), ...mode });
    }
  }
  for (const name of ['floor', 'ceil', 'round_prefer_ceil']) {
    agrees(name, 'Resize', [picture, ...scales], { mode: str('nearest'), nearest_mode: str(name) });
  }
  const twice = [undefined, f32([2], [2, 2])] as const;
  agrees('of some axes', 'Resize', [picture, ...twice], { mode: str('linear'), axes: ints([2, 3]) });
  const inner = { mode: str('cubic'), exclude_outside: int(1), cubic_coeff_a: float(-0.5) };
  agrees('without what is outside', 'Resize', [picture, ...scales], inner);
  for (const policy of ['not_larger', 'not_smaller']) {
    const kept = { mode: str('linear'), axes: ints([2, 3]), keep_aspect_ratio_policy: str(policy) };
    agrees(policy, 'Resize', [picture, undefined, undefined, i64([9, 9])], kept);
  }
});

describe('indexing', () => {
  agrees('by a matrix', 'Gather', [x, tensor('int64', [0, -1, 2, 1], [2, 2])], { axis: int(1) });
  agrees('by a scalar', 'Gather', [x, tensor('int32', [1], [])]);
  agrees('of shapes', 'Gather', [i64([5, 6, 7]), i64([-1, 0])]);
  const indices = tensor('int64', [0, 1, -1, 2, 0, 1], [2, 3, 1]);
  agrees('along the last axis', 'GatherElements', [x, indices], { axis: int(2) });
  agrees('along the first axis', 'GatherElements', [noise([3, 2]), tensor('int64', [2, 0], [1, 2])]);
  for (const reduction of ['none', 'add', 'mul', 'max', 'min']) {
    const attributes = { reduction: str(reduction) };
    agrees(reduction, 'ScatterElements', [x, indices, noise([2, 3, 1], 1)], { ...attributes, axis: int(-1) });
    agrees(reduction, 'ScatterND', [x, tensor('int64', [1, 2, 0, -1], [2, 2]), noise([2, 4], 1)], attributes);
  }
  agrees('of elements', 'ScatterND', [x, tensor('int64', [1, 2, 0], [1, 3]), noise([1], 1)]);
  agrees('last', 'OneHot', [i64([0, 2, -1]), i64([3], []), f32([2], [0, 1])]);
  agrees('first, out of range', 'OneHot', [i64([0, 2, 5]), i64([3], []), f32([2], [-1, 4])], { axis: int(0) });
  agrees('with a float depth', 'OneHot', [f32([2], [1, 0]), scalar(2), f32([2], [0, 1])]);
  agrees('of a matrix, in the middle', 'OneHot', [i64([0, 1, 2, 1], [2, 2]), i64([3], []), i64([5, 6])], {
    axis: int(1),
  });
});

describe('creation', () => {
  agrees('tensor', 'Constant', [], { value: tensorAttribute(x) });
  agrees('ints', 'Constant', [], { value_ints: ints([1, 2]) });
  agrees('float', 'Constant', [], { value_float: float(0.25) });
  agrees('of zeros', 'ConstantOfShape', [i64([2, 3])]);
  agrees('of integers', 'ConstantOfShape', [i64([2])], { value: tensorAttribute(i64([7])) });
  agrees('of a scalar', 'ConstantOfShape', [i64([])]);
  agrees('upward', 'Range', [i64([1], []), i64([8], []), i64([3], [])]);
  agrees('downward', 'Range', [scalar(1), scalar(-0.7), scalar(-0.5)]);
  agrees('whole', 'Shape', [x]);
  agrees('part', 'Shape', [x], { start: int(-2), end: int(-1) });
});

describe('quantization', () => {
  const perChannel = [f32([3], [0.1, 0.02, 0.05]), tensor('int8', [0, 3, -5])];
  agrees('to uint8', 'QuantizeLinear', [x, scalar(0.01)]);
  agrees('to int8, saturating', 'QuantizeLinear', [x, scalar(0.01), tensor('int8', [10], [])]);
  agrees('with ties', 'QuantizeLinear', [halves, scalar(1), tensor('int8', [1], [])]);
  agrees('per channel', 'QuantizeLinear', [x, ...perChannel], { axis: int(1) });
  agrees('of uint8', 'DequantizeLinear', [tensor('uint8', [0, 128, 255]), scalar(0.1), tensor('uint8', [128], [])]);
  agrees('of int32', 'DequantizeLinear', [tensor('int32', [-70000, 5]), scalar(0.1)]);
  const codes = tensor('int8', [-128, 5, 0, 1, 2, 127], [2, 3]);
  agrees('per channel', 'DequantizeLinear', [codes, ...perChannel], { axis: int(-1) });
});

it('covers every operator', () => {
  expect(opTypes.filter((op) => !covered.has(op))).toEqual([]);
});
