/**
 * Exports with 8-bit activations: what comes before rounding leaves the function as it is, ONNX Runtime computes every
 * layer in integers, and scores stay close.
 */

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as web from 'onnxruntime-web';
import { describe, expect, it, test } from 'vitest';
import type { Split } from '../../src/data/index.ts';
import { exportModel, exportOnnx } from '../../src/export/index.ts';
import { absorbProducts } from '../../src/export/onnx/int8/absorb.ts';
import { calibrate } from '../../src/export/onnx/int8/calibrate.ts';
import { centre } from '../../src/export/onnx/int8/centre.ts';
import { chooseTensors } from '../../src/export/onnx/int8/choose.ts';
import { equalize } from '../../src/export/onnx/int8/equalize.ts';
import { flattenHead } from '../../src/export/onnx/int8/flatten-head.ts';
import { RowScales } from '../../src/export/onnx/int8/row-scales.ts';
import { readIntegerNetwork } from '../../src/integer/index.ts';
import {
  f32,
  Graph,
  type Graph as GraphType,
  i64,
  int,
  ints,
  isTernary,
  type Tensor,
  type Value,
  verify,
} from '../../src/ir/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { inferShapes, Linear, normalizeNetwork } from '../../src/passes/index.ts';
import type { PlanOptions } from '../../src/quantize/index.ts';
import { normal, ternary } from '../evaluate.ts';
import { classifiers } from '../fixtures/classifiers.ts';
import { imagesFor } from '../fixtures/images.ts';
import { calibration, deployed, load, normalisation, relativeNoise, testImages } from './export-helper.ts';

const input = testImages(4);

/** Name, plan, how many convolutions, Gemms and sums are integer ones. */
const cases: readonly (readonly [string, PlanOptions, number, number, number])[] = [
  ['mobilenet-v1', { method: 'fp' }, 27, 1, 0],
  ['mobilenet-v1', { method: 'twn', granularity: 'filter' }, 27, 1, 0],
  // 13 pointwise layers, the first one and the classifier have a hidden convolution more, and banks one of each kind
  ['mobilenet-v1', { method: 'strassen' }, 27 + 14, 2, 0],
  ['mobilenet-v1', { method: 'hybrid', alpha: 0.5 }, 27 + 2 * 14, 2, 0],
  ['mobilenet-v2', { method: 'hybrid' }, 52 + 2 * 35, 2, 11],
  ['mobilenet-v2', { method: 'twn', granularity: 'filter' }, 52, 1, 11],
  ['resnet-20', { method: 'hybrid' }, 19 + 2 * 19, 2, 9],
  ['resnet-20', { method: 'twn', granularity: 'tensor' }, 19, 1, 9],
  ['ds-cnn', { method: 'hybrid' }, 9 + 2 * 5, 2, 0],
];

describe.each(cases)('%s, %j', (model, plan, convs, gemms, sums) => {
  const network = deployed(model, plan);

  it('keeps its function until it is rounded, and its ternary weights', async () => {
    const graph = normalizeNetwork(network.clone());
    const { scores } = await load(graph, input);
    // a hundred random layers make of a difference in the last digit another result altogether
    const tolerance = convs > 100 ? 2 : model === 'mobilenet-v2' ? 0.2 : 1e-4;
    const rows = new RowScales(graph);
    absorbProducts(graph, rows);
    flattenHead(graph, rows);
    verify(inferShapes(graph));
    expect(graph.nodes.filter((node) => node.op === 'Mul')).toEqual([]);
    expect(relativeNoise((await load(graph, input)).scores, scores)).toBeLessThan(tolerance);
    const measured = chooseTensors(graph).filter((value) => value !== graph.inputs[0]);
    await centre(graph, measured, calibration);
    const histograms = await calibrate(graph, measured, calibration);
    const equal = await equalize(graph, histograms, rows);
    verify(inferShapes(graph));
    expect(equal.size > 0).toBe(model !== 'resnet-20');
    expect(relativeNoise((await load(graph, input)).scores, scores)).toBeLessThan(tolerance);
    for (const node of graph.nodes) {
      const linear = Linear.of(node);
      const known = linear && rows.get(linear.weight);
      if (!known) continue;
      expect(isTernary(known.codes)).toBe(true);
      expect(known.scales.every((s) => s > 0)).toBe(true);
    }
  });

  it('is computed in integers, and means the same to a runtime that fuses nothing', async () => {
    const exported = await exportOnnx(network, { activations: 'int8', calibration });
    const { ops, scores } = await load(exported, input);
    expect([ops.Conv, ops.Gemm, ops.FusedConv, ops.Cast]).toEqual([undefined, undefined, undefined, undefined]);
    expect([ops.QLinearConv, ops.QGemm, ops.QLinearAdd ?? 0]).toEqual([convs, gemms, sums]);
    expect(ops.QLinearGlobalAveragePool).toBe(1);
    const plain = await load(exported, input, 'disabled');
    // where a sum lies half-way between two levels, the order of its additions decides, and random layers amplify that
    const noise = relativeNoise(plain.scores, (await load(network, input)).scores);
    expect(relativeNoise(scores, plain.scores)).toBeLessThan(Math.max(0.02, 2 * noise));
  });
});

