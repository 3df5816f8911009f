/**
 * Tiny random classifiers in the style of each exporter: its operator set, names, layout, and its ways to say the same
 * thing. They are files, so that the reader and the version rules take part. Written by hand after the
 * exporters' habits: none of them has run here.
 */

import {
  type Attributes,
  elementCount,
  f32,
  float,
  i64,
  int,
  ints,
  type Shape,
  str,
  type Tensor,
  tensorAttribute,
} from '../src/ir/index.ts';
import { normal } from './evaluate.ts';
import { f32Type, modelBytes, type NodeInit, node } from './onnx-model.ts';

export interface ExportedModel {
  readonly bytes: Uint8Array;
  /** Name and size of the input, for one image. */
  readonly input: string;
  readonly dims: readonly number[];
  readonly classes: number;
}

/** Collects nodes and initializers; every value is its name. */
class Writer {
  private readonly nodes: NodeInit[] = [];
  private readonly initializers: Record<string, Tensor> = {};

  constructor(
    private readonly producer: string,
    private readonly opset: number,
  ) {}

  /** A node with one output, called `name`. */
  op(op: string, inputs: string[], attributes: Attributes = {}, name = this.fresh(op), output = `${name}:0`): string {
    this.nodes.push({ ...node(op, inputs, [output], attributes), name });
    return output;
  }

  fresh(base: string): string {
    return `${base}_${this.nodes.length}`;
  }

  /** A random initializer; `deviation` is that of its elements. */
  weight(name: string, dims: readonly number[], deviation = Math.sqrt(2 / (elementCount(dims) / dims[0]!))): string {
    const random = normal(this.opset, dims, name);
    return this.constant(
      name,
      f32(
        dims,
        random.data.map((v) => v * deviation),
      ),
    );
  }

  constant(name: string, tensor: Tensor): string {
    this.initializers[name] = tensor;
    return name;
  }

  /** A Constant node. */
  constantNode(tensor: Tensor, name = this.fresh('Constant')): string {
    return this.op('Constant', [], { value: tensorAttribute(tensor) }, name);
  }

  /** The four vectors of a batch norm, as random as training leaves them, and the node. */
  batchNorm(name: string, x: string, channels: number): string {
    const [scale, shift, mean, spread] = [1, 2, 3, 4].map((i) => normal(i, [channels], name).data.map((v) => 0.3 * v));
    const vector = (part: string, values: Float32Array) => this.constant(`${name}/${part}`, f32([channels], values));
    const inputs = [
      vector(
        'gamma',
        scale!.map((v) => 1 + v),
      ),
      vector('beta', shift!),
      vector('moving_mean', mean!),
      vector(
        'moving_variance',
        spread!.map((v) => 0.5 + v * v),
      ),
    ];
    return this.op('BatchNormalization', [x, ...inputs], { epsilon: float(1e-3) }, name);
  }

  /** The file, with the value `from` as its output under the name `output`. */
  finish(input: readonly [name: string, shape: Shape], from: string, output: readonly [name: string, shape: Shape]) {
    this.rename(from, output[0]);
    const bytes = modelBytes({
      opset: this.opset,
      inputs: { [input[0]]: f32Type(...input[1]) },
      initializers: this.initializers,
      nodes: this.nodes,
      outputs: { [output[0]]: f32Type(...output[1]) },
      model: { irVersion: 8n, producerName: this.producer },
    });
    const dims = input[1].map((d, i) => (i === 0 || typeof d !== 'number' ? 1 : d));
    return { bytes, input: input[0], dims, classes: output[1].at(-1) as number };
  }

  private rename(from: string, to: string): void {
    for (const [i, { input, output }] of this.nodes.entries()) {
      const other = (name: string | Uint8Array) => (name === from ? to : name) as string;
      this.nodes[i] = { ...this.nodes[i], input: (input ?? []).map(other), output: (output ?? []).map(other) };
    }
  }
}

