/**
 * The layers that a graph is lowered to, before addresses: one for each kernel, with what follows it taken in (bias,
 * scale, bounds, quantization), and a few of plain loops. A layer writes its plane `y` once, all of it.
 */

import type { UnaryFunction } from '../../ops/arithmetic/functions.ts';
import type { DenseKernel } from '../dense/kernel.ts';
import type { Window } from '../kernels/kernels.ts';
import type { IntegerValues } from '../kernels/packing.ts';
import type { Activation, Plane, Quantization } from './operand.ts';

interface LayerBase {
  /** The node's name and operator, for profiles and errors. */
  readonly name: string;
  readonly op: string;
  readonly y: Plane;
}

/** y = min(max(x, lower), upper); `upper` may differ from channel to channel. */
export interface Bounds {
  lower: number;
  upper: number | Float32Array;
}

export type LayerWeights =
  | { readonly kind: 'ternary' | 'int8'; readonly values: IntegerValues }
  | { readonly kind: 'float32'; readonly values: Float32Array };

/**
 * y = clamp(multipliers * scales * (W x) + biases), then quantized. W is `[filters, inputs * taps]` for each group.
 * Gemm and MatMul are convolutions of one pixel.
 */
export interface ConvLayer extends LayerBase, Bounds {
  readonly kind: 'conv';
  x: Activation;
  window: Window;
  readonly groups: number;
  readonly weights: LayerWeights;
  /** Of each filter, what integer weights are multiplied with, float32. */
  readonly scales?: ArrayLike<number>;
  multipliers?: Float64Array;
  /** Whether `biases` are `integerBiases` times the scales of input and weights. */
  integerBiases?: Int32Array;
  biases: Float64Array;
  quantization?: Quantization;
}

/** Windows over planes; `global` when it covers them. */
export interface PoolLayer extends LayerBase {
  readonly kind: 'pool';
  readonly x: Activation;
  readonly method: 'average' | 'maximum';
  window: Window;
  readonly countPads: boolean;
  quantization?: Quantization;
}

/** y = clamp(multipliers * x + biases), one of each for a channel. */
export interface AffineLayer extends LayerBase, Bounds {
  readonly kind: 'affine';
  readonly x: Activation;
  multipliers: Float64Array;
  biases: Float64Array;
}

/** y = ..f1(f0(x)), or a table of it where x and y are quantized. */
export interface UnaryLayer extends LayerBase {
  readonly kind: 'unary';
  readonly x: Activation;
  readonly functions: UnaryFunction[];
  quantization?: Quantization;
}

/** Elements of a constant, in the order of the activation beside it. */
export interface Values {
  readonly kind: 'values';
  readonly values: Float32Array;
}

/** PRelu: a, or a times b where a is below 0. */
export type BinaryOp = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Min' | 'Max' | 'PRelu';

/** y = clamp(a op b); `b` may have one pixel (one value a channel) where `a` has more. */
export interface BinaryLayer extends LayerBase, Bounds {
  readonly kind: 'binary';
  readonly operator: BinaryOp;
  readonly a: Activation;
  readonly b: Activation | Values;
  quantization?: Quantization;
}

export interface QuantizeLayer extends LayerBase {
  readonly kind: 'quantize' | 'dequantize';
  readonly x: Activation;
  readonly quantization: Quantization;
}

/** y[i0, i1, ..] = x[offset + i0 strides[0] + ..]; element numbers of x are row-major over its dimensions. */
export interface MoveLayer extends LayerBase {
  readonly kind: 'move';
  readonly x: Activation;
  readonly dims: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Channels of x, in another order or some of them. */
export interface ChannelsLayer extends LayerBase {
  readonly kind: 'channels';
  readonly x: Activation;
  readonly indices: Int32Array;
}

/** `value` around the image (rows above and below, columns left and right), and in channels before and after. */
export interface PadLayer extends LayerBase {
  readonly kind: 'pad';
  readonly x: Activation;
  readonly pads: Window['pads'];
  readonly channels: readonly [before: number, after: number];
  readonly value: number;
}

/** exp(x - max) / sum along an axis of the planes: [outer, size, inner] are all elements. */
export interface SoftmaxLayer extends LayerBase {
  readonly kind: 'softmax';
  readonly x: Activation;
  readonly size: number;
  readonly inner: number;
  readonly isLog: boolean;
}

/** A kernel over elements in a row, for what has none of planes. */
export interface DenseLayer extends LayerBase {
  readonly kind: 'dense';
  readonly kernel: DenseKernel;
  readonly operands: readonly (Activation | Values)[];
}

/** Parts that were written straight into their channels of `y`. */
export interface ConcatLayer extends LayerBase {
  readonly kind: 'concat';
  readonly parts: readonly Activation[];
}

export type Layer =
  | ConvLayer
  | PoolLayer
  | AffineLayer
  | UnaryLayer
  | BinaryLayer
  | QuantizeLayer
  | MoveLayer
  | ChannelsLayer
  | PadLayer
  | SoftmaxLayer
  | ConcatLayer
  | DenseLayer;

/** The activations that a layer reads. */
export function readsOf(layer: Layer): Activation[] {
  if (layer.kind === 'concat') return [...layer.parts];
  if (layer.kind === 'binary') return layer.b.kind === 'activation' ? [layer.a, layer.b] : [layer.a];
  if (layer.kind === 'dense') return layer.operands.filter((operand) => operand.kind === 'activation');
  return [layer.x];
}
