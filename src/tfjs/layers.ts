/**
 * What each kind of layer is in ONNX's operators: a rule sees its inputs in Keras's order of axes, [N, H, W, C]. What a
 * layer does in training only is left out.
 */

import { type Attributes, float, int, type Tensor, TritbankError, type Value } from '../ir/index.ts';
import type { Builder } from '../ops/builder.ts';
import {
  permuteTensor,
  resizeFirst,
  toChannelsFirst,
  toChannelsLast,
  transposedAttributes,
  type Window,
  windowAttributes,
} from '../ops/channels-last.ts';
import { activationOf } from './activations.ts';
import type { Config } from './config.ts';
import type { WeightFinder } from './weights.ts';

export interface LayerContext {
  readonly name: string;
  readonly config: Config;
  readonly inputs: readonly Value[];
  readonly weights: WeightFinder;
  readonly b: Builder;
}

type LayerRule = (c: LayerContext) => Value;

const x0 = ({ inputs, config }: LayerContext): Value => {
  const [x] = inputs;
  if (x && inputs.length === 1) return x;
  throw new TritbankError('E_FORMAT', config.where, `expected one input, found ${inputs.length}`);
};

const rankOf = (x: Value) => x.shape.length;

/** E_FORMAT for what is no image. */
function image(c: LayerContext): Value {
  const x = x0(c);
  if (c.config.string('data_format', 'channels_last') !== 'channels_last') {
    throw c.config.unsupported('channels_last', c.config.string('data_format'));
  }
  if (rankOf(x) === 4) return x;
  throw new TritbankError('E_FORMAT', c.config.where, `expected an image [N, H, W, C], found ${rankOf(x)} axes`);
}

function activate({ config, b }: LayerContext, y: Value, key = 'activation'): Value {
  const name = config.string(key, 'linear');
  const activation = activationOf(name);
  if (!activation) throw config.unsupported('an activation that is known', `'${name}'`);
  return activation(b, y);
}

function paddingOf({ config }: LayerContext): Window['padding'] {
  const padding = config.string('padding', 'valid').toUpperCase();
  if (padding === 'SAME' || padding === 'VALID') return padding;
  throw config.unsupported('same or valid padding', padding);
}

const windowOf = (c: LayerContext, kernel: readonly number[]): Window => ({
  kernel,
  strides: c.config.pair('strides', 1),
  dilations: c.config.pair('dilation_rate', 1),
  padding: paddingOf(c),
});

const weightOf = ({ b }: LayerContext, tensor: Tensor, perm: readonly number[]) =>
  b.constant('weight', permuteTensor(tensor, perm));

const biasOf = ({ config, weights, name, b }: LayerContext): Value | undefined =>
  config.bool('use_bias', true) ? b.constant('bias', weights.take(name, 'bias')) : undefined;

function take({ weights, name, config }: LayerContext, weight: string, rank: number): Tensor {
  const tensor = weights.take(name, weight);
  if (tensor.dims.length === rank && tensor.dtype === 'float32') return tensor;
  throw new TritbankError(
    'E_FORMAT',
    config.where,
    `expected a ${weight} of ${rank} axes, found [${tensor.dims.join(', ')}]`,
  );
}

/** E_MODEL for weights of other sizes than the layer's configuration says, where it says any. */
function checkStated({ config }: LayerContext, sizes: Readonly<Record<string, number | readonly number[]>>): void {
  for (const [key, found] of Object.entries(sizes)) {
    if (config.get(key) === undefined) continue;
    const stated = typeof found === 'number' ? [config.number(key)] : config.pair(key);
    const sizesFound = [found].flat();
    if (stated.every((size, i) => size === sizesFound[i])) continue;
    const message = `expected weights for ${key} ${stated.join(' x ')}, found those for ${sizesFound.join(' x ')}`;
    throw new TritbankError('E_MODEL', config.where, message);
  }
}

