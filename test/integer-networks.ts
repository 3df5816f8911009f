/** Small networks of integers, drawn: every kind of layer that an array has. */

import { type IntegerNetwork, readIntegerNetwork } from '../src/integer/index.ts';
import { int, Random, type Value } from '../src/ir/index.ts';
import { readModel, writeModel } from '../src/onnx/index.ts';
import { QuantizedBuilder } from './quantized-builder.ts';

/** Scales are powers of two where sums of two tensors need them. */
const scale = 2 ** -5;

/** A bank of full-precision and strassenified filters behind `x`, of `channels` channels. */
function bank(b: QuantizedBuilder, random: Random, x: Value, channels: number): { y: Value; filters: number } {
  const parts: Value[] = [];
  const full = random.int(4);
  if (full > 0) parts.push(b.conv(x, scale, [full, channels, 1, 1]));
  const [ternary, hidden] = [2 + random.int(7), 2 + random.int(9)];
  const middle = b.round(b.conv(x, scale, [hidden, channels, 1, 1], { isTernary: true }), scale, 100 + random.int(40));
  parts.push(b.conv(middle, scale, [ternary, hidden, 1, 1], { isTernary: true }));
  const y = parts.length === 1 ? parts[0]! : b.op('Concat', parts, { axis: int(1) });
  return { y: b.round(y, scale, random.int(256)), filters: full + ternary };
}

/** A network of two to five layers between an image and scores. */
export function drawnIntegerNetwork(seed: number): IntegerNetwork {
  const random = new Random(seed, 'integer-network');
  const b = new QuantizedBuilder(random.int(2) === 0 ? 'uint8' : 'int8', 'int32', seed);
  const [channels, height, width] = [1 + random.int(3), 5 + random.int(6), 5 + random.int(6)];
  const x = b.graph.input('x', 'float32', [1, channels, height, width]);
  let count = 2 + random.int(6);
  let y = b.round(x, scale, random.int(256));
  y = b.conv(y, scale, [count, channels, 3, 3], { stride: 1 + random.int(2) });
  y = b.round(b.op('Relu', [y]), scale, 0);
  const layers = 1 + random.int(4);
  for (let i = 0; i < layers; i++) {
    switch (random.int(5)) {
      case 0:
        y = b.conv(y, scale, [count, 1, 3, 3], { group: count, stride: 1 + random.int(2) });
        y = b.round(b.op('Relu', [y]), scale, 0);
        break;
      case 1:
        y = b.round(b.op('Add', [y, b.round(b.conv(y, scale, [count, count, 1, 1]), scale / 2, 120)]), scale, 128);
        break;
      case 2:
        y = b.round(b.conv(y, scale, [4, count, 3, 3], { isTernary: true }), scale, 128);
        count = 4;
        break;
      default: {
        const made = bank(b, random, y, count);
        [y, count] = [made.y, made.filters];
      }
    }
  }
  const mean = b.round(b.op('GlobalAveragePool', [y]), scale, 128);
  b.graph.outputs = [b.gemm(b.op('Flatten', [mean]), scale, [3 + random.int(4), count])];
  return readIntegerNetwork(readModel(writeModel(b.graph)));
}

/** Integers of an image. */
export function drawnImage({ input }: IntegerNetwork, seed: number): Int8Array {
  const random = new Random(seed, 'image');
  const { channels, height, width } = input.tensor;
  return Int8Array.from({ length: channels * height * width }, () => random.int(256) - 128);
}
