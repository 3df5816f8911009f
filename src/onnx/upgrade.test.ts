import { describe, expect, it } from 'vitest';
import { f32Type, type ModelInit, modelBytes, node } from '../../test/onnx-model.ts';
import { type Attributes, f32, float, floats, i64, int, ints, printGraph, str, type TensorType } from '../ir/index.ts';
import { refuseTraining } from '../ops/arithmetic/training.ts';
import { readModel } from './read.ts';

const read = (init: ModelInit) =>
  readModel(modelBytes({ inputs: { x: f32Type(2, 3, 4) }, outputs: { y: undefined }, ...init }), { name: 'm.onnx' });

/** The graph's constants and nodes after upgrading one node of `opset`, reading x and writing y. */
function upgraded(opset: number, op: string, attributes: Attributes = {}, x: TensorType = f32Type(2, 3, 4)): string {
  const text = printGraph(read({ opset, inputs: { x }, nodes: [node(op, ['x'], ['y'], attributes)] }));
  return text.split('\n').slice(2, -2).join('\n');
}

describe('attributes that became inputs', () => {
  it.each<[number, string, Attributes, string]>([
    [
      10,
      'Clip',
      { min: float(0), max: float(6) },
      `  const Clip_y_min: float32[] 0
  const Clip_y_max: float32[] 6
  y: ? = Clip(x, Clip_y_min, Clip_y_max)`,
    ],
    [9, 'Clip', { max: float(6) }, '  const Clip_y_max: float32[] 6\n  y: ? = Clip(x, _, Clip_y_max)'],
    [9, 'Clip', {}, '  y: ? = Clip(x)'],
    [
      11,
      'Dropout',
      { ratio: float(0.25) },
      '  const Dropout_y_ratio: float32[] 0.25\n  y: ? = Dropout(x, Dropout_y_ratio)',
    ],
    [
      10,
      'Pad',
      { pads: ints([0, 0, 1, 0, 0, 1]), value: float(2), mode: str('constant') },
      `  const Pad_y_pads: int64[6] {0, 0, 1, 0, 0, 1}
  const Pad_y_value: float32[] 2
  y: ? = Pad(x, Pad_y_pads, Pad_y_value) {mode="constant"}`,
    ],
    [
      9,
      'Pad',
      { pads: ints([0, 0, 1, 0, 0, 1]), mode: str('reflect') },
      `  const Pad_y_pads: int64[6] {0, 0, 1, 0, 0, 1}
  y: ? = Pad(x, Pad_y_pads) {mode="reflect"}`,
    ],
    [
      9,
      'Slice',
      { starts: ints([0, 1]), ends: ints([2, -1]) },
      `  const Slice_y_starts: int64[2] {0, 1}
  const Slice_y_ends: int64[2] {2, -1}
  const Slice_y_axes: int64[2] {0, 1}
  y: ? = Slice(x, Slice_y_starts, Slice_y_ends, Slice_y_axes)`,
    ],
    [
      17,
      'ReduceMean',
      { axes: ints([1, -1]), keepdims: int(0) },
      '  const ReduceMean_y_axes: int64[2] {1, -1}\n  y: ? = ReduceMean(x, ReduceMean_y_axes) {keepdims=0}',
    ],
    [
      12,
      'ReduceSum',
      { axes: ints([1]) },
      '  const ReduceSum_y_axes: int64[1] {1}\n  y: ? = ReduceSum(x, ReduceSum_y_axes)',
    ],
    [12, 'ReduceMax', {}, '  y: ? = ReduceMax(x)'],
    [12, 'Squeeze', { axes: ints([0]) }, '  const Squeeze_y_axes: int64[1] {0}\n  y: ? = Squeeze(x, Squeeze_y_axes)'],
    [9, 'Squeeze', {}, '  y: ? = Squeeze(x)'],
    [
      12,
      'Unsqueeze',
      { axes: ints([0]) },
      '  const Unsqueeze_y_axes: int64[1] {0}\n  y: ? = Unsqueeze(x, Unsqueeze_y_axes)',
    ],
    [
      12,
      'Split',
      { split: ints([3]), axis: int(1) },
      '  const Split_y_split: int64[1] {3}\n  y: ? = Split(x, Split_y_split) {axis=1}',
    ],
    [17, 'Split', { axis: int(1) }, '  y: ? = Split(x) {axis=1, num_outputs=1}'],
    [9, 'TopK', { k: int(2), axis: int(1) }, '  const TopK_y_k: int64[1] {2}\n  y: ? = TopK(x, TopK_y_k) {axis=1}'],
    [12, 'Cast', { to: str('DOUBLE') }, '  y: ? = Cast(x) {to=11}'],
    [19, 'GridSample', { mode: str('bicubic') }, '  y: ? = GridSample(x) {mode="cubic"}'],
    [20, 'ReduceMean', { keepdims: int(0) }, '  y: ? = ReduceMean(x) {keepdims=0}'],
    [20, 'Softmax', {}, '  y: ? = Softmax(x)'],
  ])('opset %i %s %j', (opset, op, attributes, text) => {
    expect(upgraded(opset, op, attributes)).toBe(text);
  });

  it('gives bounds the element type of the data', () => {
    const double: TensorType = { dtype: 'float64', shape: [2] };
    expect(upgraded(10, 'Clip', { min: float(0) }, double)).toBe(`  const Clip_y_min: float32[] 0
  Clip_y_cast: ? = Cast(Clip_y_min) {to=11}
  y: ? = Clip(x, Clip_y_cast)`);
    const behind = [node('Relu', ['x'], ['r']), node('Clip', ['r'], ['y'], { min: float(0) })];
    expect(printGraph(read({ opset: 10, inputs: { x: double }, nodes: behind }))).toContain('Cast(Clip_y_min) {to=11}');
  });

  it('keeps INT64_MAX as the end of a slice', () => {
    const attribute = [
      { name: 'starts', type: 7, ints: [0n] },
      { name: 'ends', type: 7, ints: [2n ** 63n - 1n] },
    ];
    const graph = read({ nodes: [{ opType: 'Slice', input: ['x'], output: ['y'], attribute }] });
    expect(graph.value('Slice_y_ends').constant?.data[0]).toBe(BigInt(Number.MAX_SAFE_INTEGER));
  });
});

