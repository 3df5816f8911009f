/** Sessions without a word from another runtime: sources, options, inputs, outputs, many runs. */

import { describe, expect, it } from 'vitest';
import { normal } from '../../test/evaluate.ts';
import { floatModel } from '../../test/runtime-models.ts';
import { Graph, i64 } from '../ir/index.ts';
import { buildNetwork } from '../models/index.ts';
import { writeModel } from '../onnx/index.ts';
import { InferenceSession, Tensor } from './node.ts';

describe('sources', () => {
  it.each([
    [undefined, 'E_USAGE', 'model: expected a path, a URL or the bytes of an ONNX file, found undefined'],
    ['no/such.onnx', 'E_FILE', 'no/such.onnx: expected a readable file, found none'],
    ['.', 'E_FILE', '.: expected a file, found a folder or device'],
    [
      'ftp://host/a.onnx',
      'E_USAGE',
      'ftp://host/a.onnx: expected a path or a URL of file:, http: or https:, found another',
    ],
    [
      new Uint8Array(),
      'E_FORMAT',
      'model: expected an ONNX model, found an empty file; was its download or export cut short?',
    ],
  ])('%s', async (source, code, message) => {
    await expect(InferenceSession.create(source as string)).rejects.toMatchObject({ code, message });
  });

  it.each([
    [{ threads: 0 }, 'threads: expected a whole number from 1 to 64, found 0'],
    [{ kernels: 'gpu' }, "kernels: expected 'wasm' or 'reference', found 'gpu'"],
    [{ relaxedSimd: 'no' }, 'relaxedSimd: expected true or false, found "no"'],
    [{ profile: 1 }, 'profile: expected true or false, found 1'],
    [{ fallback: 'tfjs' }, "fallback: expected 'onnxruntime', found 'tfjs'"],
  ])('options %o', async (options, message) => {
    await expect(InferenceSession.create(floatModel, options as object)).rejects.toMatchObject({
      code: 'E_USAGE',
      message,
    });
  });

  it('reads ArrayBuffers, views and Buffers alike', async () => {
    const padded = new Uint8Array(floatModel.length + 3);
    padded.set(floatModel, 3);
    for (const source of [floatModel.slice().buffer, padded.subarray(3), Buffer.from(floatModel)]) {
      expect((await InferenceSession.create(source)).inputNames).toEqual(['x']);
    }
  });
});

const image = (n: number, seed = 1) => new Tensor('float32', normal(seed, [n, 3, 6, 5]).data, [n, 3, 6, 5]);

describe('inputs', () => {
  it.each<[feeds: object | null, code: string, message: string]>([
    [{}, 'E_USAGE', "input 'x': expected a tensor, found none"],
    [{ y: image(1) }, 'E_USAGE', "input 'x': expected a tensor, found 'y'"],
    [{ x: image(1), y: image(1) }, 'E_USAGE', "input 'y': expected 'x', found another"],
    [null, 'E_USAGE', "inputs: expected an object with 'x', found null"],
    [image(1), 'E_USAGE', "inputs: expected an object with 'x', found a tensor"],
    [{ x: new Float32Array(90) }, 'E_USAGE', "input 'x': expected a Tensor, found object"],
    [{ x: new Tensor('int8', new Int8Array(90), [1, 3, 6, 5]) }, 'E_SHAPE', "input 'x': expected float32, found int8"],
    [
      { x: new Tensor('float32', new Float32Array(90), [1, 3, 5, 6]) },
      'E_SHAPE',
      "input 'x': expected [N, 3, 6, 5], found [1, 3, 5, 6]",
    ],
    [
      { x: new Tensor('float32', new Float32Array(90), [90]) },
      'E_SHAPE',
      "input 'x': expected [N, 3, 6, 5], found [90]",
    ],
    [{ x: image(0) }, 'E_SHAPE', "input 'x': expected elements, found [0, 3, 6, 5]"],
  ])('%#', async (feeds, code, message) => {
    const session = await InferenceSession.create(floatModel);
    await expect(session.run(feeds as Record<string, Tensor>)).rejects.toMatchObject({ code, message });
    // a refused run leaves the session in order
    expect((await session.run({ x: image(2) })).y!.dims).toEqual([2, 3]);
  });
});

