/**
 * The last look at the layers before they get addresses.
 * 1. Layers that nobody reads go.
 * 2. A layer that reads dequantized views and has no kernel of integers gets its floats from a layer in front of it;
 *    each view is dequantized once.
 * 3. An integer convolution whose biases do not fit int32 becomes one of floats and a quantization.
 * 4. A sum, or another function of single elements, overwrites an operand that nobody reads later.
 */

import { isIntegerConv } from '../lower/absorb.ts';
import { type ConvLayer, type Layer, type QuantizeLayer, readsOf } from '../lower/layers.ts';
import { type Activation, newPlane, type Plane, pixelsOf, sameQuantization } from '../lower/operand.ts';

/** Whether every channel has one filter of its own. */
export const isDepthwise = ({ groups, x, y }: ConvLayer) =>
  groups > 1 && groups === x.plane.channels && groups === y.channels;

/** Whether the layer's kernel reads the integers of a dequantized view. */
export function readsIntegers(layer: Layer): boolean {
  switch (layer.kind) {
    case 'conv':
      if (layer.quantization) return true;
      return layer.x.quantization !== undefined && layer.weights.kind !== 'float32' && !isDepthwise(layer);
    case 'binary':
    case 'unary':
      return layer.quantization !== undefined;
    case 'pool':
    case 'pad':
    case 'move':
    case 'channels':
    case 'concat':
      return layer.y.type === 'int8';
    case 'dequantize':
      return true;
    default:
      return false;
  }
}

/** What the integers of a filter are multiplied with to get floats. */
export const rowFactor = ({ x, scales, multipliers }: ConvLayer, row: number) =>
  (x.quantization?.scale ?? 1) * (scales?.[row] ?? 1) * (multipliers?.[row] ?? 1);

/** The integers of biases, where their scales are those of the products: a file may say otherwise. */
export function exactBiases(layer: ConvLayer): Int32Array | undefined {
  const { integerBiases, biases } = layer;
  const isExact = (integer: number, row: number) =>
    Math.abs(integer * rowFactor(layer, row) - biases[row]!) <= 1e-4 * Math.abs(biases[row]!);
  return integerBiases?.every(isExact) ? integerBiases : undefined;
}

function fitsIntegers(layer: ConvLayer): boolean {
  if (!isIntegerConv(layer)) return false;
  return layer.biases.every((b, i) => b === 0 || Math.abs(b / rowFactor(layer, i)) < 2 ** 30);
}

/** Rules 1 to 3; `outputs` are the activations that the graph gives, which are floats or integers for themselves. */
export function settle(layers: readonly Layer[], outputs: Activation[]): Layer[] {
  const settled: Layer[] = [];
  const floats = new Map<Plane, Activation[]>();
  const dequantize = (x: Activation, name: string): Activation => {
    const { quantization, ...rest } = x;
    if (!quantization) return x;
    const known = floats.get(x.plane)?.find((a) => sameQuantization(a.quantization!, quantization));
    const plane = known?.plane ?? newPlaneLike(x.plane);
    if (!known) {
      const layer: QuantizeLayer = { kind: 'dequantize', name, op: 'DequantizeLinear', x, y: plane, quantization };
      settled.push(layer);
      floats.set(x.plane, [...(floats.get(x.plane) ?? []), { ...x, plane }]);
    }
    return { ...rest, plane };
  };
  for (const layer of layers.filter(liveLayers(layers, outputs))) {
    if (layer.kind === 'conv' && layer.quantization && !fitsIntegers(layer)) settled.push(...divide(layer, dequantize));
    else settled.push(readsIntegers(layer) ? layer : withFloats(layer, (x) => dequantize(x, layer.name)));
  }
  for (const [i, output] of outputs.entries()) outputs[i] = dequantize(output, 'output');
  return settled;
}

const newPlaneLike = ({ channels, height, width }: Plane): Plane => newPlane('float32', [1, channels, height, width]);

function withFloats(layer: Layer, dequantize: (x: Activation) => Activation): Layer {
  if (layer.kind === 'concat') return layer;
  if (layer.kind === 'dense') {
    const operands = layer.operands.map((operand) => (operand.kind === 'activation' ? dequantize(operand) : operand));
    return { ...layer, operands };
  }
  if (layer.kind === 'binary') {
    const { a, b } = layer;
    return { ...layer, a: dequantize(a), b: b.kind === 'activation' ? dequantize(b) : b };
  }
  return { ...layer, x: dequantize(layer.x) };
}

function divide(layer: ConvLayer, dequantize: (x: Activation, name: string) => Activation): Layer[] {
  const { quantization, y, ...rest } = layer;
  const plane = newPlaneLike(y);
  const floats: ConvLayer = { ...rest, y: plane };
  const x: Activation = {
    ...{ kind: 'activation', plane, dims: [1, y.channels, y.height, y.width] },
    ...{ dtype: 'float32', isOnlyView: true },
  };
  const conv = readsIntegers(floats) ? floats : { ...floats, x: dequantize(floats.x, layer.name) };
  return [conv, { kind: 'quantize', name: layer.name, op: layer.op, x, y, quantization: quantization! }];
}

function liveLayers(layers: readonly Layer[], outputs: readonly Activation[]): (layer: Layer) => boolean {
  const wanted = new Set<Plane>(outputs.map(({ plane }) => plane));
  const live = new Set<Layer>();
  for (const layer of [...layers].reverse()) {
    const isWanted = wanted.has(layer.y) || (layer.y.home !== undefined && wanted.has(layer.y.home.plane));
    if (!isWanted) continue;
    live.add(layer);
    for (const { plane } of readsOf(layer)) wanted.add(plane);
  }
  return (layer) => live.has(layer);
}

/** The planes whose memory a plane's is, and where in them it begins. */
export function rootOf(plane: Plane): { root: Plane; channel: number } {
  let root = plane;
  let channel = 0;
  while (root.home) {
    channel += root.home.channel;
    root = root.home.plane;
  }
  return { root, channel };
}

/** Position of the last layer that reads the memory of each root. */
export function lastReads(layers: readonly Layer[], outputs: readonly Activation[]): Map<Plane, number> {
  const last = new Map<Plane, number>();
  for (const [i, layer] of layers.entries()) {
    last.set(rootOf(layer.y).root, i);
    for (const { plane } of readsOf(layer)) last.set(rootOf(plane).root, i);
  }
  for (const { plane } of outputs) last.set(rootOf(plane).root, layers.length);
  return last;
}

/** Rule 4. */
export function overwriteOperands(layers: readonly Layer[], outputs: readonly Activation[]): void {
  const last = lastReads(layers, outputs);
  for (const [i, layer] of layers.entries()) {
    if (layer.kind !== 'binary' && layer.kind !== 'unary' && layer.kind !== 'affine') continue;
    if (layer.y.home) continue;
    const isWhole = ({ plane }: Activation) =>
      plane.type === layer.y.type &&
      plane.channels === layer.y.channels &&
      pixelsOf(plane) === pixelsOf(layer.y) &&
      !plane.home &&
      plane !== layer.y &&
      last.get(plane) === i;
    const operand = readsOf(layer).find(isWhole);
    if (!operand) continue;
    layer.y.home = { plane: operand.plane, channel: 0 };
    // from now on reads of y are reads of the operand's memory
    last.set(operand.plane, Math.max(i, last.get(layer.y) ?? i));
  }
}