test('scores are those of the float network, but for a little noise', async () => {
  const plans: readonly (readonly [string, PlanOptions])[] = [
    ['ds-cnn', { method: 'hybrid' }],
    ['resnet-20', { method: 'twn', granularity: 'tensor' }],
  ];
  for (const [model, plan] of plans) {
    const network = deployed(model, plan);
    const { scores } = await load(network, input);
    const exported = await exportOnnx(network, { activations: 'int8', calibration });
    expect(relativeNoise((await load(exported, input)).scores, scores)).toBeLessThan(0.1);
  }
});

test('hidden units whose means lie far apart are told apart nevertheless', async () => {
  // hidden units of 48 inputs near 10, in the mean up to 960 apart, of whose differences the filters are made
  const graph = new Graph('means');
  const x = graph.input('input', 'float32', ['N', 3, 32, 32]);
  const relu = (value: Value) => graph.add('Relu', [value]).output();
  const constant = (name: string, tensor: ReturnType<typeof f32>) => graph.initializer(name, tensor);
  const wide = graph.add('Conv', [
    x,
    constant('w0', normal(1, [48, 3, 3, 3])),
    constant('b0', f32([48], new Array(48).fill(10))),
  ]);
  const signs = Float32Array.from({ length: 64 * 48 }, (_, i) => (i % 48 < Math.floor(i / 48) ? 1 : -1));
  const hidden = graph.add('Conv', [relu(wide.output()), constant('wb', f32([64, 48, 1, 1], signs))]);
  const pairs = Float32Array.from({ length: 8 * 64 }, (_, i) => {
    const [f, c] = [Math.floor(i / 64), i % 64];
    return c === 6 * f + 1 ? 1 : c === 6 * f ? -1 : 0;
  });
  const ternaryFilters = graph.add('Conv', [hidden.output(), constant('wc', f32([8, 64, 1, 1], pairs))]);
  const pooled = graph.add('MaxPool', [relu(ternaryFilters.output())], { kernel_shape: ints([30, 30]) }).output();
  const flat = graph.add('Flatten', [pooled]).output();
  graph.outputs = [graph.add('Gemm', [flat, constant('head', normal(5, [8, 10]))]).output()];
  inferShapes(verify(graph));
  const { scores } = await load(graph, input);
  const exported = await exportOnnx(graph, { activations: 'int8', calibration });
  const noise = relativeNoise((await load(exported, input)).scores, scores);
  // 0.05 where means stay in
  expect(noise).toBeLessThan(0.03);
});

test('a model of one batch size, however large, is exported', async () => {
  const network = deployed('ds-cnn', { method: 'hybrid' });
  network.inputs[0]!.type = { dtype: 'float32', shape: [48, 3, 32, 32] };
  for (const output of network.outputs) output.type = undefined;
  const whole = { ...calibration, images: 48 };
  const exported = await exportOnnx(inferShapes(network), { activations: 'int8', calibration: whole });
  expect(exported.inputs[0]!.shape[0]).toBe(48);
});

test('WebAssembly computes the same file', async () => {
  web.env.wasm.numThreads = 1;
  const exported = await exportOnnx(deployed('ds-cnn', { method: 'hybrid' }), { activations: 'int8', calibration });
  const session = await web.InferenceSession.create(writeModel(exported), { logSeverityLevel: 3 });
  const feeds = { input: new web.Tensor('float32', input.data as Float32Array, input.dims) };
  const found = (await session.run(feeds)).logits!.data as Float32Array;
  expect(relativeNoise(found, (await load(exported, input)).scores)).toBeLessThan(0.02);
});