describe('many runs', () => {
  it('concurrent ones queue and do not mix', async () => {
    const session = await InferenceSession.create(floatModel);
    const alone = await Promise.all(
      [1, 2, 3, 4].map(async (seed) => {
        const own = await InferenceSession.create(floatModel);
        return (await own.run({ x: image(seed, seed) })).y!.data;
      }),
    );
    const together = await Promise.allSettled([
      ...[1, 2, 3, 4].map((seed) => session.run({ x: image(seed, seed) })),
      session.run({}),
      session.run({ x: image(1, 1) }),
    ]);
    const data = together.map((result) => (result.status === 'fulfilled' ? result.value.y!.data : 'refused'));
    expect(data).toEqual([...alone, 'refused', alone[0]]);
  });

  it('take no more memory, and results stay those of the first', async () => {
    const session = await InferenceSession.create(
      writeModel(
        buildNetwork('ds-cnn', { width: 0.25, inputSize: 28, channels: 1, classes: 4, firstStride: 1, seed: 1 }),
      ),
    );
    const input = new Tensor('float32', normal(1, [1, 1, 28, 28]).data, [1, 1, 28, 28]);
    const { logits } = await session.run({ input });
    const memory = session.memory!.total;
    let last = logits!;
    for (let i = 0; i < 2000; i++) last = (await session.run({ input })).logits!;
    expect(last.data).toEqual(logits!.data);
    expect(last.data.buffer).not.toBe(logits!.data.buffer);
    expect(session.memory!.total).toBe(memory);
  });

  it('end with the release of the session', async () => {
    const session = await InferenceSession.create(floatModel);
    const before = session.run({ x: image(1) });
    const release = session.release();
    expect((await before).y!.dims).toEqual([1, 3]);
    await release;
    await session.release();
    const message = 'model: expected a session in use, found one that was released';
    await expect(session.run({ x: image(1) })).rejects.toMatchObject({ code: 'E_USAGE', message });
  });
});

describe('a session', () => {
  const network = () =>
    writeModel(
      buildNetwork('mobilenet-v1', { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 3 }),
    );

  it('describes itself', async () => {
    const session = await InferenceSession.create(network(), { profile: true });
    const { inputNames, outputNames, inputMetadata, outputMetadata, backend, memory, scores } = session;
    expect({ inputNames, outputNames, backend, scores }).toEqual({
      inputNames: ['input'],
      outputNames: ['logits'],
      backend: 'tritbank',
      scores: 'logits',
    });
    expect(inputMetadata).toEqual([{ name: 'input', type: 'float32', shape: ['N', 3, 32, 32] }]);
    expect(outputMetadata).toEqual([{ name: 'logits', type: 'float32', shape: ['N', 10] }]);
    // planes of 32 x 32 pixels: 8 channels into the depthwise layer, 8 out of it, then 16 out of the pointwise one
    expect(memory!.activations).toBeGreaterThanOrEqual(4 * 1024 * (8 + 16));
    expect(memory!.total % 65536).toBe(0);
    expect(session.profile()).toEqual([]);
    await session.run({ input: new Tensor('float32', new Float32Array(3 * 1024), [1, 3, 32, 32]) });
    const layers = session.profile();
    expect(layers.filter(({ variant }) => variant === 'depthwise_float32')).toHaveLength(13);
    expect(layers[0]).toEqual({
      name: 'conv',
      kind: 'Conv',
      variant: 'patches_float32',
      milliseconds: expect.any(Number),
      least: expect.any(Number),
    });
  });

  it('refuses batches where images are mixed, and runs single images', async () => {
    const mixed = new Graph('mixed', 20);
    const relu = mixed.add('Relu', [mixed.input('x', 'float32', ['N', 4, 3, 3])]).output();
    mixed.outputs = [mixed.add('Reshape', [relu, mixed.initializer('shape', i64([1, -1]))]).output()];
    const session = await InferenceSession.create(writeModel(mixed));
    const one = await session.run({ x: new Tensor('float32', normal(1, [1, 4, 3, 3]).data, [1, 4, 3, 3]) });
    expect(Object.values(one)[0]!.dims).toEqual([1, 36]);
    const two = new Tensor('float32', normal(1, [2, 4, 3, 3]).data, [2, 4, 3, 3]);
    await expect(session.run({ x: two })).rejects.toMatchObject({
      code: 'E_UNSUPPORTED',
      message: "model: node 'reshape' (Reshape): expected a batch of 1, found 2",
    });
  });
});
