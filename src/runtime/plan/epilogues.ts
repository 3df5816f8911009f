/** What follows the sums of a convolution, as the kernels take it. */

import { roundEven } from '../../ops/arithmetic/numbers.ts';
import type { Epilogue } from '../kernels/kernels.ts';
import { measure } from '../kernels/packing.ts';
import type { ConvLayer } from '../lower/layers.ts';
import type { Quantization } from '../lower/operand.ts';
import type { Blobs } from './blobs.ts';
import type { Emission } from './emission.ts';
import { exactBiases, rowFactor } from './settle.ts';

/** A float bound as an integer of a quantized tensor. */
export function quantizedBound(bound: number, { scale, zeroPoint }: Quantization): number {
  const q = roundEven(Math.fround(bound / scale)) + zeroPoint;
  return Math.min(Math.max(q, -128), 127);
}

function rowSums({ weights, y }: ConvLayer): ArrayLike<number> {
  const { values } = weights;
  const rows = y.channels;
  const columns = values.length / rows;
  if (!(values instanceof Float32Array)) return measure({ rows, columns, values }).sums;
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) sum += values[i]!;
    return sum;
  });
}

/** The epilogue of the rows from `first` on. `isScaled`: the weights hold scales and multipliers already. */
export function epilogueOf(
  layer: ConvLayer,
  blobs: Blobs,
  isScaled: boolean,
): (at: Emission, first: number) => Epilogue {
  return layer.quantization ? int8Epilogue(layer, layer.quantization, blobs) : floatEpilogue(layer, blobs, isScaled);
}

/** The integers that follow a layer's sums; `biases` have the input's zero point in them. */
export function requantizationOf(layer: ConvLayer, quantization: Quantization) {
  const { scales, multipliers, x, lower, upper } = layer;
  const sums = rowSums(layer);
  const integers = exactBiases(layer);
  const zero = x.quantization!.zeroPoint;
  const { fround } = Math;
  const biases = Int32Array.from(layer.biases, (bias, row) => {
    const integer = integers?.[row] ?? (bias === 0 ? 0 : roundEven(bias / rowFactor(layer, row)));
    return integer - zero * sums[row]!;
  });
  // in the order and precision of ONNX Runtime's QLinearConv
  const factors = Float32Array.from(layer.biases, (_, row) => {
    const product = fround(fround(x.quantization!.scale) * (scales?.[row] ?? 1));
    return multipliers ? rowFactor(layer, row) / quantization.scale : product / fround(quantization.scale);
  });
  const bounds = { lower: quantizedBound(lower, quantization), upper: quantizedBound(upper as number, quantization) };
  return { biases, multipliers: factors, zeroPoint: quantization.zeroPoint, ...bounds };
}

function int8Epilogue(layer: ConvLayer, quantization: Quantization, blobs: Blobs) {
  const { biases, multipliers, ...fixed } = requantizationOf(layer, quantization);
  const [b, m] = [blobs.add(biases), blobs.add(multipliers)];
  return (at: Emission, first: number): Epilogue => ({
    ...{ type: 'int8', biases: at.blob(b) + 4 * first, multipliers: at.blob(m) + 4 * first },
    ...fixed,
  });
}

/** What float32 scores are made with; no multipliers where weights have the scales in them. */
export function floatFactorsOf(layer: ConvLayer, isScaled: boolean) {
  const { x, scales, multipliers } = layer;
  const zero = x.quantization?.zeroPoint ?? 0;
  const sums = zero === 0 ? undefined : rowSums(layer);
  const isPlain = isScaled || !(x.quantization || scales || multipliers);
  const factors = Float64Array.from(layer.biases, (_, row) => (isPlain ? 1 : rowFactor(layer, row)));
  const biases = Float32Array.from(layer.biases, (bias, row) => bias - factors[row]! * zero * (sums?.[row] ?? 0));
  return { biases, multipliers: isPlain ? undefined : Float32Array.from(factors) };
}

function floatEpilogue(layer: ConvLayer, blobs: Blobs, isScaled: boolean) {
  const { lower, upper } = layer;
  const factors = floatFactorsOf(layer, isScaled);
  const b = blobs.add(factors.biases);
  const m = factors.multipliers && blobs.add(factors.multipliers);
  const most = typeof upper === 'number' ? undefined : blobs.add(upper);
  return (at: Emission, first: number): Epilogue => ({
    ...{ type: 'float32', biases: at.blob(b) + 4 * first, multipliers: m ? at.blob(m) + 4 * first : 0, lower },
    upper: most ? { address: at.blob(most) + 4 * first } : (upper as number),
  });
}
