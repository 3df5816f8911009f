/**
 * What the layers of a network of integers mean, in plain TypeScript: every tensor of an image, to the bit what the
 * runtime computes. Slow enough to be read; compilers of the network are tested against it.
 */

import { roundEven } from '../ops/arithmetic/numbers.ts';
import {
  type AdditionLayer,
  type ConvolutionLayer,
  type FloatScores,
  type IntegerLayer,
  type IntegerNetwork,
  isPointwise,
  type MoveLayer,
  type PadLayer,
  type PoolLayer,
  type Requantization,
  type TensorPart,
  type Window,
} from './network.ts';

export type Planes = Int8Array | Float32Array;

const { fround } = Math;

const clamp = (value: number, lower: number, upper: number) => Math.min(Math.max(value, lower), upper);

const pixelsOf = ({ tensor }: TensorPart) => tensor.height * tensor.width;

/** What the integer sum of a row becomes. */
export function requantizeSum(sum: number, row: number, output: Requantization): number {
  const total = fround((sum + output.biases[row]!) | 0);
  return clamp(roundEven(fround(total * output.multipliers[row]!)) + output.zeroPoint, output.lower, output.upper);
}

/** A score of the integer sum of a row. */
export function scoreOfSum(sum: number, row: number, output: FloatScores): number {
  const score = fround(fround(fround(sum) * output.multipliers[row]!) + output.biases[row]!);
  return fround(clamp(score, output.lower, output.upper));
}

/** Integers of float pixels, normalised as the model wants them. */
export function quantizeInput({ scale, zeroPoint }: IntegerNetwork['input'], x: ArrayLike<number>): Int8Array {
  return Int8Array.from(x, (v) => clamp(roundEven(fround(v / scale)) + zeroPoint, -128, 127));
}

/** Computes all tensors of one image, by their ids. `input` are the integers of the image. */
export function evaluateNetwork(network: IntegerNetwork, input: Int8Array): Planes[] {
  const tensors = network.tensors.map(({ type, channels, height, width }) =>
    type === 'int8' ? new Int8Array(channels * height * width) : new Float32Array(channels * height * width),
  );
  (tensors[network.input.tensor.id] as Int8Array).set(input);
  for (const layer of network.layers) evaluateLayer(layer, tensors);
  return tensors;
}

/** Computes one layer from the tensors that it reads. */
export function evaluateLayer(layer: IntegerLayer, tensors: readonly Planes[]): void {
  const view = (part: TensorPart) => {
    const pixels = pixelsOf(part);
    const from = part.channel * pixels;
    return tensors[part.tensor.id]!.subarray(from, from + part.channels * pixels);
  };
  const y = view(layer.y);
  switch (layer.kind) {
    case 'convolution':
      convolution(layer, view(layer.x) as Int8Array, y);
      return;
    case 'pool':
      pool(layer, view(layer.x) as Int8Array, y as Int8Array);
      return;
    case 'addition':
      addition(layer, view(layer.a) as Int8Array, view(layer.b) as Int8Array, y as Int8Array);
      return;
    case 'channels': {
      const [x, pixels] = [view(layer.x), pixelsOf(layer.x)];
      for (const [i, from] of layer.indices.entries())
        y.set(x.subarray(from * pixels, (from + 1) * pixels), i * pixels);
      return;
    }
    case 'move':
      move(layer, view(layer.x), y);
      return;
    case 'pad':
      pad(layer, view(layer.x), y);
      return;
    case 'table': {
      const x = view(layer.x);
      for (let i = 0; i < y.length; i++) y[i] = layer.table[x[i]! + 128]!;
      return;
    }
    case 'dequantize': {
      const x = view(layer.x);
      for (let i = 0; i < y.length; i++) y[i] = fround(fround(layer.scale) * (x[i]! - layer.zeroPoint));
      return;
    }
    case 'softmax':
      softmax(view(layer.x), y);
  }
}

/** Pixels of x under each tap of each output pixel, [output pixels, taps]; -1 outside of the image. */
export function tapPixels(window: Window, x: TensorPart['tensor'], y: TensorPart['tensor']): Int32Array {
  const [kh, kw] = window.kernel;
  const result = new Int32Array(y.height * y.width * kh * kw);
  let at = 0;
  for (let p = 0; p < y.height * y.width; p++) {
    const top = Math.floor(p / y.width) * window.strides[0] - window.pads[0];
    const left = (p % y.width) * window.strides[1] - window.pads[1];
    for (let i = 0; i < kh; i++) {
      for (let j = 0; j < kw; j++) {
        const [row, column] = [top + i * window.dilations[0], left + j * window.dilations[1]];
        const isInside = row >= 0 && row < x.height && column >= 0 && column < x.width;
        result[at++] = isInside ? row * x.width + column : -1;
      }
    }
  }
  return result;
}

