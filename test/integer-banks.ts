/** Networks of integers as compressions leave them: an uncompressed one, and the same with drawn filter banks. */

import {
  type ConvolutionLayer,
  type IntegerLayer,
  type IntegerNetwork,
  type IntegerTensor,
  type Requantization,
  readIntegerNetwork,
  whole,
} from '../src/integer/index.ts';
import { Random } from '../src/ir/index.ts';
import { readModel, writeModel } from '../src/onnx/index.ts';
import type { BankShape } from '../src/targets/index.ts';
import { QuantizedBuilder } from './quantized-builder.ts';

const scale = 2 ** -5;

/** Pairs of a depthwise and a pointwise layer behind a first one of 3x3, with scores at the end, as MobileNets have them. */
export function separableNetwork(size: number, channels: readonly number[], seed = 1): IntegerNetwork {
  const b = new QuantizedBuilder('int8', 'int32', seed);
  const relu = (x: ReturnType<typeof b.conv>) => b.round(b.op('Relu', [x]), scale, 0);
  let y = b.round(b.graph.input('x', 'float32', [1, 3, size, size]), scale, 128);
  y = relu(b.conv(y, scale, [channels[0]!, 3, 3, 3]));
  for (const [i, filters] of channels.slice(1).entries()) {
    const inputs = channels[i]!;
    y = relu(b.conv(y, scale, [inputs, 1, 3, 3], { group: inputs, stride: i % 2 === 1 ? 2 : 1 }));
    y = relu(b.conv(y, scale, [filters, inputs, 1, 1]));
  }
  const mean = b.round(b.op('GlobalAveragePool', [y]), scale, 128);
  b.graph.outputs = [b.gemm(b.op('Flatten', [mean]), scale, [10, channels.at(-1)!])];
  return readIntegerNetwork(readModel(writeModel(b.graph)));
}

/** Layers of a network that can be banks. */
export const bankableLayers = ({ layers }: IntegerNetwork): ConvolutionLayer[] =>
  layers.filter((layer): layer is ConvolutionLayer => layer.kind === 'convolution' && layer.groups === 1);

/** So many non-zeros in all, drawn among `count` trits. */
function drawTrits(random: Random, count: number, density: number): Int8Array {
  return Int8Array.from({ length: count }, () => (random.float() < density ? 2 * random.int(2) - 1 : 0));
}

/** The network with banks in the place of layers, of drawn weights: `nonZero` is their expectation. */
export function withBanks(network: IntegerNetwork, banks: ReadonlyMap<string, BankShape>, seed = 1): IntegerNetwork {
  const tensors: IntegerTensor[] = [...network.tensors];
  const layers = network.layers.flatMap((layer): IntegerLayer[] => {
    const bank = banks.get(layer.name);
    if (!bank || layer.kind !== 'convolution') return [layer];
    const random = new Random(seed, 'banks', layer.name);
    const { fullPrecision, hidden: r, ternary } = bank;
    const { columns, output, window } = layer;
    const density = (bank.nonZero ?? 0) / (r * (columns + ternary));
    const { height, width } = layer.y.tensor;
    const hidden: IntegerTensor = { id: tensors.length, type: 'int8', channels: r, height, width };
    tensors.push(hidden);
    const rows = (from: number, to: number) =>
      ({
        ...output,
        biases: output.biases.slice(from, to),
        multipliers: output.multipliers.slice(from, to),
      }) as ConvolutionLayer['output'];
    const inner: Requantization = {
      ...{ type: 'int8', biases: new Int32Array(r), multipliers: new Float32Array(r).fill(2 ** -4) },
      ...{ zeroPoint: 0, lower: -128, upper: 127 },
    };
    const [first, second] = [drawTrits(random, r * columns, density), drawTrits(random, ternary * r, density)];
    const onePixel = { ...window, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] } as const;
    const { tensor } = layer.y;
    return [
      ...(fullPrecision > 0
        ? [
            {
              ...layer,
              ...{ name: `${layer.name}_fp`, rows: fullPrecision },
              weights: { kind: 'int8', values: layer.weights.values.slice(0, fullPrecision * columns) },
              output: rows(0, fullPrecision),
              y: { tensor, channel: 0, channels: fullPrecision },
            } satisfies ConvolutionLayer,
          ]
        : []),
      {
        ...layer,
        ...{ name: `${layer.name}_hidden`, rows: r, weights: { kind: 'ternary', values: first }, output: inner },
        y: whole(hidden),
      },
      {
        ...layer,
        ...{ name: `${layer.name}_ternary`, rows: ternary, columns: r, window: onePixel, x: whole(hidden) },
        ...{ inputZeroPoint: 0, weights: { kind: 'ternary', values: second } },
        output: rows(fullPrecision, fullPrecision + ternary),
        y: { tensor, channel: fullPrecision, channels: ternary },
      },
    ];
  });
  return { ...network, tensors, layers };
}