describe('Softmax before opset 13', () => {
  const plain = '  y: ? = Softmax(x) {axis=-1}';

  it('stays where its axis is the last', () => {
    expect(upgraded(9, 'Softmax', {}, f32Type('N', 10))).toBe(plain);
    expect(upgraded(12, 'Softmax', { axis: int(2) })).toBe(plain);
    expect(upgraded(11, 'Softmax', { axis: int(-1) }, { dtype: 'float32' })).toBe(plain);
  });

  it('knows the rank behind Flatten, Gemm and Reshape, and from its own output', () => {
    const relu = node('Relu', ['x'], ['h']);
    for (const before of [node('Flatten', ['x'], ['h']), node('Reshape', ['x', 's'], ['h'])]) {
      const nodes = [before, node('Softmax', ['h'], ['y'])];
      expect(read({ nodes, initializers: { s: i64([0, -1]) } }).nodes).toHaveLength(2);
    }
    const nodes = [relu, node('Softmax', ['h'], ['y'])];
    expect(read({ nodes, outputs: { y: f32Type('N', 4) } }).nodes).toHaveLength(2);
    expect(read({ nodes }).nodes).toHaveLength(5);
  });

  it('becomes rows elsewhere, under the same name and type', () => {
    const nodes = [node('LogSoftmax', ['x'], ['p']), node('Relu', ['p'], ['y'])];
    expect(
      printGraph(read({ nodes, graph: { valueInfo: [] }, outputs: { y: undefined, p: f32Type(2, 3, 4) } })),
    ).toBe(`graph g (opset 20)
  input x: float32[2, 3, 4]
  LogSoftmax_p_shape: ? = Shape(x)
  LogSoftmax_p_flatten: ? = Flatten(x) {axis=1}
  LogSoftmax_p_logsoftmax: ? = LogSoftmax(LogSoftmax_p_flatten) {axis=-1}
  p: float32[2, 3, 4] = Reshape(LogSoftmax_p_logsoftmax, LogSoftmax_p_shape)
  y: ? = Relu(p)
  output y
  output p
`);
  });
});