/** Integer sums of a convolution, [rows, output pixels]. */
export function convolutionSums(layer: ConvolutionLayer, x: Int8Array): Int32Array {
  const { window, groups, rows, columns, weights, inputZeroPoint } = layer;
  const [inPixels, outPixels] = [pixelsOf(layer.x), pixelsOf(layer.y)];
  const taps = window.kernel[0] * window.kernel[1];
  const sums = new Int32Array(rows * outPixels);
  const pixelOf = isPointwise(layer) ? undefined : tapPixels(window, layer.x.tensor, layer.y.tensor);
  const perGroup = rows / groups;
  const channels = columns / taps;
  for (let row = 0; row < rows; row++) {
    const first = Math.floor(row / perGroup) * channels;
    const out = sums.subarray(row * outPixels, (row + 1) * outPixels);
    for (let column = 0; column < columns; column++) {
      const weight = weights.values[row * columns + column]!;
      if (weight === 0) continue;
      const tap = column % taps;
      const plane = (first + (column - tap) / taps) * inPixels;
      for (let p = 0; p < outPixels; p++) {
        const pixel = pixelOf ? pixelOf[p * taps + tap]! : p;
        out[p]! += weight * (pixel < 0 ? inputZeroPoint : x[plane + pixel]!);
      }
    }
  }
  return sums;
}

function convolution(layer: ConvolutionLayer, x: Int8Array, y: Planes): void {
  const sums = convolutionSums(layer, x);
  const pixels = pixelsOf(layer.y);
  const { output } = layer;
  for (let row = 0; row < layer.rows; row++) {
    for (let i = row * pixels; i < (row + 1) * pixels; i++) {
      y[i] = output.type === 'int8' ? requantizeSum(sums[i]!, row, output) : scoreOfSum(sums[i]!, row, output);
    }
  }
}

/** What each output pixel of an average divides by. */
export function poolDivisors({ window, countPads, x, y }: PoolLayer): Int32Array {
  const [top, left, bottom, right] = window.pads;
  const padded = { ...x.tensor, height: x.tensor.height + top + bottom, width: x.tensor.width + left + right };
  const pixels = countPads
    ? tapPixels({ ...window, pads: [0, 0, 0, 0] }, padded, y.tensor)
    : tapPixels(window, x.tensor, y.tensor);
  const taps = window.kernel[0] * window.kernel[1];
  return Int32Array.from({ length: pixelsOf(y) }, (_, p) =>
    Math.max(1, pixels.subarray(p * taps, (p + 1) * taps).filter((pixel) => pixel >= 0).length),
  );
}

/** The integer that an average's sum of `x - inputZeroPoint` over `n` taps becomes. */
export function averageOfSum(
  sum: number,
  n: number,
  { multiplier, zeroPoint }: Pick<PoolLayer, 'multiplier' | 'zeroPoint'>,
): number {
  return clamp(roundEven(fround(fround(sum / n) * fround(multiplier))) + zeroPoint, -128, 127);
}

function pool(layer: PoolLayer, x: Int8Array, y: Int8Array): void {
  const { window, method, inputZeroPoint } = layer;
  const [inPixels, outPixels] = [pixelsOf(layer.x), pixelsOf(layer.y)];
  const pixels = tapPixels(window, layer.x.tensor, layer.y.tensor);
  const divisors = poolDivisors(layer);
  const taps = window.kernel[0] * window.kernel[1];
  for (let channel = 0; channel < layer.y.channels; channel++) {
    for (let p = 0; p < outPixels; p++) {
      let [sum, most] = [0, -128];
      for (let tap = 0; tap < taps; tap++) {
        const pixel = pixels[p * taps + tap]!;
        if (pixel < 0) continue;
        const value = x[channel * inPixels + pixel]!;
        sum += value - inputZeroPoint;
        most = Math.max(most, value);
      }
      y[channel * outPixels + p] = method === 'maximum' ? most : averageOfSum(sum, divisors[p]!, layer);
    }
  }
}

/** The integer that two integers of an addition become. */
export function addIntegers(
  a: number,
  b: number,
  layer: Pick<AdditionLayer, 'scales' | 'zeroPoints' | 'lower' | 'upper'>,
): number {
  const { scales, zeroPoints } = layer;
  const ofA = fround(fround(scales[0]) * (a - zeroPoints[0]));
  const ofB = fround(fround(scales[1]) * (b - zeroPoints[1]));
  const sum = fround(fround(ofA + ofB) / fround(scales[2]));
  return clamp(roundEven(sum) + zeroPoints[2], layer.lower, layer.upper);
}

function addition(layer: AdditionLayer, a: Int8Array, b: Int8Array, y: Int8Array): void {
  for (let i = 0; i < y.length; i++) y[i] = addIntegers(a[i]!, b[i]!, layer);
}

function move({ strides, offset, y: { channels, tensor } }: MoveLayer, x: Planes, y: Planes): void {
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < tensor.height; i++) {
      const from = offset + c * strides[0] + i * strides[1];
      for (let j = 0; j < tensor.width; j++) y[at++] = x[from + j * strides[2]]!;
    }
  }
}

function pad({ before: [channels, top, left], value, x: from, y: to }: PadLayer, x: Planes, y: Planes): void {
  const { height, width } = from.tensor;
  y.fill(value);
  for (let c = 0; c < from.channels; c++) {
    for (let i = 0; i < height; i++) {
      const start = (c * height + i) * width;
      const at = ((c + channels) * to.tensor.height + i + top) * to.tensor.width + left;
      y.set(x.subarray(start, start + width), at);
    }
  }
}

function softmax(x: Planes, y: Planes): void {
  const scores = Float64Array.from(x);
  const most = scores.reduce((m, v) => Math.max(m, v), -Infinity);
  const powers = scores.map((v) => Math.exp(v - most));
  const sum = powers.reduce((s, v) => s + v, 0);
  for (let i = 0; i < y.length; i++) y[i] = powers[i]! / sum;
}