const window = (kernel: number, stride = 1, pad = kernel >> 1): Attributes => ({
  dilations: ints([1, 1]),
  kernel_shape: ints([kernel, kernel]),
  pads: ints([pad, pad, pad, pad]),
  strides: ints([stride, stride]),
});

/**
 * PyTorch's exporter, opset 17: MobileNet-V3 with batch norms folded, activations as operators, squeeze-and-excite, equal
 * initializers shared through Identity.
 */
export function pytorchMobileNetV3(): ExportedModel {
  const w = new Writer('pytorch', 17);
  const conv = (path: string, x: string, [filters, inputs]: [number, number], attributes = window(1), group = 1) => {
    const { value: kernel } = attributes.kernel_shape as { readonly value: readonly number[] };
    const weight = w.weight(`onnx::Conv_${path}_weight`, [filters, inputs / group, ...kernel]);
    const bias = w.weight(`onnx::Conv_${path}_bias`, [filters], 0.1);
    return w.op('Conv', [x, weight, bias], { ...attributes, group: int(group) }, `/${path}/Conv`);
  };
  const swish = (path: string, x: string) => w.op('HardSwish', [x], {}, `/${path}/HardSwish`);

  const stem = swish('features.0', conv('features.0', 'input', [8, 3], window(3, 2)));
  const expanded = swish('block.0', conv('block.0', stem, [16, 8]));
  const deep = swish('block.1', conv('block.1', expanded, [16, 16], window(5, 1), 16));
  const pooled = w.op('GlobalAveragePool', [deep], {}, '/block.2/avgpool/GlobalAveragePool');
  const squeezed = w.op('Relu', [conv('block.2.fc1', pooled, [8, 16])], {}, '/block.2/activation/Relu');
  const scale = w.op('HardSigmoid', [conv('block.2.fc2', squeezed, [16, 8])], { alpha: float(1 / 6) });
  const excited = w.op('Mul', [scale, deep], {}, '/block.2/Mul');
  const added = w.op('Add', [conv('block.3', excited, [8, 16]), stem], {}, '/block/Add');

  const last = swish('features.2', conv('features.2', added, [24, 8]));
  const features = w.op('Flatten', [w.op('GlobalAveragePool', [last], {}, '/avgpool')], { axis: int(1) }, '/Flatten');
  const zeros = w.constant('classifier.0.bias', f32([32]));
  const hidden = w.op(
    'Gemm',
    [features, w.weight('classifier.0.weight', [32, 24]), zeros],
    { transB: int(1) },
    '/c.0/Gemm',
  );
  const active = swish('c.1', hidden);
  const bias = w.op('Identity', [w.weight('classifier.3.bias', [10], 0.1)], {}, 'Identity_0');
  const logits = w.op(
    'Gemm',
    [active, w.weight('classifier.3.weight', [10, 32]), bias],
    { transB: int(1) },
    '/c.3/Gemm',
  );
  return w.finish(['input', ['batch_size', 3, 16, 16]], logits, ['output', ['batch_size', 10]]);
}

/**
 * PyTorch's older exporter, opset 11: batch norms kept, hard-swish as Add, Clip, Div and Mul with Constant nodes, a mean
 * over columns and then rows, a view whose shape is computed, Dropout, Gemm with alpha and beta.
 */