describe('outputs and operators that went away', () => {
  const statistics = { s: f32([3]), b: f32([3]), m: f32([3]), v: f32([3]) };
  const normalization = node('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y', 'm2', 'v2', 'm3', 'v3'], {
    spatial: int(1),
  });

  it('takes training outputs for training mode, and refuses saved statistics that are used', () => {
    const graph = read({ initializers: statistics, nodes: [normalization] });
    expect(graph.nodes[0]?.outputs.map((output) => output?.name)).toEqual(['y', 'm2', 'v2']);
    expect(graph.nodes[0]?.attributes).toEqual({ training_mode: int(1) });
    expect(graph.find('m3')).toBeUndefined();
    expect(() => refuseTraining(graph.nodes)).toThrow('expected a batch norm of inference, found one in training mode');
    expect(() => read({ initializers: statistics, nodes: [normalization], outputs: { m3: undefined } })).toThrow(
      "m.onnx: node 'BatchNormalization_y' (BatchNormalization): expected output 'm3' to be unused " +
        '(saved statistics of BatchNormalization before opset 14), found it in use',
    );
  });

  it('drops the unused mask of Dropout', () => {
    expect(read({ opset: 9, nodes: [node('Dropout', ['x'], ['y', 'mask'])] }).find('mask')).toBeUndefined();
    expect(() =>
      read({ opset: 9, nodes: [node('Dropout', ['x'], ['y', 'mask']), node('Not', ['mask'], ['z'])] }),
    ).toThrow("expected output 'mask' to be unused");
    const used = [node('Dropout', ['x'], ['y', 'mask']), node('Not', ['mask'], ['z'])];
    expect(read({ opset: 10, nodes: used }).find('mask')).toBeDefined();
  });

  it('replaces Upsample, Resize-10 and Scatter', () => {
    const initializers = { k: f32([3], [1, 1, 2]) };
    const attributes = { mode: str('nearest') };
    const line = (opset: number, op: string) =>
      printGraph(read({ opset, initializers, nodes: [node(op, ['x', 'k'], ['y'], attributes)] }))
        .split('\n')
        .at(-3);
    const resize =
      '  y: ? = Resize(x, _, k) {coordinate_transformation_mode="asymmetric", mode="nearest", nearest_mode="floor"}';
    expect(line(9, 'Upsample')).toBe(resize);
    expect(line(10, 'Resize')).toBe(resize);
    expect(line(10, 'Scatter')).toBe('  y: ? = ScatterElements(x, k) {mode="nearest"}');
  });

  it('leaves other domains alone', () => {
    const graph = read({ opset: 9, nodes: [node('my.Clip', ['x'], ['y'], { min: float(0), z: floats([1]) })] });
    expect(graph.nodes[0]?.attributes).toEqual({ min: float(0), z: floats([1]) });
  });
});

describe('files newer than the canonical opset', () => {
  const scale = { s: f32([], [0.5]) };
  const quantize = (attributes: Attributes) =>
    printGraph(
      read({ opset: 21, initializers: scale, nodes: [node('QuantizeLinear', ['x', 's'], ['y'], attributes)] }),
    );

  it('says output_dtype by the zero point', () => {
    expect(quantize({ output_dtype: int(3), block_size: int(0) })).toBe(`graph g (opset 20)
  input x: float32[2, 3, 4]
  const s: float32[] 0.5
  const QuantizeLinear_y_zero_point: int8[] 0
  y: ? = QuantizeLinear(x, s, QuantizeLinear_y_zero_point)
  output y
`);
    expect(quantize({})).toContain('y: ? = QuantizeLinear(x, s)\n');
  });

  it('says Swish by a Sigmoid', () => {
    expect(upgraded(24, 'Swish', { alpha: float(2) })).toBe(`  const Swish_y_alpha: float32[] 2
  Swish_y_mul: ? = Mul(x, Swish_y_alpha)
  Swish_y_sigmoid: ? = Sigmoid(Swish_y_mul)
  y: ? = Mul(x, Swish_y_sigmoid)`);
  });

  it.each<[number, string, Attributes, string]>([
    [21, 'QuantizeLinear', { output_dtype: int(4) }, 'expected quantization to uint8 or int8, found uint16'],
    [21, 'QuantizeLinear', { block_size: int(32) }, 'expected attribute block_size 0, found 32'],
    [
      23,
      'DequantizeLinear',
      { output_dtype: int(10) },
      'expected the output type of the scale, float32, found float16',
    ],
    [23, 'RMSNormalization', {}, 'expected an operator of opset 20, found one of opset 23'],
  ])('refuses opset %i %s %j', (opset, op, attributes, message) => {
    const action = () => read({ opset, initializers: scale, nodes: [node(op, ['x', 's'], ['y'], attributes)] });
    const expected = { code: 'E_UNSUPPORTED', message: `m.onnx: node '${op}_y' (${op}): ${message}` };
    expect(action).toThrow(expect.objectContaining(expected));
  });
});