/** A kernel [height, width, ...]; `filters` is the axis of its filters. */
function kernelOf(c: LayerContext, filters: number): Tensor {
  const kernel = take(c, 'kernel', 4);
  checkStated(c, { filters: kernel.dims[filters]!, kernel_size: kernel.dims.slice(0, 2) });
  return kernel;
}

function convolve(c: LayerContext, x: Value, weight: Value, bias: Value | undefined, group: number): Value {
  const attributes: Attributes = {
    ...windowAttributes(x.shape.slice(1, 3), windowOf(c, weight.dims.slice(2))),
    ...(group !== 1 && { group: int(group) }),
  };
  return toChannelsLast(c.b, c.b.op('Conv', [toChannelsFirst(c.b, x), weight, bias], attributes));
}

const conv2d: LayerRule = (c) =>
  activate(
    c,
    convolve(c, image(c), weightOf(c, kernelOf(c, 3), [3, 2, 0, 1]), biasOf(c), c.config.number('groups', 1)),
  );

/** A kernel [height, width, channels, multiplier] with one filter after the other. */
function depthwiseWeight(c: LayerContext): { weight: Value; channels: number } {
  const permuted = permuteTensor(take(c, 'depthwise_kernel', 4), [2, 3, 0, 1]);
  const [channels, multiplier, height, width] = permuted.dims as [number, number, number, number];
  checkStated(c, { kernel_size: [height, width], depth_multiplier: multiplier });
  return { weight: c.b.constant('weight', { ...permuted, dims: [channels * multiplier, 1, height, width] }), channels };
}

const depthwiseConv2d: LayerRule = (c) => {
  const { weight, channels } = depthwiseWeight(c);
  return activate(c, convolve(c, image(c), weight, biasOf(c), channels));
};

const separableConv2d: LayerRule = (c) => {
  const { weight, channels } = depthwiseWeight(c);
  const y = toChannelsFirst(c.b, convolve(c, image(c), weight, undefined, channels));
  const kernel = take(c, 'pointwise_kernel', 4);
  checkStated(c, { filters: kernel.dims[3]! });
  const pointwise = weightOf({ ...c, b: c.b.named(`${c.name}/pointwise/`) }, kernel, [3, 2, 0, 1]);
  return activate(c, toChannelsLast(c.b, c.b.op('Conv', [y, pointwise, biasOf(c)], {}, 'pointwise')));
};

/** The crop does not depend on the image: `same` makes stride times its size. */
const conv2dTranspose: LayerRule = (c) => {
  const weight = weightOf(c, kernelOf(c, 2), [3, 2, 0, 1]);
  const window = windowOf(c, weight.dims.slice(2));
  if (window.dilations.some((d) => d !== 1) || c.config.get('output_padding') !== undefined) {
    throw c.config.unsupported('no dilation and no output_padding', 'them');
  }
  const target = window.strides.map((s, i) => (window.padding === 'SAME' ? s : s + Math.max(window.kernel[i]! - s, 0)));
  const attributes = transposedAttributes([1, 1], target, window);
  const y = c.b.op('ConvTranspose', [toChannelsFirst(c.b, image(c)), weight, biasOf(c)], attributes);
  return activate(c, toChannelsLast(c.b, y));
};

const dense: LayerRule = (c) => {
  const x = x0(c);
  const bias = biasOf(c);
  const kernel = take(c, 'kernel', 2);
  checkStated(c, { units: kernel.dims[1]! });
  if (rankOf(x) === 2) {
    const weight = weightOf(c, kernel, [1, 0]);
    return activate(c, c.b.gemm(x, weight, { transB: true, ...(bias && { c: bias }) }));
  }
  const product = c.b.matmul(x, c.b.constant('weight', kernel));
  return activate(c, bias ? c.b.add(product, bias) : product);
};

/** The last axis, which is all that a Keras network of this layout has. */
function checkLastAxis({ config }: LayerContext, rank: number): void {
  const given = config.get('axis');
  const axis = Array.isArray(given) && given.length === 1 ? given[0] : given;
  if (axis === undefined || axis === -1 || axis === rank - 1) return;
  throw config.unsupported(`the last of ${rank} axes`, JSON.stringify(given));
}