export function pytorchOldMobileNetV3(): ExportedModel {
  const w = new Writer('pytorch', 11);
  const conv = (name: string, x: string, [filters, inputs]: [number, number], attributes = window(1), group = 1) => {
    const { value: kernel } = attributes.kernel_shape as { readonly value: readonly number[] };
    const weight = w.weight(`${name}.weight`, [filters, inputs / group, ...kernel]);
    return w.batchNorm(`${name}.bn`, w.op('Conv', [x, weight], { ...attributes, group: int(group) }, name), filters);
  };
  const constant = (value: number) => w.constantNode(f32([], [value]));
  const sigmoid = (x: string) => {
    const clipped = w.op('Clip', [w.op('Add', [x, constant(3)]), constant(0), constant(6)]);
    return w.op('Div', [clipped, constant(6)]);
  };
  const swish = (x: string) => w.op('Mul', [x, sigmoid(x)]);

  const stem = swish(conv('Conv_0', 'input.1', [8, 3], window(3, 2)));
  const deep = w.op('Relu', [conv('Conv_8', stem, [8, 8], window(3), 8)]);
  const means = w.op('ReduceMean', [deep], { axes: ints([2, 3]), keepdims: int(1) });
  const fc1 = w.op('Relu', [w.op('Conv', [means, w.weight('fc1.weight', [4, 8, 1, 1])], window(1), 'Conv_12')]);
  const fc2 = w.op(
    'Conv',
    [fc1, w.weight('fc2.weight', [8, 4, 1, 1]), w.weight('fc2.bias', [8], 1)],
    window(1),
    'Conv_14',
  );
  const excited = w.op('Mul', [deep, sigmoid(fc2)]);
  const added = w.op('Add', [stem, conv('Conv_20', excited, [8, 8])]);
  const last = swish(conv('Conv_24', added, [16, 8]));

  const columns = w.op('ReduceMean', [last], { axes: ints([3]), keepdims: int(0) });
  const rows = w.op('ReduceMean', [columns], { axes: ints([2]), keepdims: int(0) });
  const four = w.op('Unsqueeze', [rows], { axes: ints([2, 3]) });
  const batch = w.op('Gather', [w.op('Shape', [four]), w.constantNode(i64([0], []))], { axis: int(0) });
  const target = w.op('Concat', [w.op('Unsqueeze', [batch], { axes: ints([0]) }), w.constantNode(i64([-1]))], {
    axis: int(0),
  });
  const dropped = w.op('Dropout', [w.op('Reshape', [four, target])], { ratio: float(0.2) });
  const gemm = { alpha: float(0.5), beta: float(2), transB: int(1) };
  const inputs = [dropped, w.weight('classifier.weight', [10, 16]), w.weight('classifier.bias', [10], 0.1)];
  const logits = w.op('Gemm', inputs, gemm, 'Gemm_40');
  return w.finish(['input.1', ['N', 3, 17, 17]], logits, ['logits', ['N', 10]]);
}

const toFirst = { perm: ints([0, 3, 1, 2]) };
const toLast = { perm: ints([0, 2, 3, 1]) };

/**
 * tf2onnx without its optimizer, opset 13: channels last, so that every convolution has transpositions around it; weights
 * and depthwise weights brought to ONNX's order in the graph; auto_pad; biases as Add; a Pad
 * before a strided convolution; squeeze-and-excite with dense layers and a Reshape; Concat; a MatMul with an Add at the end.
 */
