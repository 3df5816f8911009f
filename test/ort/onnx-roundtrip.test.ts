/**
 * Reading and writing, judged by ONNX Runtime: what it computes from the written file must equal, bit for bit, what it
 * computes from the original. Small models in the operators' old forms test the version rules the same way.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type Attributes, f32, float, floats, i64, int, ints, type Shape, str, toBytes } from '../../src/ir/index.ts';
import { loadModel, readModel, saveModel, writeModel } from '../../src/onnx/index.ts';
import { classifiers } from '../fixtures/classifiers.ts';
import { f32Type, type ModelInit, modelBytes, node } from '../onnx-model.ts';

type Model = Uint8Array | string;

/** A fixed, rough input in -4 .. 4. */
const roughly = (i: number) => 4 * Math.sin(1.7 * i + 0.3 * Math.cos(11 * i));

async function run(model: Model, dims: readonly number[]): Promise<Record<string, { type: string; data: unknown }>> {
  const options = { logSeverityLevel: 3, graphOptimizationLevel: 'basic', intraOpNumThreads: 1 } as const;
  const session = await (typeof model === 'string'
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model, options));
  const size = dims.reduce((n, d) => n * d, 1);
  const x = new Tensor(
    'float32',
    Float32Array.from({ length: size }, (_, i) => roughly(i)),
    dims,
  );
  const results = await session.run({ [session.inputNames[0]!]: x });
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { type, dims, data }]) => [name, { type, dims, data: bits(data) }]),
  );
}

/** Floats as bit patterns, so that NaN and negative zero count. */
function bits(data: Tensor['data']): unknown {
  return data instanceof Float32Array ? new Uint32Array(data.buffer, data.byteOffset, data.length) : data;
}