/** input -> Conv (ternary if asked for) -> Mul(factors) -> Clip(0, 6) -> depthwise Conv -> pool -> Flatten -> Gemm. */
function chain(factors: readonly number[], isTrits: boolean): GraphType {
  const graph = new Graph('chain');
  const x = graph.input('input', 'float32', ['N', 3, 32, 32]);
  const constant = (name: string, tensor: ReturnType<typeof f32>) => graph.initializer(name, tensor);
  const channels = factors.length;
  const dims = [channels, 3, 3, 3];
  const w = constant('w', isTrits ? ternary(1, dims) : normal(1, dims));
  const bias = constant(
    'b',
    f32(
      [channels],
      factors.map((_, i) => i),
    ),
  );
  const y = graph.add('Conv', [x, w, bias], { pads: ints([1, 1, 1, 1]) }, { name: 'first' }).output();
  const scaled = graph.add('Mul', [y, constant('s', f32([1, channels, 1, 1], factors))]).output();
  const clipped = graph.add('Clip', [scaled, constant('low', f32([], [0])), constant('high', f32([], [6]))]).output();
  const dw = graph.add(
    'Conv',
    [clipped, constant('dw', normal(2, [channels, 1, 3, 3]))],
    { group: int(channels) },
    { name: 'second' },
  );
  const pooled = graph.add('GlobalAveragePool', [dw.output()]).output();
  const flat = graph.add('Reshape', [pooled, graph.initializer('shape', i64([-1, channels]))]).output();
  const gemm = graph.add(
    'Gemm',
    [flat, constant('fc', normal(3, [channels, 5]))],
    {},
    { name: 'last', outputs: ['logits'] },
  );
  graph.outputs = [gemm.output()];
  return verify(inferShapes(graph));
}

describe('scales behind a layer', () => {
  it.each([
    ['ternary', [0.5, -2, 0.01, 7], true],
    ['full-precision', [0.5, -2, 0.01, 7], false],
    ['with a dead filter', [0.5, 0, 1, 1], true],
  ] as const)('%s', async (_, factors, isTrits) => {
    const network = chain(factors, isTrits);
    const exported = await exportOnnx(network, { activations: 'int8', calibration });
    const [expected, found] = [await load(network, input), await load(exported, input)];
    expect(found.ops.QLinearConv).toBe(2);
    expect(relativeNoise(found.scores, expected.scores)).toBeLessThan(0.1);
    const isPacked = exported.value('w').dtype === 'uint8';
    expect(isPacked).toBe(isTrits);
  });
});

test('a layer keeps its bias where its weights are next to nothing', async () => {
  const network = chain([1, 1, 1e-12, 1], false);
  const bias = network.value('b');
  bias.constant = f32([4], [0, 0, 3e12, 0]);
  const exported = await exportOnnx(network, { activations: 'int8', calibration });
  const [expected, found] = [await load(network, input), await load(exported, input)];
  expect(relativeNoise(found.scores, expected.scores)).toBeLessThan(0.05);
});

test('sums with their bias fit 24 bits where the bias outweighs the weights, which are not lost', async () => {
  const network = chain([1, 1, 1e-4, 1], false);
  const bias = network.value('b');
  bias.constant = f32([4], [0, 0, 3e4, 0]);
  const exported = await exportOnnx(network, { activations: 'int8', calibration });
  const [expected, found] = [await load(network, input), await load(exported, input)];
  expect(relativeNoise(found.scores, expected.scores)).toBeLessThan(0.05);
  const integers = readIntegerNetwork(readModel(writeModel(exported)));
  const [first] = integers.layers;
  if (first?.kind !== 'convolution' || first.output.type !== 'int8') throw new Error('no convolution');
  const own = first.weights.values.subarray(2 * first.columns, 3 * first.columns);
  const reach = own.reduce((sum, w) => sum + 128 * Math.abs(w), 0) + Math.abs(first.output.biases[2]!);
  expect(reach).toBeGreaterThan(2 ** 22);
  expect(reach).toBeLessThan(2 ** 23);
  expect(own.some((w) => w !== 0)).toBe(true);
});

test('the file says how its images are normalised', async () => {
  const network = chain([1, 1, 1, 1], true);
  const { metadata } = await exportOnnx(network, { activations: 'int8', calibration });
  expect([metadata.get('input_mean'), metadata.get('input_std')]).toEqual([
    normalisation.mean.join(),
    normalisation.std.join(),
  ]);
});

test('images of another kind are refused', async () => {
  const network = deployed('ds-cnn', { method: 'fp' });
  const split: Split = { ...calibration.split, channels: 1, length: 1 };
  const options = { activations: 'int8', calibration: { ...calibration, split } } as const;
  await expect(exportOnnx(network, options)).rejects.toThrow('calibration: expected images of 3 channels, found 1');
});

test('calibration stops when it is told to', async () => {
  const network = deployed('ds-cnn', { method: 'fp' });
  const signal = AbortSignal.abort();
  const stopped = exportOnnx(network, { activations: 'int8', calibration: { ...calibration, signal } });
  await expect(stopped).rejects.toThrow('stopped after 0 of 16 images');
});

