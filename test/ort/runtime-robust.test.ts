/**
 * The runtime under bad files and bad callers: whatever the bytes, a session either fails with an error for the user or
 * runs; inputs that do not fit are refused by name; many runs and concurrent ones give the same results in the same memory.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { f32, float, type Tensor as IrTensor, i64, int, ints, Random, TritbankError } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { InferenceSession, Tensor } from '../../src/runtime/node.ts';
import { normal } from '../evaluate.ts';
import { f32Type, modelBytes, node } from '../onnx-model.ts';
import { toBytes } from './runtime-compare.ts';

const scalar = (dtype: 'uint8', value: number): IrTensor => ({ dtype, dims: [], data: Uint8Array.of(value) });
const int8 = (dims: number[], seed: number): IrTensor => {
  const random = new Random(seed, 'int8');
  return {
    dtype: 'int8',
    dims,
    data: Int8Array.from({ length: dims.reduce((a, b) => a * b) }, () => random.int(255) - 127),
  };
};

/** Floats: windows, bounds, a bank, movement, packed trits. */
const floats = modelBytes({
  opset: 17,
  inputs: { x: f32Type('N', 3, 6, 5) },
  initializers: {
    w: normal(1, [4, 3, 3, 3]),
    b: normal(2, [4]),
    d: normal(3, [4, 1, 3, 3]),
    table: f32([3, 2], [-1, 0, 1, 1, 0, -1]),
    codes: { dtype: 'uint8', dims: [5], data: Uint8Array.of(0, 1, 2, 1, 0) },
    packed: i64([10]),
    zero: i64([0]),
    eight: i64([8]),
    ternary: i64([2, 4, 1, 1]),
    row: i64([0, -1]),
    low: f32([], [0]),
    high: f32([], [6]),
    pads: i64([0, 0, 1, 1, 0, 0, 1, 1]),
    g: normal(4, [6, 3]),
  },
  nodes: [
    node('Pad', ['x', 'pads'], ['padded']),
    node('Conv', ['padded', 'w', 'b'], ['c'], { kernel_shape: ints([3, 3]), strides: ints([1, 1]) }),
    node('Clip', ['c', 'low', 'high'], ['r']),
    node('Conv', ['r', 'd'], ['e'], { group: int(4), pads: ints([1, 1, 1, 1]), dilations: ints([1, 1]) }),
    node('Cast', ['codes'], ['indices'], { to: int(6) }),
    node('Gather', ['table', 'indices'], ['rows']),
    node('Reshape', ['rows', 'packed'], ['flat']),
    node('Slice', ['flat', 'zero', 'eight'], ['trits']),
    node('Reshape', ['trits', 'ternary'], ['t']),
    node('Conv', ['e', 't'], ['f']),
    node('Concat', ['e', 'f'], ['bank'], { axis: int(1) }),
    node('MaxPool', ['bank'], ['m'], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }),
    node('HardSigmoid', ['m'], ['h'], { alpha: float(0.2) }),
    node('Mul', ['m', 'h'], ['swish']),
    node('GlobalAveragePool', ['swish'], ['pool']),
    node('Reshape', ['pool', 'row'], ['features']),
    node('Gemm', ['features', 'g'], ['scores']),
    node('Softmax', ['scores'], ['y'], { axis: int(-1) }),
  ],
  outputs: { y: f32Type('N', 3) },
});

/** Integers: quantization around a first and a depthwise layer, a sum and a pool. */
const integers = modelBytes({
  opset: 17,
  inputs: { x: f32Type(1, 2, 5, 5) },
  initializers: {
    s: f32([], [0.05]),
    z: scalar('uint8', 100),
    w: int8([3, 2, 3, 3], 1),
    ws: f32([3], [0.01, 0.02, 0.03]),
    b: { dtype: 'int32', dims: [3], data: Int32Array.of(100, -50, 7) },
    bs: f32([3], [0.0005, 0.001, 0.0015]),
    d: int8([3, 1, 3, 3], 2),
  },
  nodes: [
    node('QuantizeLinear', ['x', 's', 'z'], ['xq']),
    node('DequantizeLinear', ['xq', 's', 'z'], ['xf']),
    node('DequantizeLinear', ['w', 'ws'], ['wf'], { axis: int(0) }),
    node('DequantizeLinear', ['b', 'bs'], ['bf'], { axis: int(0) }),
    node('Conv', ['xf', 'wf', 'bf'], ['c'], { pads: ints([1, 1, 1, 1]) }),
    node('Relu', ['c'], ['r']),
    node('QuantizeLinear', ['r', 's', 'z'], ['rq']),
    node('DequantizeLinear', ['rq', 's', 'z'], ['rf']),
    node('DequantizeLinear', ['d', 'ws'], ['df'], { axis: int(0) }),
    node('Conv', ['rf', 'df'], ['e'], { group: int(3), pads: ints([1, 1, 1, 1]) }),
    node('QuantizeLinear', ['e', 's', 'z'], ['eq']),
    node('DequantizeLinear', ['eq', 's', 'z'], ['ef']),
    node('Add', ['ef', 'rf'], ['a']),
    node('QuantizeLinear', ['a', 's', 'z'], ['aq']),
    node('DequantizeLinear', ['aq', 's', 'z'], ['af']),
    node('GlobalAveragePool', ['af'], ['p']),
    node('QuantizeLinear', ['p', 's', 'z'], ['pq']),
    node('DequantizeLinear', ['pq', 's', 'z'], ['y']),
  ],
  outputs: { y: undefined },
});

