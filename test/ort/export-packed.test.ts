/**
 * Exports with float activations, in ONNX Runtime native and in WebAssembly: the same scores, unpacking gone when the
 * file is loaded, and the size that `cost` predicts.
 */

import * as web from 'onnxruntime-web';
import { describe, expect, it, test } from 'vitest';
import { measureStorage } from '../../src/cost/index.ts';
import { exportOnnx, fiveTrits, packValues, predictSize } from '../../src/export/index.ts';
import { f32, type Graph, isTernary, type Tensor, toNumbers } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { metadataKeys, readPreprocessing } from '../../src/onnx/metadata.ts';
import { foldConstants, inferShapes, normalizeNetwork } from '../../src/passes/index.ts';
import { applyPlan, deploy, makePlan, type PlanOptions, toFrozen } from '../../src/quantize/index.ts';
import { quantizedModel } from '../exporters.ts';
import { calibration, deployed, load, relativeNoise, testImages } from './export-helper.ts';

const input = testImages(4);
const cases: readonly (readonly [string, PlanOptions])[] = [
  ['mobilenet-v1', { method: 'fp' }],
  ['mobilenet-v1', { method: 'twn', granularity: 'filter' }],
  ['mobilenet-v1', { method: 'strassen' }],
  ['mobilenet-v1', { method: 'hybrid', alpha: 0.5 }],
  ['mobilenet-v2', { method: 'hybrid' }],
  ['resnet-20', { method: 'hybrid' }],
  ['ds-cnn', { method: 'hybrid' }],
];

describe.each(cases)('%s, %j', (model, plan) => {
  const network = deployed(model, plan);
  const normalized = normalizeNetwork(network.clone());

  it('scores as before, bit for bit, with ternary weights packed', async () => {
    const before = writeModel(network);
    const packed = await exportOnnx(network, { filters: 'fp32' });
    expect(Buffer.compare(writeModel(network), before)).toBe(0);
    const bytes = packed.initializers.filter((v) => v.dtype === 'uint8');
    expect(bytes).toHaveLength(
      network.initializers.filter((v) => v.constant && v.shape.length > 1 && isTrits(v.constant)).length,
    );
    const [expected, found] = [await load(normalized, input), await load(packed, input)];
    expect(found.scores).toEqual(expected.scores);
    expect(found.ops).toEqual(expected.ops);
  });

  it('rounds weights to float16, and leaves nothing of that to each run', async () => {
    const half = await exportOnnx(network);
    const { ops } = await load(half, input);
    expect([ops.Cast, ops.Gather, ops.Reshape]).toEqual([undefined, undefined, undefined]);
    expectWeights(half, normalized, (w) => Math.max(Math.abs(w) * 2 ** -11, 2 ** -25));
  });

  it('rounds weights to int8 with a scale per filter', async () => {
    const small = await exportOnnx(network, { filters: 'int8' });
    const { ops } = await load(small, input);
    expect([ops.Cast, ops.Gather, ops.DequantizeLinear]).toEqual([undefined, undefined, undefined]);
    const largest = (f: Float32Array) => f.reduce((m, w) => Math.max(m, Math.abs(w)), 0);
    expectWeights(small, normalized, (_, filter) => (largest(filter) / 254) * (1 + 1e-5) + 1e-30);
  });

  it('packs integers of 4 bits, and leaves nothing of that to each run', async () => {
    const small = await exportOnnx(network, { filters: 'int4' });
    const { ops } = await load(small, input);
    expect([ops.Cast, ops.Gather, ops.DequantizeLinear]).toEqual([undefined, undefined, undefined]);
    // 3 bits and a sign; clipping may take more from the largest
    const largest = (f: Float32Array) => f.reduce((m, w) => Math.max(m, Math.abs(w)), 0);
    expectWeights(small, normalized, (_, filter) => 0.55 * largest(filter) + 1e-30);
  });

  it('is understood by the reader', async () => {
    const back = readModel(writeModel(await exportOnnx(network, { filters: 'fp32' })));
    foldConstants(back, { maxElements: 2 ** 24 });
    const scheme = {
      packing: 'five-trit',
      filterBits: 32,
      depthwiseBits: 32,
      otherBits: 32,
      outputScaleBits: 32,
    } as const;
    expect(measureStorage(back, scheme)).toEqual(measureStorage(normalized, scheme));
  });
});

const isTrits = (tensor: Tensor) => tensor.dtype === 'float32' && isTernary(tensor);

/** Compares all weights with those of `exact`; `bound` says by how much each may be off. */
function expectWeights(stored: Graph, exact: Graph, bound: (weight: number, filter: Float32Array) => number): void {
  const folded = readModel(writeModel(stored));
  foldConstants(folded, { maxElements: 2 ** 24 });
  for (const node of exact.nodes) {
    const weight = node.op === 'Conv' || node.op === 'Gemm' ? node.inputs[1]?.constant : undefined;
    if (!weight) continue;
    const found = toNumbers(folded.nodes.find((n) => n.name === node.name)!.inputs[1]!.constant!);
    const size = weight.data.length / weight.dims[0]!;
    let worst = 0;
    for (const [i, w] of (weight.data as Float32Array).entries()) {
      const first = Math.floor(i / size) * size;
      const filter = (weight.data as Float32Array).subarray(first, first + size);
      worst = Math.max(
        worst,
        isTernary(weight) ? (w === found[i] ? 0 : 2) : Math.abs(w - found[i]!) / bound(w, filter),
      );
    }
    expect(worst, node.name).toBeLessThanOrEqual(1);
  }
}