export function tf2onnxMobileNet(): ExportedModel {
  const w = new Writer('tf2onnx', 13);
  const root = 'StatefulPartitionedCall/net';
  const bias = (name: string, x: string, filters: number) =>
    w.op('Add', [x, w.weight(`${root}/${name}/bias`, [filters], 0.3)], {}, `${root}/${name}/BiasAdd`);
  const conv = (
    name: string,
    x: string,
    dims: readonly [number, number, number, number],
    stride = 1,
    pad = 'SAME_UPPER',
  ) => {
    const weight = w.op('Transpose', [w.weight(`${root}/${name}/kernel`, dims, 0.3)], { perm: ints([3, 2, 0, 1]) });
    const attributes = { auto_pad: str(pad), strides: ints([stride, stride]), kernel_shape: ints(dims.slice(0, 2)) };
    const first = w.op('Transpose', [x], toFirst);
    const y = w.op('Conv', [first, weight], { ...attributes, group: int(1) }, `${root}/${name}/Conv2D`);
    return bias(name, w.op('Transpose', [y], toLast), dims[3]);
  };
  const depthwise = (name: string, x: string, channels: number, stride: number) => {
    const kernel = w.weight(`${root}/${name}/kernel`, [3, 3, channels, 1], 0.4);
    const flat = w.op('Reshape', [kernel, w.constant(`${name}/shape`, i64([3, 3, 1, channels]))]);
    const weight = w.op('Transpose', [flat], { perm: ints([3, 2, 0, 1]) });
    const attributes = { auto_pad: str('SAME_UPPER'), strides: ints([stride, stride]), group: int(channels) };
    const y = w.op('Conv', [w.op('Transpose', [x], toFirst), weight], attributes, `${root}/${name}/depthwise`);
    return bias(name, w.op('Transpose', [y], toLast), channels);
  };
  const bounds = [w.constant('zero', f32([], [0])), w.constant('six', f32([], [6]))];
  const relu6 = (x: string) => w.op('Clip', [x, ...bounds]);

  const scaled = w.op('Mul', ['input_1', w.constant('scale', f32([], [1 / 127.5]))]);
  const centred = w.op('Sub', [scaled, w.constant('offset', f32([3], [1, 0.9, 1.1]))]);
  const stem = relu6(conv('conv', centred, [3, 3, 3, 8], 2));
  const deep = relu6(depthwise('dw_1', stem, 8, 1));
  const added = w.op('Add', [conv('pw_1', deep, [1, 1, 8, 8]), stem]);

  const pooled = w.op('ReduceMean', [added], { axes: ints([1, 2]), keepdims: int(0) });
  const dense = (name: string, x: string, dims: readonly [number, number]) =>
    bias(
      name,
      w.op('MatMul', [x, w.weight(`${root}/${name}/kernel`, dims, 0.4)], {}, `${root}/${name}/MatMul`),
      dims[1],
    );
  const gate = w.op('Sigmoid', [dense('se_2', w.op('Relu', [dense('se_1', pooled, [8, 4])]), [4, 8])]);
  const spread = w.op('Reshape', [gate, w.constant('se/shape', i64([-1, 1, 1, 8]))]);
  const excited = w.op('Mul', [added, spread]);

  const padded = w.op('Pad', [excited, w.constant('paddings', i64([0, 0, 0, 0, 0, 1, 1, 0]))]);
  const small = relu6(conv('pw_2', padded, [3, 3, 8, 12], 2, 'VALID'));
  const first = { auto_pad: str('SAME_UPPER'), kernel_shape: ints([3, 3]), strides: ints([1, 1]) };
  const pool = w.op('Transpose', [w.op('MaxPool', [w.op('Transpose', [small], toFirst)], first)], toLast);
  const both = w.op('Concat', [pool, relu6(conv('pw_3', small, [1, 1, 12, 4]))], { axis: int(-1) });
  const features = w.op('ReduceMean', [both], { axes: ints([1, 2]), keepdims: int(0) });
  const scores = w.op('Softmax', [dense('predictions', features, [16, 10])], { axis: int(-1) });
  return w.finish(['input_1', ['unk__6', 16, 16, 3]], scores, ['predictions', ['unk__7', 10]]);
}