/** Loads and runs; true for a run, false for an error of the user's. Larger inputs than the intact files' are not fed. */
async function survives(bytes: Uint8Array): Promise<boolean> {
  try {
    const session = await InferenceSession.create(bytes);
    const feeds = session.inputMetadata.map(({ name, type, shape = [1] }) => {
      const dims = shape.map((d) => (typeof d === 'number' ? Math.min(d, 16) : 2));
      const count = dims.reduce((a, b) => a * b, 1);
      const data = type === 'float32' ? new Float32Array(count).fill(0.5) : new Uint8Array(count);
      return [name, new Tensor(type as 'float32', data as Float32Array, dims)] as const;
    });
    const results = await session.run(Object.fromEntries(feeds));
    for (const name of session.outputNames) expect(results[name]!.data.length).toBeGreaterThan(0);
    await session.release();
    return true;
  } catch (error) {
    if (!(error instanceof TritbankError)) throw error;
    expect(error.message).toMatch(/: expected .+ found/s);
    return false;
  }
}

describe.each([
  ['floats', floats],
  ['integers', integers],
])('damaged files of %s', (_, intact) => {
  it('the intact file runs', async () => {
    expect(await survives(intact)).toBe(true);
  });

  it('every truncation', async () => {
    let runs = 0;
    for (let length = 0; length < intact.length; length++) if (await survives(intact.subarray(0, length))) runs++;
    expect(runs).toBeLessThan(intact.length / 10);
  });

  it('an inverted bit in every byte, and an inverted byte', async () => {
    let runs = 0;
    for (let at = 0; at < intact.length; at++) {
      for (const mask of [1 << (at % 8), 0xff]) {
        const bytes = intact.slice();
        bytes[at]! ^= mask;
        if (await survives(bytes)) runs++;
      }
    }
    expect(runs).toBeGreaterThan(0);
  });

  it('bytes replaced, removed and inserted', async () => {
    const edit = fc.record({
      at: fc.nat(intact.length - 1),
      remove: fc.nat(4),
      insert: fc.uint8Array({ maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        const bytes = [...intact];
        for (const { at, remove, insert } of edits) bytes.splice(at, remove, ...insert);
        await survives(Uint8Array.from(bytes));
      }),
      { numRuns: 500 },
    );
  });
});

describe('sources', () => {
  it.each([
    [undefined, 'E_USAGE', 'model: expected a path, a URL or the bytes of an ONNX file, found undefined'],
    ['no/such.onnx', 'E_FILE', 'no/such.onnx: expected a readable file, found none'],
    ['.', 'E_FILE', '.: expected a readable file, found a folder or device'],
    [
      'ftp://host/a.onnx',
      'E_USAGE',
      'ftp://host/a.onnx: expected a path or a URL of file:, http: or https:, found another',
    ],
    [new Uint8Array(), 'E_FORMAT', 'model: expected an ONNX model, found an empty file'],
  ])('%s', async (source, code, message) => {
    await expect(InferenceSession.create(source as string)).rejects.toMatchObject({ code, message });
  });

  it.each([
    [{ threads: 0 }, 'threads: expected a whole number from 1 to 64, found 0'],
    [{ kernels: 'gpu' }, "kernels: expected 'wasm' or 'reference', found 'gpu'"],
    [{ fallback: 'tfjs' }, "fallback: expected 'onnxruntime', found 'tfjs'"],
  ])('options %o', async (options, message) => {
    await expect(InferenceSession.create(floats, options as object)).rejects.toMatchObject({
      code: 'E_USAGE',
      message,
    });
  });

  it('reads ArrayBuffers, views and Buffers alike', async () => {
    const padded = new Uint8Array(floats.length + 3);
    padded.set(floats, 3);
    for (const source of [floats.slice().buffer, padded.subarray(3), Buffer.from(floats)]) {
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
    const session = await InferenceSession.create(floats);
    await expect(session.run(feeds as Record<string, Tensor>)).rejects.toMatchObject({ code, message });
    // a refused run leaves the session in order
    expect((await session.run({ x: image(2) })).y!.dims).toEqual([2, 3]);
  });

  it.each<[() => Tensor, string]>([
    [
      () => new Tensor('float64' as 'float32', new Float32Array(1)),
      "tensor: expected a type of float32, int8, uint8, found 'float64'",
    ],
    [
      () => new Tensor('uint8', new Int8Array(1) as never, [1]),
      'tensor: expected Uint8Array for uint8, found Int8Array',
    ],
    [() => new Tensor('float32', new Float32Array(5), [2, 3]), 'tensor: expected 6 elements for [2, 3], found 5'],
    [() => new Tensor('float32', new Float32Array(1), [-1]), 'tensor: expected dimensions of at least 0, found [-1]'],
  ])('tensors %#', (make, message) => {
    expect(make).toThrow(expect.objectContaining({ name: 'TritbankError', message }));
  });
});

describe('many runs', () => {
  it('concurrent ones queue and do not mix', async () => {
    const session = await InferenceSession.create(floats);
    const alone = await Promise.all(
      [1, 2, 3, 4].map(async (seed) => {
        const own = await InferenceSession.create(floats);
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
      toBytes(buildNetwork('ds-cnn', { width: 0.25, inputSize: 28, channels: 1, classes: 4, firstStride: 1, seed: 1 })),
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
    const session = await InferenceSession.create(floats);
    const before = session.run({ x: image(1) });
    const release = session.release();
    expect((await before).y!.dims).toEqual([1, 3]);
    await release;
    await session.release();
    const message = 'model: expected a session in use, found one that was released';
    await expect(session.run({ x: image(1) })).rejects.toMatchObject({ code: 'E_USAGE', message });
  });
});