test('a classifier that is a filter bank behind a global pool is one of Gemms', async () => {
  const network = chain([1, 1, 1, 1], true);
  const last = network.nodes.at(-1)!;
  const pooled = network.nodes.find((node) => node.op === 'GlobalAveragePool')!.output();
  const conv = (x: Value, name: string, w: Tensor) =>
    network.add('Conv', [x, network.initializer(`${name}_w`, w)], {}, { name }).output();
  const hidden = conv(pooled, 'fc_hidden', ternary(4, [6, 4, 1, 1]));
  const a = network.initializer('a', f32([1, 6, 1, 1], [1, -2, 0.5, 3, 0.25, 1]));
  const scaled = network.add('Mul', [hidden, a], {}, { name: 'fc_hidden_scale' }).output();
  const parts = [conv(pooled, 'fc_fp', normal(5, [2, 4, 1, 1])), conv(scaled, 'fc_ternary', ternary(6, [3, 6, 1, 1]))];
  const bank = network.add('Concat', parts, { axis: int(1) }, { name: 'fc_bank' }).output();
  const flat = network.add('Flatten', [bank], { axis: int(1) }).output();
  const order = network.initializer('order', i64([4, 0, 3, 1, 2]));
  network.outputs = [network.add('Gather', [flat, order], { axis: int(1) }).output()];
  network.remove(last);
  verify(inferShapes(network));
  const exported = await exportOnnx(network, { activations: 'int8', calibration });
  const [expected, found] = [await load(network, input), await load(exported, input)];
  expect([found.ops.QGemm, found.ops.QLinearConv, found.ops.Gather]).toEqual([3, 2, 1]);
  expect(relativeNoise(found.scores, expected.scores)).toBeLessThan(0.05);
});

test('channels that are picked and shuffled stay integers', async () => {
  const graph = new Graph('shuffle');
  const x = graph.input('input', 'float32', ['N', 3, 32, 32]);
  const constant = (name: string, tensor: Tensor) => graph.initializer(name, tensor);
  const apply = (op: string, inputs: Value[], attributes = {}) => graph.add(op, inputs, attributes).output();
  const first = apply('Conv', [x, constant('w', normal(1, [6, 3, 3, 3]))]);
  const apart = apply('Reshape', [first, constant('apart', i64([0, 2, 3, 30, 30]))]);
  const turned = apply('Transpose', [apart], { perm: ints([0, 2, 1, 3, 4]) });
  const whole = apply('Reshape', [turned, constant('whole', i64([0, 6, 30, 30]))]);
  const range = [constant('from', i64([1])), constant('to', i64([5])), constant('axis', i64([1]))];
  const cut = apply('Slice', [whole, ...range]);
  const picked = apply('Gather', [cut, constant('order', i64([3, 0, 2]))], { axis: int(1) });
  const second = apply('Conv', [picked, constant('v', normal(2, [5, 3, 1, 1]))]);
  graph.outputs = [apply('Flatten', [apply('GlobalAveragePool', [second])])];
  const network = verify(inferShapes(graph));
  const exported = await exportOnnx(network, { activations: 'int8', calibration });
  const [expected, found] = [await load(network, input), await load(exported, input)];
  expect([found.ops.QLinearConv, found.ops.Conv]).toEqual([2, undefined]);
  const moved = exported.nodes.filter((node) => node.op === 'Slice' || node.op === 'Gather');
  expect(moved.map((node) => node.input(0).producer?.op)).toEqual(['Reshape', 'Slice']);
  expect(exported.nodes.filter((node) => node.op === 'QuantizeLinear')).toHaveLength(3);
  expect(relativeNoise(found.scores, expected.scores)).toBeLessThan(0.05);
});

test.each(classifiers.filter(({ family, width }) => family === 'V1' && width === 0.5))(
  'the file of $name becomes one of 8 bits that says the same',
  async (classifier) => {
    const directory = mkdtempSync(join(tmpdir(), 'tritbank-export-'));
    try {
      const [model, out] = [join(directory, 'float.onnx'), join(directory, 'x.onnx')];
      writeFileSync(model, await classifier.read());
      const data = await imagesFor(classifier, join(directory, 'images'), { train: 5, val: 5 });
      const config = { activations: 'int8', images: 48, testSamples: 50, threads: 1 } as const;
      const { agreement } = await exportModel({ ...config, model, data, out });
      expect(statSync(out).size).toBeLessThan(0.3 * statSync(model).size);
      expect(agreement).toBeGreaterThan(0.85);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);
