/** Networks of integers against the runtime: every score to the bit. */

import { describe, expect, it } from 'vitest';
import { normal } from '../../test/evaluate.ts';
import { QuantizedBuilder } from '../../test/quantized-builder.ts';
import { int, ints, type Value } from '../ir/index.ts';
import { buildNetwork } from '../models/index.ts';
import { readModel, writeModel } from '../onnx/index.ts';
import { InferenceSession, Tensor } from '../runtime/node.ts';
import { evaluateNetwork, quantizeInput } from './evaluate.ts';
import { readIntegerNetwork } from './read.ts';

/** What the runtime and the integers make of an image; and the layers between. */
async function both(b: QuantizedBuilder, x: Value, y: Value) {
  b.graph.outputs = [y];
  const bytes = writeModel(b.graph);
  const [, ...dims] = x.dims as number[];
  const image = normal(3, [1, ...dims]);
  const session = await InferenceSession.create(bytes, { kernels: 'wasm' });
  const results = await session.run({ [x.name]: new Tensor('float32', image.data as Float32Array, image.dims) });
  const network = readIntegerNetwork(readModel(bytes));
  const tensors = evaluateNetwork(network, quantizeInput(network.input, image.data as Float32Array));
  const found = tensors[network.output.tensor.id]!;
  return { expected: [...(results[y.name]!.data as Float32Array)], found: [...found], network };
}

const kinds = ({ network }: Awaited<ReturnType<typeof both>>) => network.layers.map(({ kind }) => kind);

describe('floats between integers are tables', () => {
  /** A bank whose parts have quantizations of their own, with its filters in another order behind. */
  it('in banks of older exports', async () => {
    const b = new QuantizedBuilder('uint8', 'int32');
    const x = b.graph.input('x', 'float32', [1, 3, 9, 9]);
    const image = b.round(x, 0.03, 120);
    const full = b.round(b.conv(image, 0.03, [3, 3, 1, 1]), 0.04, 86);
    const ternary = b.round(b.conv(image, 0.03, [5, 3, 1, 1], { isTernary: true }), 0.05, 100);
    const places = b.graph.initializer('places', {
      dtype: 'int64',
      dims: [8],
      data: BigInt64Array.from([7n, 0n, 3n, 1n, 6n, 2n, 5n, 4n]),
    });
    const bank = b.op('Gather', [b.op('Concat', [full, ternary], { axis: int(1) }), places], { axis: int(1) });
    const mean = b.round(b.op('GlobalAveragePool', [b.round(bank, 0.045, 100)]), 0.02, 110);
    const results = await both(b, x, b.gemm(b.op('Flatten', [mean]), 0.02, [4, 8]));
    expect(kinds(results)).toEqual([
      ...['convolution', 'convolution', 'table', 'table', 'channels'],
      ...['pool', 'convolution'],
    ]);
    expect(results.found).toEqual(results.expected);
  });

  it('with functions among them, and scores that are rounded, too', async () => {
    const b = new QuantizedBuilder('int8', 'int32');
    const x = b.graph.input('x', 'float32', [1, 2, 6, 6]);
    const image = b.round(x, 0.03, 120);
    const wide = b.round(b.conv(image, 0.03, [4, 2, 3, 3]), 0.04, 90);
    const soft = b.round(b.op('HardSwish', [wide]), 0.03, 20);
    const most = b.round(b.op('MaxPool', [soft], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }), 0.03, 20);
    const sum = b.round(b.op('Add', [most, b.round(most, 0.05, 60)]), 0.06, 50);
    const mean = b.round(b.op('GlobalAveragePool', [sum]), 0.02, 30);
    const scores = b.round(b.gemm(b.op('Flatten', [mean]), 0.02, [5, 4]), 0.02, 128);
    const results = await both(b, x, b.op('Softmax', [scores], { axis: int(1) }));
    expect(kinds(results)).toEqual([
      ...['convolution', 'table', 'pool', 'table', 'addition', 'pool', 'convolution'],
      ...['dequantize', 'softmax'],
    ]);
    expect(results.found).toEqual(results.expected);
  });
});

it('an order of channels passes a quantization on to the parts of a bank', async () => {
  const b = new QuantizedBuilder('uint8', 'int32');
  const x = b.graph.input('x', 'float32', [1, 3, 5, 5]);
  const image = b.round(x, 0.03, 120);
  const parts = [2, 3].map((n) => b.conv(image, 0.03, [n, 3, 1, 1]));
  const places = b.graph.initializer('places', {
    dtype: 'int64',
    dims: [5],
    data: BigInt64Array.from([4n, 0n, 3n, 1n, 2n]),
  });
  const bank = b.round(b.op('Gather', [b.op('Concat', parts, { axis: int(1) }), places], { axis: int(1) }), 0.05, 99);
  const results = await both(b, x, b.op('Flatten', [b.op('MaxPool', [bank], { kernel_shape: ints([5, 5]) })]));
  expect(kinds(results)).toEqual(['convolution', 'convolution', 'channels', 'pool', 'dequantize']);
  expect(results.found).toEqual(results.expected);
});

describe('what is no network of integers says so', () => {
  it('a float model, and where floats are left in an older export', () => {
    const float = buildNetwork('mobilenet-v1', {
      width: 0.25,
      inputSize: 32,
      channels: 3,
      classes: 4,
      firstStride: 1,
      seed: 1,
    });
    expect(() => readIntegerNetwork(float)).toThrow(
      'model: expected 8-bit activations (export it with --activations int8 --data IMAGES first), found a float model',
    );
    const b = new QuantizedBuilder('int8', 'int32');
    const x = b.graph.input('x', 'float32', [1, 2, 6, 6]);
    const wide = b.conv(b.round(x, 0.03, 120), 0.03, [4, 2, 3, 3]);
    const mean = b.op('GlobalAveragePool', [b.op('HardSwish', [wide])]);
    b.graph.outputs = [b.gemm(b.op('Flatten', [b.round(mean, 0.02, 30)]), 0.02, [5, 4])];
    expect(() => readIntegerNetwork(b.graph)).toThrow(
      /expected 8-bit activations before and behind HardSwish \(export it with .* first\), found a HardSwish of floats$/,
    );
  });
});