test('WebAssembly scores as before, bit for bit', async () => {
  web.env.wasm.numThreads = 1;
  const network = deployed('mobilenet-v1', { method: 'hybrid', alpha: 0.5 });
  const run = async (graph: Graph) => {
    const session = await web.InferenceSession.create(writeModel(graph), { logSeverityLevel: 3 });
    const { logits } = await session.run({ input: new web.Tensor('float32', input.data as Float32Array, input.dims) });
    return logits!.data;
  };
  expect(await run(await exportOnnx(network, { filters: 'fp32' }))).toEqual(
    await run(normalizeNetwork(network.clone())),
  );
});

describe('a whole MobileNet-V1 0.5', () => {
  const options = { width: 0.5, inputSize: 64, channels: 3, classes: 1000, firstStride: 2, seed: 1 } as const;
  const float = inferShapes(buildNetwork('mobilenet-v1', options));
  const hybrid = applyPlan(float, makePlan(float, { method: 'hybrid', alpha: 0.5 }), 1);
  const graph = deploy(toFrozen(hybrid, new Map()), new Map());

  it.each(['fp16', 'int8', 'int4', 'fp32'] as const)(
    'has the size that cost predicts, with filters in %s',
    async (filters) => {
      const { bytes, scaleBytes } = predictSize(graph, { activations: 'float', ternary: 'five-trit', filters })!;
      const size = writeModel(await exportOnnx(graph, { filters })).length;
      expect(size / (bytes + scaleBytes)).toBeGreaterThan(1);
      // each layer of packed integers has the nodes that unpack it
      expect(size / (bytes + scaleBytes)).toBeLessThan(filters === 'int4' ? 1.05 : 1.03);
    },
  );

  it('has it with 8-bit activations too', async () => {
    const forms = { activations: 'int8', ternary: 'five-trit', filters: 'int8' } as const;
    const { bytes, scaleBytes } = predictSize(graph, forms)!;
    const few = { ...calibration, images: 1 };
    const size = writeModel(await exportOnnx(graph, { ...forms, calibration: few })).length;
    expect(size / (bytes + scaleBytes)).toBeGreaterThan(1);
    // with biases of hidden units
    expect(size / (bytes + scaleBytes)).toBeLessThan(1.04);
  });
});

describe('the file', () => {
  const network = deployed('ds-cnn', { method: 'hybrid' });

  it('says what a runtime has to know', async () => {
    network.metadata.set('input_mean', '127.5').set('input_std', '127.5').set('licence', 'free');
    const labels = Array.from({ length: 10 }, (_, k) => `class ${k}`);
    const { metadata } = readModel(writeModel(await exportOnnx(network, { labels })));
    expect(readPreprocessing(metadata)).toEqual({
      size: { height: 32, width: 32 },
      channels: 3,
      mean: [127.5],
      std: [127.5],
      labels,
    });
    const forms = { activations: 'float', filters: 'fp16', ternary: 'five-trit' };
    expect(JSON.parse(metadata.get(metadataKeys.tritbank)!)).toEqual({ version: 1, ...forms });
    expect(metadata.get('licence')).toBe('free');
  });

  it('names layers and stored weights after those of the model', async () => {
    const exported = await exportOnnx(network);
    const names = (graph: Graph) => graph.nodes.filter((n) => n.op === 'Conv' || n.op === 'Gemm').map((n) => n.name);
    expect(names(exported)).toEqual(names(network));
    const wb = network.initializers.find((v) => v.name.endsWith('_wb'))!;
    expect(exported.value(wb.name).constant!.data).toEqual(packValues(wb.constant!.data as Float32Array, fiveTrits));
  });

  it('holds unpacked ternary weights where they are asked for', async () => {
    const plain = await exportOnnx(network, { ternary: 'float', filters: 'fp32' });
    expect(plain.initializers.every((v) => v.dtype !== 'uint8')).toBe(true);
    expect((await load(plain, input)).scores).toEqual((await load(normalizeNetwork(network.clone()), input)).scores);
  });

  it('keeps weights as float32 that float16 has no place for', async () => {
    const large = network.clone();
    const weight = large.initializers.find((v) => v.name.endsWith('_fp_weight'))!;
    weight.constant = f32(
      weight.dims,
      (weight.constant!.data as Float32Array).map((w, i) => (i === 0 ? 1e5 : w)),
    );
    const exported = await exportOnnx(large);
    expect(exported.value(weight.name).constant).toEqual(weight.constant);
    expect(relativeNoise((await load(exported, input)).scores, (await load(large, input)).scores)).toBeLessThan(0.01);
  });
});

describe('refused', () => {
  const network = deployed('ds-cnn', { method: 'fp' });

  it.each([
    [{ activations: 'int8' }, 'calibration: expected images, found none'],
    [{ activations: 'int8', filters: 'fp16' }, 'filters: expected int8 or int4 with activations of 8 bits, found fp16'],
    [{ labels: ['one'] }, 'labels: expected 10 names, one a class, found 1'],
  ] as const)('%j', async (options, message) => {
    await expect(exportOnnx(network, options)).rejects.toThrow(message);
  });

  it('a model that is quantized already', async () => {
    await expect(exportOnnx(readModel(quantizedModel().bytes))).rejects.toThrow(
      'expected float weights, found a quantized',
    );
  });

  it('weights that are not numbers', async () => {
    const broken = network.clone();
    const weight = broken.initializers.find((v) => v.shape.length === 4)!;
    weight.constant = f32(
      weight.dims,
      (weight.constant!.data as Float32Array).map((w, i) => (i === 3 ? Number.NaN : w)),
    );
    await expect(exportOnnx(broken)).rejects.toThrow(`weight '${weight.name}': expected numbers, found NaN`);
  });
});