const batchNormalization: LayerRule = (c) => {
  const x = x0(c);
  checkLastAxis(c, rankOf(x));
  const { config, b } = c;
  const mean = take(c, 'moving_mean', 1);
  const filled = (value: number): Tensor => ({ ...mean, data: new Float32Array(mean.dims[0]!).fill(value) });
  const gamma = config.bool('scale', true) ? take(c, 'gamma', 1) : filled(1);
  const beta = config.bool('center', true) ? take(c, 'beta', 1) : filled(0);
  const named = { gamma, beta, mean, variance: take(c, 'moving_variance', 1) };
  const constants = Object.entries(named).map(([name, tensor]) => b.constant(name, tensor));
  const apply = (value: Value) =>
    b.op('BatchNormalization', [value, ...constants], { epsilon: float(config.number('epsilon', 1e-3)) });
  return rankOf(x) === 4 ? toChannelsLast(b, apply(toChannelsFirst(b, x))) : apply(x);
};

const layerNormalization: LayerRule = (c) => {
  const x = x0(c);
  checkLastAxis(c, rankOf(x));
  const [gamma, beta] = [c.b.constant('gamma', take(c, 'gamma', 1)), c.b.constant('beta', take(c, 'beta', 1))];
  const attributes = { axis: int(-1), epsilon: float(c.config.number('epsilon', 1e-3)) };
  return c.b.op('LayerNormalization', [x, gamma, beta], attributes);
};

const pool =
  (op: string): LayerRule =>
  (c) => {
    const x = image(c);
    const size = c.config.pair('pool_size', 2);
    const strides = c.config.get('strides') === undefined ? size : c.config.pair('strides');
    const window = { kernel: size, strides, dilations: [1, 1], padding: paddingOf(c) };
    const attributes = windowAttributes(x.shape.slice(1, 3), window);
    return toChannelsLast(c.b, c.b.op(op, [toChannelsFirst(c.b, x)], attributes));
  };

const globalPool =
  (op: string): LayerRule =>
  (c) =>
    c.b.reduce(op, image(c), [1, 2], c.config.bool('keepdims', false));

/** [[top, bottom], [left, right]], a number for each axis, or one for all. */
function margins({ config }: LayerContext, key: string): [number, number, number, number] {
  const value = config.get(key);
  const both: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  const flat = both.flatMap((side) => (Array.isArray(side) ? side : [side, side]));
  if (flat.length === 4 && flat.every(Number.isInteger)) return flat as [number, number, number, number];
  throw config.wrong(key, 'margins of height and width');
}

const zeroPadding2d: LayerRule = (c) => {
  const [top, bottom, left, right] = margins(c, 'padding');
  return c.b.op('Pad', [image(c), c.b.i64([0, top, left, 0, 0, bottom, right, 0])]);
};

const cropping2d: LayerRule = (c) => {
  const [top, bottom, left, right] = margins(c, 'cropping');
  const end = (margin: number) => (margin === 0 ? 2 ** 31 - 1 : -margin);
  return c.b.slice(image(c), { starts: [top, left], ends: [end(bottom), end(right)], axes: [1, 2] });
};

const upSampling2d: LayerRule = (c) => {
  const size = c.config.pair('size', 2);
  const mode = c.config.string('interpolation', 'nearest') === 'bilinear' ? 'linear' : 'nearest';
  const x = toChannelsFirst(c.b, image(c));
  const attributes = { mode, coordinates: 'asymmetric', ...(mode === 'nearest' && { nearest: 'floor' }) };
  const known = x.shape.slice(2);
  const from = known.map((d) => (typeof d === 'number' ? d : 1));
  const y = resizeFirst(c.b, x, { from, to: from.map((d, i) => d * size[i]!) }, attributes);
  const spatial = known.map((d, i) => (typeof d === 'number' ? d * size[i]! : `${d}x${size[i]}`));
  if (!y.type?.shape) y.type = { dtype: 'float32', shape: [...x.shape.slice(0, 2), ...spatial] };
  return toChannelsLast(c.b, y);
};

