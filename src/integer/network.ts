/**
 * A packed int8 file as a network of integers: what a machine without floating point has to compute, with the same
 * rounding as the runtime's kernels, to the bit. It is what the accelerator and C are compiled from.
 *
 * Tensors are planes [C, H, W] of int8, row-major without gaps; an element q stands for `scale * (q - zeroPoint)`.
 */

import type { ScoreKind } from '../onnx/score-kind.ts';
import type { Window } from '../runtime/kernels/kernels.ts';

export type { Window } from '../runtime/kernels/kernels.ts';

/** Planes that layers read and write; those of floats are scores. */
export interface IntegerTensor {
  readonly id: number;
  readonly type: 'int8' | 'float32';
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Channels `channel` .. `channel + channels - 1` of a tensor: banks write their parts side by side. */
export interface TensorPart {
  readonly tensor: IntegerTensor;
  readonly channel: number;
  readonly channels: number;
}

interface LayerBase {
  /** The node's name in the file. */
  readonly name: string;
  readonly y: TensorPart;
}

/** y = clamp(roundHalfToEven(float32(sum + biases[row]) * multipliers[row]) + zeroPoint, lower, upper) */
export interface Requantization {
  readonly type: 'int8';
  /** The input's zero point is in them. */
  readonly biases: Int32Array;
  readonly multipliers: Float32Array;
  readonly zeroPoint: number;
  readonly lower: number;
  readonly upper: number;
}

/** y = clamp(sum * multipliers[row] + biases[row], lower, upper), every step in float32. */
export interface FloatScores {
  readonly type: 'float32';
  readonly biases: Float32Array;
  readonly multipliers: Float32Array;
  readonly lower: number;
  readonly upper: number;
}

/**
 * sum[row] = weights[row] . window of x; outside of the image x is `inputZeroPoint`. Weights are
 * [rows, channels of a group * kernel], each row as in ONNX; a depthwise layer has as many groups as channels. A fully
 * connected layer is a convolution of one pixel.
 */
export interface ConvolutionLayer extends LayerBase {
  readonly kind: 'convolution';
  readonly x: TensorPart;
  readonly inputZeroPoint: number;
  readonly window: Window;
  readonly groups: number;
  readonly rows: number;
  readonly columns: number;
  readonly weights: { readonly kind: 'ternary' | 'int8'; readonly values: Int8Array };
  readonly output: Requantization | FloatScores;
}

/**
 * average: y = clamp(round(float32(float32(sum(x - inputZeroPoint) / n) * multiplier)) + zeroPoint), n the taps inside
 * of the image (or of the padded image, with `countPads`). maximum: the largest integer.
 */
export interface PoolLayer extends LayerBase {
  readonly kind: 'pool';
  readonly x: TensorPart;
  readonly method: 'average' | 'maximum';
  readonly window: Window;
  readonly countPads: boolean;
  readonly inputZeroPoint: number;
  readonly multiplier: number;
  readonly zeroPoint: number;
}

/** y = clamp(round(float32(float32(scales[0] (a - zeroPoints[0])) + float32(scales[1] (b - zeroPoints[1]))) /
 * scales[2]) + zeroPoints[2]), every step in float32. */
export interface AdditionLayer extends LayerBase {
  readonly kind: 'addition';
  readonly a: TensorPart;
  readonly b: TensorPart;
  readonly scales: readonly [a: number, b: number, y: number];
  readonly zeroPoints: readonly [a: number, b: number, y: number];
  readonly lower: number;
  readonly upper: number;
}

/** Channels of x in another order, or some of them. */
export interface ChannelsLayer extends LayerBase {
  readonly kind: 'channels';
  readonly x: TensorPart;
  readonly indices: Int32Array;
}

/** y[c, i, j] = x[offset + c strides[0] + i strides[1] + j strides[2]], elements of x in a row: a part, or every second pixel. */
export interface MoveLayer extends LayerBase {
  readonly kind: 'move';
  readonly x: TensorPart;
  readonly strides: readonly [channel: number, row: number, column: number];
  readonly offset: number;
}

/** x with `value` around it: rows above, columns to the left, channels before; the rest is what y has more. */
export interface PadLayer extends LayerBase {
  readonly kind: 'pad';
  readonly x: TensorPart;
  readonly before: readonly [channels: number, rows: number, columns: number];
  readonly value: number;
}

/** y = table[x + 128], for what is between two quantizations: another scale, a function of one number. */
export interface TableLayer extends LayerBase {
  readonly kind: 'table';
  readonly x: TensorPart;
  /** 256 integers. */
  readonly table: Int8Array;
}

/** y = float32(scale * (x - zeroPoint)): scores of a file that rounds them, too. */
export interface DequantizeLayer extends LayerBase {
  readonly kind: 'dequantize';
  readonly x: TensorPart;
  readonly scale: number;
  readonly zeroPoint: number;
}

/** The probabilities of scores: exp(x - max) / sum over all elements. */
export interface SoftmaxLayer extends LayerBase {
  readonly kind: 'softmax';
  readonly x: TensorPart;
}

export type IntegerLayer =
  | ConvolutionLayer
  | PoolLayer
  | AdditionLayer
  | ChannelsLayer
  | MoveLayer
  | PadLayer
  | TableLayer
  | DequantizeLayer
  | SoftmaxLayer;

export interface IntegerNetwork {
  /** Of the graph. */
  readonly name: string;
  readonly tensors: readonly IntegerTensor[];
  /** The image, quantized: q = clamp(round(float32(x / scale)) + zeroPoint); bytes as they are for a file of bytes. */
  readonly input: { readonly tensor: IntegerTensor; readonly scale: number; readonly zeroPoint: number };
  /** In the order in which they can be computed. */
  readonly layers: readonly IntegerLayer[];
  readonly output: TensorPart;
  readonly outputKind: ScoreKind;
  /** Free-form entries of the file: normalisation, labels. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** The whole of a tensor. */
export const whole = (tensor: IntegerTensor): TensorPart => ({ tensor, channel: 0, channels: tensor.channels });

/** Whether every channel has one filter of its own. */
export const isDepthwise = ({ groups, rows, x }: ConvolutionLayer): boolean =>
  groups > 1 && groups === x.channels && groups === rows;

/** Whether each output pixel is computed of the input pixel in its place. */
export const isPointwise = ({ window: { kernel, strides, pads } }: Pick<ConvolutionLayer, 'window'>): boolean =>
  [...kernel, ...strides].every((n) => n === 1) && pads.every((n) => n === 0);

/** What a layer reads. */
export const readsOf = (layer: IntegerLayer): readonly TensorPart[] =>
  layer.kind === 'addition' ? [layer.a, layer.b] : [layer.x];
