/** The whole story in seconds: each part hands its result to the next, on four classes of drawn bars. */

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  analyzeNetwork,
  type CompressResult,
  compressModel,
  costCandidates,
  evaluateModel,
  exportModel,
  loadAccelerator,
  loadModel,
  makeCandidates,
  measureCost,
  normalizeNetwork,
  openDataset,
  optimizePlan,
  type RunResult,
  trainNetwork,
} from '../src/index.ts';
import { InferenceSession, Tensor } from '../src/runtime/node.ts';
import { quickConfig, writeBars } from './ort/train-data.ts';

const budget = { size: 0.9, energy: 0.9 };
let directory = '';
let data = '';
let trained: RunResult;
let compressed: CompressResult;
const at = (name: string) => join(directory, name);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-smoke-'));
  data = writeBars(at('bars'), { train: 128, test: 48 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('train a network', async () => {
  const { layerKinds: _all, ...config } = quickConfig(data, { method: 'fp', model: 'ds-cnn', width: 0.25, epochs: 10 });
  trained = await trainNetwork({ ...config, augment: false }, { out: at('trained') });
  expect(trained.top1).toBeGreaterThan(0.5);
});

test('analyze its layers and plan banks', async () => {
  const graph = normalizeNetwork(await loadModel(trained.model));
  const analysis = await analyzeNetwork(graph, { ratios: [0.5, 1], threads: 1 });
  const costs = costCandidates(graph, makeCandidates(graph, analysis));
  const { relative, loss, lowerBound } = await optimizePlan(costs, budget);
  expect(relative.size).toBeLessThanOrEqual(budget.size);
  expect(loss).toBeGreaterThan(0);
  expect(lowerBound).toBe(loss);
});

test('compress it, trained for three epochs', async () => {
  const training = {
    epochs: 3,
    learningRate: 0.02,
    phases: [0, 0, 1],
    calibrationBatches: 1,
    reestimateBatches: 1,
  } as const;
  const settings = { data, budget, ratios: [0.5, 1], images: 64, threads: 1, training };
  ({ result: compressed } = await compressModel(trained.model, settings, { out: at('compressed') }));
  expect(compressed.accuracy!.after.top1).toBeGreaterThan(0.5);
});

test('cost of the result', async () => {
  const graph = await loadModel(compressed.model);
  const { bytes, additions } = measureCost(graph, { accelerator: loadAccelerator('paper'), scheme: 'hybrid' });
  expect(additions).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(statSync(trained.model).size);
});

test('export it with 8-bit weights and activations', async () => {
  const config = { activations: 'int8', images: 32, testSamples: 48, threads: 1 } as const;
  const { agreement } = await exportModel({ ...config, model: compressed.model, data, out: at('int8.onnx') });
  expect(agreement).toBeGreaterThan(0.7);
});

test('run the export without ONNX Runtime', async () => {
  const session = await InferenceSession.create(at('int8.onnx'));
  const { test: images } = await openDataset(data);
  const { metadata } = await loadModel(at('int8.onnx'));
  const [mean, std] = ['input_mean', 'input_std'].map((key) => Number(JSON.parse(metadata.get(key)!)));
  const pixels = Float32Array.from(await images.read(0), (pixel) => (pixel - mean!) / std!);
  const scores = (await session.run({ input: new Tensor('float32', pixels, [1, 1, 28, 28]) })).logits!;
  await session.release();
  expect(scores.dims).toEqual([1, 4]);
});

test('evaluate the export', async () => {
  const { top1, samples } = await evaluateModel(at('int8.onnx'), { data });
  expect([samples, top1 > 0.5]).toEqual([48, true]);
});
