/**
 * Rows whose sums are too wide for the array, and that give one integer whatever they see: a bias that is millions of
 * times a filter's weights, as of filters that training has left dead. They get that integer as their bias and no
 * weights, which is exact.
 */

import { type ConvolutionLayer, type IntegerLayer, type IntegerNetwork, requantizeSum } from '../integer/index.ts';
import type { ArrayParameters } from './array.ts';

/** Least and most of the sums of a row over all activations, without its bias. */
export function sumRange({ weights, columns }: ConvolutionLayer, row: number): readonly [number, number] {
  let [least, most] = [0, 0];
  for (let i = row * columns; i < (row + 1) * columns; i++) {
    const w = weights.values[i]!;
    least += w < 0 ? w * 127 : w * -128;
    most += w < 0 ? w * -128 : w * 127;
  }
  return [least, most];
}

/** The largest magnitude of a row's sums, with and without its bias. */
export const reachOf = ([least, most]: readonly [number, number], bias: number): number =>
  Math.max(-least, most, -(least + bias), most + bias);

const sumBitsOf = ({ weights }: ConvolutionLayer, { adders, adderSumBits, sumBits }: ArrayParameters): number =>
  adders > 0 && weights.kind === 'ternary' ? adderSumBits : sumBits;

function settleLayer(layer: IntegerLayer, array: ArrayParameters): IntegerLayer {
  if (layer.kind !== 'convolution' || layer.output.type !== 'int8') return layer;
  const { output, columns, weights } = layer;
  const limit = 2 ** (sumBitsOf(layer, array) - 1);
  let settled: { values: Int8Array; biases: Int32Array; multipliers: Float32Array } | undefined;
  for (let row = 0; row < layer.rows; row++) {
    const range = sumRange(layer, row);
    if (reachOf(range, output.biases[row]!) < limit) continue;
    // requantizing never decreases
    const [y, other] = range.map((sum) => requantizeSum(sum, row, output)) as [number, number];
    if (y !== other) continue;
    settled ??= {
      values: weights.values.slice(),
      biases: output.biases.slice(),
      multipliers: output.multipliers.slice(),
    };
    settled.values.fill(0, row * columns, (row + 1) * columns);
    settled.biases[row] = y - output.zeroPoint;
    settled.multipliers[row] = 1;
  }
  if (!settled) return layer;
  const { values, biases, multipliers } = settled;
  return { ...layer, weights: { ...weights, values }, output: { ...output, biases, multipliers } };
}

export const settleRows = (network: IntegerNetwork, array: ArrayParameters): IntegerNetwork => ({
  ...network,
  layers: network.layers.map((layer) => settleLayer(layer, array)),
});