/** tf2onnx after its optimizer, opset 15: one Transpose behind the input, a Squeeze before the dense layer. */
export function tf2onnxOptimized(): ExportedModel {
  const w = new Writer('tf2onnx', 15);
  const path = (name: string) => `StatefulPartitionedCall/mobilenetv2/${name}`;
  const conv = (
    name: string,
    x: string,
    [filters, inputs]: [number, number],
    kernel = 1,
    pads = [0, 0, 0, 0],
    stride = 1,
  ) => {
    const inputNames = [
      x,
      w.weight(path(`${name}/weights`), [filters, inputs, kernel, kernel]),
      w.weight(path(`${name}/bias`), [filters], 0.2),
    ];
    const attributes = { kernel_shape: ints([kernel, kernel]), pads: ints(pads), strides: ints([stride, stride]) };
    return w.op('Conv', inputNames, attributes, path(`${name}/Conv2D`));
  };
  const relu6 = (x: string) => w.op('Clip', [x, w.constant('zero', f32([], [0])), w.constant('six', f32([], [6]))]);
  const stem = relu6(conv('Conv1', w.op('Transpose', ['input_1'], toFirst), [8, 3], 3, [0, 0, 1, 1], 2));
  const expanded = relu6(w.batchNorm(path('bn_Conv1'), conv('expand', stem, [16, 8]), 16));
  const added = w.op('Add', [stem, conv('project', expanded, [8, 16])]);
  const pooled = w.op('GlobalAveragePool', [relu6(conv('Conv_1', added, [20, 8]))]);
  const squeezed = w.op('Squeeze', [pooled, w.constant('axes', i64([2, 3]))]);
  const product = w.op(
    'MatMul',
    [squeezed, w.weight(path('predictions/kernel'), [20, 10], 0.3)],
    {},
    path('predictions/MatMul'),
  );
  const sum = w.op('Add', [product, w.weight(path('predictions/bias'), [10], 0.3)], {}, path('predictions/BiasAdd'));
  return w.finish(['input_1', ['N', 16, 16, 3]], w.op('Softmax', [sum]), ['predictions', ['N', 10]]);
}

/**
 * keras2onnx, opset 11: ResNet with batch norms apart, ZeroPadding2D as Pad in front of a convolution and of the max pool,
 * ReLU6 as Max and Min, an average pool of the whole image, and MobileNet's classifier: a 1x1 convolution, its output reshaped to a row.
 */
export function kerasResNet(): ExportedModel {
  const w = new Writer('keras2onnx', 11);
  const conv = (name: string, x: string, [filters, inputs]: [number, number], attributes: Attributes) => {
    const { value: kernel } = attributes.kernel_shape as { readonly value: readonly number[] };
    const weight = w.weight(`${name}/kernel:0`, [filters, inputs, ...kernel]);
    const bias = w.weight(`${name}/bias:0`, [filters], 0.2);
    return w.op('Conv', [x, weight, bias], { ...attributes, group: int(1) }, name);
  };
  const automatic = (kernel: number, stride: number, pad: string): Attributes => ({
    auto_pad: str(pad),
    dilations: ints([1, 1]),
    kernel_shape: ints([kernel, kernel]),
    strides: ints([stride, stride]),
  });
  const last = (x: string) => w.op('Transpose', [x], toLast);
  const first = (x: string) => w.op('Transpose', [x], toFirst);
  const pad = (x: string, amount: number) =>
    w.op('Pad', [x, w.constantNode(i64([0, amount, amount, 0, 0, amount, amount, 0]))], { mode: str('constant') });

  const stem = conv('conv1', first(pad('input_1', 2)), [8, 3], automatic(5, 2, 'VALID'));
  const active = w.op('Relu', [last(w.batchNorm('bn_conv1', stem, 8))]);
  const pooled = w.op('MaxPool', [first(pad(active, 1))], { kernel_shape: ints([3, 3]), strides: ints([2, 2]) });
  const block = last(w.batchNorm('bn2a', conv('res2a', pooled, [12, 8], automatic(3, 2, 'SAME_UPPER')), 12));
  const shortcut = last(w.batchNorm('bn2s', conv('res2s', pooled, [12, 8], automatic(1, 2, 'VALID')), 12));
  const bound = (name: string, value: number) => w.constant(name, f32([1], [value]));
  const positive = w.op('Max', [w.op('Add', [block, shortcut]), bound('relu6_zero', 0)]);
  const added = w.op('Min', [positive, bound('relu6_six', 6)]);
  const means = w.op('AveragePool', [first(added)], {
    auto_pad: str('VALID'),
    kernel_shape: ints([3, 3]),
    strides: ints([3, 3]),
  });
  const one = w.op('Reshape', [last(means), w.constantNode(i64([-1, 1, 1, 12]))]);
  const dropped = w.op('Dropout', [first(one)], { ratio: float(0.1) });
  const scores = last(conv('conv_preds', dropped, [10, 12], automatic(1, 1, 'SAME_UPPER')));
  const row = w.op('Reshape', [scores, w.constantNode(i64([-1, 10]))], {}, 'reshape_2');
  return w.finish(['input_1', ['N', 20, 20, 3]], w.op('Softmax', [row], { axis: int(1) }), ['act_softmax', ['N', 10]]);
}

