/**
 * The control of a compressed network: the same layers with the same inputs and outputs, every bank as one int8
 * convolution. Only what it costs is asked of it: its weights are products of the ternary matrices, cut to 8 bits, and
 * its scores mean nothing.
 */

import {
  type ConvolutionLayer,
  type IntegerLayer,
  type IntegerNetwork,
  isPointwise,
  readsOf,
  type TensorPart,
} from '../integer/index.ts';

const isConvolution = (layer: IntegerLayer | undefined): layer is ConvolutionLayer => layer?.kind === 'convolution';

/** The int8 layer that computes what a bank's ternary filters do. */
function merged(hidden: ConvolutionLayer, { name, y, rows, output, weights }: ConvolutionLayer): ConvolutionLayer {
  const values = new Float64Array(rows * hidden.columns);
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < hidden.rows; unit++) {
      const w = weights.values[row * hidden.rows + unit]!;
      if (w === 0) continue;
      for (let c = 0; c < hidden.columns; c++) {
        values[row * hidden.columns + c]! += w * hidden.weights.values[unit * hidden.columns + c]!;
      }
    }
  }
  const cut = Int8Array.from(values, (v) => Math.max(-127, Math.min(127, 13 * v || 1)));
  // about the range of outputs, for sums that are larger now
  const scale = 1 / (8 * Math.sqrt(hidden.columns));
  const multipliers = output.multipliers.map((m) => m * scale);
  const own = output.type === 'int8' ? { ...output, multipliers } : { ...output, multipliers };
  return { ...hidden, name, y, rows, output: own, weights: { kind: 'int8', values: cut } };
}

/** Neighbours that fill one tensor from one input become one layer. */
function joined(layers: readonly ConvolutionLayer[]): ConvolutionLayer {
  const [first] = layers as readonly [ConvolutionLayer];
  if (layers.length === 1) return first;
  const values = Int8Array.from(layers.flatMap(({ weights }) => [...weights.values]));
  const biases = layers.flatMap(({ output }) => [...output.biases]);
  const multipliers = Float32Array.from(layers.flatMap(({ output }) => [...output.multipliers]));
  const output =
    first.output.type === 'int8'
      ? { ...first.output, biases: Int32Array.from(biases), multipliers }
      : { ...first.output, biases: Float32Array.from(biases), multipliers };
  const channels = layers.reduce((n, { y }) => n + y.channels, 0);
  const y: TensorPart = { tensor: first.y.tensor, channel: first.y.channel, channels };
  const rows = layers.reduce((n, layer) => n + layer.rows, 0);
  return { ...first, y, rows, weights: { kind: 'int8', values }, output };
}

export function controlNetwork(network: IntegerNetwork): IntegerNetwork {
  const { layers } = network;
  const readers = (layer: IntegerLayer) =>
    layers.filter((other) => readsOf(other).some(({ tensor }) => tensor === layer.y.tensor));
  const hiddenOf = new Map<IntegerLayer, ConvolutionLayer>();
  for (const layer of layers) {
    const [reader, ...others] = readers(layer);
    const isHidden = isConvolution(layer) && layer.weights.kind === 'ternary' && layer.groups === 1;
    if (!isHidden || others.length > 0 || !isConvolution(reader) || reader.weights.kind !== 'ternary') continue;
    if (isPointwise(reader) && reader.groups === 1 && !hiddenOf.has(layer)) hiddenOf.set(reader, layer);
  }
  const hidden = new Set<IntegerLayer>(hiddenOf.values());
  const result: IntegerLayer[] = [];
  let bank: ConvolutionLayer[] = [];
  const flush = () => {
    if (bank.length > 0) result.push(joined(bank));
    bank = [];
  };
  for (const layer of layers) {
    if (hidden.has(layer)) continue;
    if (!isConvolution(layer)) {
      flush();
      result.push(layer);
      continue;
    }
    const own = hiddenOf.get(layer);
    const dense = own ? merged(own, layer) : { ...layer, weights: { ...layer.weights, kind: 'int8' as const } };
    const [last] = bank;
    const isBank = last && last.y.tensor === dense.y.tensor && last.x.tensor === dense.x.tensor && last.groups === 1;
    if (!isBank) flush();
    bank.push(dense);
  }
  flush();
  return { ...network, layers: result };
}