describe('whole networks', () => {
  it.each(classifiers)('$name', async ({ read, size }) => {
    const bytes = await read();
    const folder = await mkdtemp(join(tmpdir(), 'tritbank-roundtrip-'));
    try {
      const path = join(folder, 'model.onnx');
      await writeFile(path, bytes);
      const graph = await loadModel(path);
      const written = writeModel(graph);
      expect(await run(written, [2, 3, size, size])).toEqual(await run(path, [2, 3, size, size]));
      expect(graph.metadata.get('input_size')).toBe(String(size));
      const again = readModel(written);
      expect(Buffer.compare(writeModel(again), written)).toBe(0); // toEqual takes minutes for megabytes
      const original = readModel(bytes);
      expect(again.initializers.length).toBe(original.initializers.length);
      for (const { name, constant } of original.initializers) {
        expect(Buffer.compare(toBytes(again.value(name).constant!), toBytes(constant!))).toBe(0);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

const x234 = f32Type(2, 3, 4);

/** One node from x (2 x 3 x 4 unless told) to y. */
const single = (opset: number, op: string, attributes: Attributes = {}, shape: Shape = [2, 3, 4]): ModelInit => ({
  opset,
  inputs: { x: { dtype: 'float32', shape } },
  nodes: [node(op, ['x'], ['y'], attributes)],
  outputs: { y: { dtype: 'float32' } },
});

const statistics = {
  s: f32([3], [1, 2, 0.5]),
  b: f32([3], [0, 1, -1]),
  m: f32([3], [0, 0.5, 0]),
  v: f32([3], [1, 2, 3]),
};

const old: Record<string, ModelInit> = {
  'Clip in opset 9': single(9, 'Clip', { min: float(-1), max: float(0.75) }),
  'Clip in opset 10 with a maximum only': single(10, 'Clip', { max: float(1) }),
  'Dropout in opset 9': single(9, 'Dropout', { ratio: float(0.5) }),
  'Dropout in opset 11': single(11, 'Dropout', { ratio: float(0.5) }),
  'Pad in opset 10 with a value': single(10, 'Pad', { pads: ints([0, 1, 0, 0, 0, 2]), value: float(1.5) }),
  'Pad in opset 9, reflecting': single(9, 'Pad', { pads: ints([0, 0, 1, 0, 0, 2]), mode: str('reflect') }),
  'Slice in opset 9': single(9, 'Slice', { starts: ints([1, -3]), ends: ints([2 ** 40, -1]), axes: ints([1, 2]) }),
  'Squeeze in opset 11': single(11, 'Squeeze', { axes: ints([1]) }, [2, 1, 4]),
  'Unsqueeze in opset 11': single(11, 'Unsqueeze', { axes: ints([0, 2]) }),
  'ReduceSum in opset 12': single(12, 'ReduceSum', { axes: ints([0, 2]), keepdims: int(0) }),
  'ReduceMean in opset 13': single(13, 'ReduceMean', { axes: ints([1]) }),
  'ReduceL2 in opset 17': single(17, 'ReduceL2', { axes: ints([-1]), keepdims: int(0) }),
  'ReduceMax in opset 11 over everything': single(11, 'ReduceMax'),
  'Softmax in opset 9': single(9, 'Softmax'),
  'Softmax in opset 12, axis 0': single(12, 'Softmax', { axis: int(0) }),
  'Softmax in opset 11, axis -2': single(11, 'Softmax', { axis: int(-2) }),
  'Softmax in opset 11, last axis': single(11, 'Softmax', { axis: int(2) }),
  'LogSoftmax in opset 9 of images': single(9, 'LogSoftmax', { axis: int(1) }, [2, 3, 4, 1]),
  'Hardmax in opset 9': single(9, 'Hardmax'),
  'BatchNormalization in opset 9': {
    ...single(9, 'Relu'),
    initializers: statistics,
    nodes: [node('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'])],
  },
  'Split in opset 11 and 2': {
    opset: 11,
    inputs: { x: x234 },
    nodes: [
      node('Split', ['x'], ['a', 'b'], { axis: int(2) }),
      node('Split', ['x'], ['c', 'd'], { axis: int(1), split: ints([1, 2]) }),
    ],
    outputs: { a: f32Type(2, 3, 2), b: f32Type(2, 3, 2), c: f32Type(2, 1, 4), d: f32Type(2, 2, 4) },
  },
  'Split in opset 13': {
    opset: 13,
    inputs: { x: x234 },
    nodes: [node('Split', ['x'], ['a', 'b'], { axis: int(0) })],
    outputs: { a: f32Type(1, 3, 4), b: f32Type(1, 3, 4) },
  },
  'TopK in opset 9': {
    opset: 9,
    inputs: { x: x234 },
    nodes: [node('TopK', ['x'], ['y', 'i'], { k: int(2) })],
    outputs: { y: f32Type(2, 3, 2), i: { dtype: 'int64', shape: [2, 3, 2] } },
  },
  'Upsample in opset 9': {
    ...single(9, 'Relu', {}, [1, 1, 3, 4]),
    initializers: { k: f32([4], [1, 1, 2, 2.5]) },
    nodes: [node('Upsample', ['x', 'k'], ['y'], { mode: str('nearest') })],
  },
  'Upsample in opset 9, linear': {
    ...single(9, 'Relu', {}, [1, 1, 3, 4]),
    initializers: { k: f32([4], [1, 1, 2, 2]) },
    nodes: [node('Upsample', ['x', 'k'], ['y'], { mode: str('linear') })],
  },
  'Upsample in opset 8': single(8, 'Upsample', { mode: str('nearest'), scales: floats([1, 1, 2, 2]) }, [1, 1, 3, 4]),
  'BatchNormalization in opset 7': {
    ...single(7, 'Relu'),
    initializers: statistics,
    nodes: [node('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'], { spatial: int(1), epsilon: float(0.25) })],
  },
  'Dropout in opset 7': single(7, 'Dropout', { ratio: float(0.5) }),
  'Softmax in opset 8': single(8, 'Softmax', { axis: int(2) }),
  'Swish in opset 24': { ...single(24, 'Swish', { alpha: float(1.5) }), model: { irVersion: 10n } },
  'Resize in opset 10': {
    ...single(10, 'Relu', {}, [1, 1, 3, 4]),
    initializers: { k: f32([4], [1, 1, 2, 0.5]) },
    nodes: [node('Resize', ['x', 'k'], ['y'], { mode: str('nearest') })],
  },
  'Scatter in opset 9': {
    ...single(9, 'Relu'),
    initializers: { i: i64([0, 1], [1, 2, 1]), u: f32([1, 2, 1], [9, 8]) },
    nodes: [node('Scatter', ['x', 'i', 'u'], ['y'], { axis: int(2) })],
  },
  'Gemm in opset 9': {
    ...single(9, 'Relu', {}, [2, 3]),
    initializers: {
      w: f32(
        [4, 3],
        Array.from({ length: 12 }, (_, i) => roughly(i)),
      ),
      c: f32([4], [1, 2, 3, 4]),
    },
    nodes: [node('Gemm', ['x', 'w', 'c'], ['y'], { transB: int(1), beta: float(0.5) })],
  },
  'QuantizeLinear in opset 21 with output_dtype': {
    opset: 21,
    inputs: { x: x234 },
    initializers: { s: f32([], [0.05]) },
    nodes: [node('QuantizeLinear', ['x', 's'], ['y'], { output_dtype: int(3) })],
    outputs: { y: { dtype: 'int8', shape: [2, 3, 4] } },
    model: { irVersion: 10n },
  },
  'an initializer as output, listed as input, in opset 9': {
    ...single(9, 'Relu'),
    inputs: { x: x234, w: f32Type(2) },
    initializers: { w: f32([2], [5, 6]) },
    outputs: { y: x234, w: f32Type(2) },
    model: { irVersion: 3n },
  },
};

/** Written with other operators, which round otherwise. */
const decomposed: Readonly<Record<string, ModelInit>> = {
  'GroupNormalization in opset 18': {
    ...single(18, 'Relu', {}, [2, 4, 3, 3]),
    initializers: { s: f32([2], [1, -2]), b: f32([2], [0.5, 1]) },
    nodes: [node('GroupNormalization', ['x', 's', 'b'], ['y'], { num_groups: int(2) })],
  },
  'GroupNormalization in opset 21': {
    ...single(21, 'Relu', {}, [2, 4, 3, 3]),
    initializers: { s: f32([4], [1, -2, 3, 0.5]), b: f32([4], [0.5, 1, 0, 2]) },
    nodes: [node('GroupNormalization', ['x', 's', 'b'], ['y'], { num_groups: int(2) })],
    model: { irVersion: 10n },
  },
};

describe('the version rules keep what a model computes', () => {
  it.each(Object.entries(old))('%s', async (_, init) => {
    const bytes = modelBytes(init);
    const dims = init.inputs?.x?.shape as number[];
    expect(await run(writeModel(readModel(bytes)), dims)).toEqual(await run(bytes, dims));
  });

  it.each(Object.entries(decomposed))('%s', async (_, init) => {
    const bytes = modelBytes(init);
    const dims = init.inputs?.x?.shape as number[];
    const [found, expected] = [await run(writeModel(readModel(bytes)), dims), await run(bytes, dims)];
    const floats = (result: typeof found) => new Float32Array((result.y!.data as Uint32Array).buffer);
    expect(floats(found)).toHaveLength(floats(expected).length);
    for (const [i, value] of floats(expected).entries()) expect(floats(found)[i]).toBeCloseTo(value, 5);
  });
});

describe('external data', () => {
  it('is read by ONNX Runtime from where it was written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tritbank-ort-'));
    try {
      const bytes = modelBytes({
        ...single(20, 'Relu', {}, [2, 3]),
        initializers: {
          w: f32(
            [3, 500],
            Array.from({ length: 1500 }, (_, i) => roughly(i)),
          ),
          c: f32([500]),
        },
        nodes: [node('Gemm', ['x', 'w', 'c'], ['y'])],
      });
      await writeFile(join(folder, 'inside.onnx'), bytes);
      await saveModel(await loadModel(join(folder, 'inside.onnx')), join(folder, 'm.onnx'), { externalData: true });
      expect((await readFile(join(folder, 'm.onnx'))).length).toBeLessThan(1000);
      expect(await run(join(folder, 'm.onnx'), [2, 3])).toEqual(await run(bytes, [2, 3]));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