/**
 * A keyword spotter through TFLite, opset 13: a batch of one, grey input `[1, 25, 10, 1]` reshaped to channels first, an
 * average pool with a kernel of the whole image, a Squeeze of everything but the channels' row.
 */
export function tfliteDsCnn(): ExportedModel {
  const w = new Writer('tf2onnx', 13);
  const conv = (name: string, x: string, dims: readonly number[], attributes: Attributes) =>
    w.op('Conv', [x, w.weight(`${name}/w`, dims, 0.3), w.weight(`${name}/b`, [dims[0]!], 0.2)], attributes, name);
  const image = w.op('Reshape', ['input', w.constant('nchw', i64([1, 1, 25, 10]))]);
  const first = { auto_pad: str('SAME_UPPER'), strides: ints([2, 2]), kernel_shape: ints([10, 4]) };
  const stem = w.op('Relu', [conv('conv_1', image, [8, 1, 10, 4], first)]);
  const same = { auto_pad: str('SAME_LOWER'), kernel_shape: ints([3, 3]), group: int(8) };
  const deep = w.op('Relu', [conv('dw_1', stem, [8, 1, 3, 3], same)]);
  const wide = w.op('Relu', [conv('pw_1', deep, [16, 8, 1, 1], { kernel_shape: ints([1, 1]) })]);
  const pooled = w.op('AveragePool', [wide], { kernel_shape: ints([13, 5]), strides: ints([13, 5]) });
  const last = w.op('Transpose', [pooled], toLast);
  const row = w.op('Squeeze', [last, w.constant('axes', i64([1, 2]))]);
  const weight = w.op('Transpose', [w.weight('fc/w', [12, 16], 0.3)], { perm: ints([1, 0]) });
  const product = w.op('MatMul', [row, weight], {}, 'fc');
  const sum = w.op('Add', [product, w.weight('fc/b', [12], 0.1)]);
  return w.finish(['input', [1, 25, 10, 1]], w.op('Softmax', [sum]), ['labels', [1, 12]]);
}

/** What a quantizer of ONNX Runtime writes around a convolution: not to be compressed. */
export function quantizedModel(): ExportedModel {
  const w = new Writer('onnx.quantize', 13);
  const scale = w.constant('scale', f32([], [0.05]));
  const zero = w.constant('zero', { dtype: 'int8', dims: [], data: Int8Array.of(0) });
  const around = (x: string) => w.op('DequantizeLinear', [w.op('QuantizeLinear', [x, scale, zero]), scale, zero]);
  const weight = { dtype: 'int8', dims: [4, 3, 1, 1], data: Int8Array.from({ length: 12 }, (_, i) => i) } as const;
  const dequantized = w.op('DequantizeLinear', [w.constant('w', weight), scale, zero]);
  const y = around(w.op('Relu', [w.op('Conv', [around('x'), dequantized], window(1), 'conv')]));
  const pooled = w.op('Flatten', [w.op('GlobalAveragePool', [y])]);
  return w.finish(['x', ['N', 3, 4, 4]], pooled, ['scores', ['N', 4]]);
}

/** All float classifiers, by name. */
export const exporters: Readonly<Record<string, () => ExportedModel>> = {
  'PyTorch, MobileNet-V3': pytorchMobileNetV3,
  'PyTorch before opset 12, MobileNet-V3': pytorchOldMobileNetV3,
  'tf2onnx, not optimized': tf2onnxMobileNet,
  'tf2onnx, optimized': tf2onnxOptimized,
  'keras2onnx, ResNet': kerasResNet,
  'TFLite, DS-CNN': tfliteDsCnn,
};