const merge =
  (join: (b: Builder, x: Value, y: Value) => Value): LayerRule =>
  ({ inputs, b, config }) => {
    const [first, ...others] = inputs;
    if (!first || others.length === 0)
      throw new TritbankError('E_FORMAT', config.where, 'expected several inputs, found fewer');
    return others.reduce((sum, x) => join(b, sum, x), first);
  };
const add = merge((b, x, y) => b.add(x, y));

const relu: LayerRule = (c) => {
  const { config, b } = c;
  const [max, slope, threshold] = [
    config.get('max_value'),
    config.number('negative_slope', 0),
    config.number('threshold', 0),
  ];
  if (threshold !== 0) throw config.unsupported('a threshold of 0', `${threshold}`);
  const x = x0(c);
  const low = slope === 0 ? undefined : b.op('LeakyRelu', [x], { alpha: float(slope) });
  if (max === undefined) return low ?? b.relu(x);
  return low
    ? b.min(low, config.number('max_value'))
    : b.op('Clip', [x, b.scalar(0), b.scalar(config.number('max_value'))]);
};

const prelu: LayerRule = (c) => c.b.op('PRelu', [x0(c), c.b.constant('alpha', c.weights.take(c.name, 'alpha'))]);

const permute: LayerRule = (c) => c.b.transpose(x0(c), [0, ...c.config.numbers('dims')]);

/** Rules by class name, in alphabetical order. */
export const layerRules: Readonly<Record<string, LayerRule>> = {
  Activation: (c) => activate(c, x0(c)),
  Add: add,
  AlphaDropout: x0,
  Average: (c) => c.b.div(add(c), c.inputs.length),
  AveragePooling2D: pool('AveragePool'),
  BatchNormalization: batchNormalization,
  Concatenate: (c) => {
    checkLastAxis(c, rankOf(c.inputs[0]!));
    return c.b.concat(c.inputs, rankOf(c.inputs[0]!) - 1);
  },
  Conv2D: conv2d,
  Conv2DTranspose: conv2dTranspose,
  Cropping2D: cropping2d,
  Dense: dense,
  DepthwiseConv2D: depthwiseConv2d,
  Dropout: x0,
  ELU: (c) => c.b.op('Elu', [x0(c)], { alpha: float(c.config.number('alpha', 1)) }),
  Flatten: (c) => c.b.reshape(x0(c), [0, -1]),
  GaussianDropout: x0,
  GaussianNoise: x0,
  GlobalAveragePooling2D: globalPool('ReduceMean'),
  GlobalMaxPooling2D: globalPool('ReduceMax'),
  LayerNormalization: layerNormalization,
  LeakyReLU: (c) => {
    const slope = c.config.number('alpha', c.config.number('negative_slope', 0.3));
    return c.b.op('LeakyRelu', [x0(c)], { alpha: float(slope) });
  },
  MaxPooling2D: pool('MaxPool'),
  Maximum: merge((b, x, y) => b.max(x, y)),
  Minimum: merge((b, x, y) => b.min(x, y)),
  Multiply: merge((b, x, y) => b.mul(x, y)),
  PReLU: prelu,
  Permute: permute,
  ReLU: relu,
  Rescaling: (c) => c.b.add(c.b.mul(x0(c), c.config.number('scale')), c.config.number('offset', 0)),
  Reshape: (c) => c.b.reshape(x0(c), [0, ...c.config.numbers('target_shape')]),
  SeparableConv2D: separableConv2d,
  Softmax: (c) => {
    checkLastAxis(c, rankOf(x0(c)));
    return c.b.op('Softmax', [x0(c)], { axis: int(-1) });
  },
  SpatialDropout2D: x0,
  Subtract: merge((b, x, y) => b.sub(x, y)),
  UpSampling2D: upSampling2d,
  ZeroPadding2D: zeroPadding2d,
};
