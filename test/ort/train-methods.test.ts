/** Every method from pixels to the exported file: it learns, leaves its records, and stock ONNX Runtime agrees. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateModel } from '../../src/classifier/index.ts';
import { openDataset } from '../../src/data/index.ts';
import { compileProgram } from '../../src/engine/index.ts';
import { countTernary, int, isTernary, type Tensor } from '../../src/ir/index.ts';
import { NetworkBuilder } from '../../src/models/index.ts';
import { loadModel } from '../../src/onnx/index.ts';
import { inferShapes } from '../../src/passes/index.ts';
import { applyPlan, type Plan, type QuantizedNetwork, toFrozen, toTernary } from '../../src/quantize/index.ts';
import { loadCheckpoint } from '../../src/train/checkpoint.ts';
import { buildStep, type RunResult, type TrainConfig, trainNetwork } from '../../src/train/index.ts';
import { normal } from '../evaluate.ts';
import { quickConfig, readMetrics, writeBars } from './train-data.ts';
import { small, smallFeeds, smallOptions } from './train-small.ts';

let directory = '';
let data = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-methods-'));
  data = writeBars(join(directory, 'bars'), { train: 256, test: 48 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function configOf(changes: Partial<TrainConfig>): TrainConfig {
  const { layerKinds: _all, ...config } = quickConfig(data);
  return {
    ...config,
    width: 0.25,
    epochs: 6,
    phases: [1, 1, 1],
    augment: false,
    learningRate: 0.03,
    reestimateBatches: 8,
    ...changes,
  };
}

/** Names of the ternary initializers that a plan asks for. */
function ternaryNames({ layers }: Plan): string[] {
  return Object.entries(layers).flatMap(([name, plan]) => {
    if (plan.method === 'fp') return [];
    return plan.method === 'twn' ? [`${name}_weight`] : [`${name}_wb`, `${name}_wc`];
  });
}

/** Predictions of the file in the plain runtime, fed with normalised floats. */
async function plainPredictions(path: string): Promise<number[]> {
  const { test } = await openDataset(data);
  const { metadata } = await loadModel(path);
  const [mean, std] = ['input_mean', 'input_std'].map((key) => Number(metadata.get(key)));
  const input = Float32Array.from(test.pixels!, (v) => (v - mean!) / std!);
  const session = await ort.InferenceSession.create(path);
  const tensor = new ort.Tensor('float32', input, [test.length, 1, 28, 28]);
  const { logits } = await session.run({ input: tensor });
  await session.release();
  const scores = logits!.data as Float32Array;
  return Array.from({ length: test.length }, (_, i) => {
    const row = [...scores.subarray(4 * i, 4 * i + 4)];
    return row.indexOf(Math.max(...row));
  });
}

it('trains a Gemm classifier as a filter bank, in all phases', async () => {
  const { graph, build } = new NetworkBuilder('gemm', 7);
  const image = graph.input('input', 'float32', ['N', small.channels, small.size, small.size]);
  const weight = build.constant('w', normal(1, [small.classes, small.channels * small.size ** 2]));
  graph.outputs = [build.op('Gemm', [build.op('Flatten', [image]), weight], { transB: int(1) }, 'logits')];
  const plan: Plan = { layers: { logits: { method: 'hybrid', fullPrecision: [0, 1], hidden: 6 } } };
  let network: QuantizedNetwork = applyPlan(inferShapes(graph), plan, 3);
  let state: ReadonlyMap<string, Tensor> = new Map();
  for (const [i, phase] of [network, toTernary(network), undefined].entries()) {
    if (!phase) network = toFrozen(network, state);
    const { graph, fixed } = phase ?? network;
    const { graph: step, slots } = buildStep(graph, { ...smallOptions, frozen: fixed });
    const program = await compileProgram(step, slots);
    await program.load(new Map([...state].filter(([name]) => phase && graph.find(name))));
    const losses: number[] = [];
    while (losses.length < 20) losses.push((await program.step(smallFeeds(i + 1, 0.01))).loss!.data[0] as number);
    expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!);
    state = await program.state();
    await program.release();
  }
  const learned = ['logits_a', 'logits_fp_weight', 'logits_hidden_mean', 'logits_hidden_variance'];
  expect([...state.keys()].filter((name) => !name.includes('/')).sort()).toEqual(learned);
});

describe.each<[string, Partial<TrainConfig>, number]>([
  ['fp', { method: 'fp' }, 0],
  ['twn, one scale a tensor', { method: 'twn', granularity: 'tensor' }, 28],
  ['twn, one scale a filter', { method: 'twn', granularity: 'filter' }, 28],
  ['strassen', { method: 'strassen' }, 30],
  ['hybrid', { method: 'hybrid', alpha: 0.5 }, 30],
  ['twn, MobileNet-V2', { method: 'twn', model: 'mobilenet-v2', firstStride: 2 }, 53],
  ['hybrid, ResNet-20', { method: 'hybrid', model: 'resnet-20', firstStride: 2 }, 40],
  ['strassen, DS-CNN', { method: 'strassen', model: 'ds-cnn', firstStride: 2 }, 12],
])('%s', (name, changes, matrices) => {
  let config: TrainConfig;
  let out = '';
  let result: RunResult;
  beforeAll(async () => {
    config = configOf(changes);
    out = join(directory, name.replaceAll(/\W+/g, '-'));
    result = await trainNetwork(config, { out, command: 'test' });
  });

  it('learns', () => {
    const records = readMetrics(out);
    expect(result.top1).toBeGreaterThan(0.5);
    expect(records.at(-1)!.trainLoss).toBeLessThan(0.8 * records[0]!.trainLoss);
    expect(records.map((r) => r.epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(records.map((r) => r.step)).toEqual([8, 16, 24, 32, 40, 48]);
    const phases = config.method === 'fp' ? ['full', 'full', 'full'] : ['full', 'ternary', 'frozen'];
    expect(records.map((r) => r.phase)).toEqual(phases.flatMap((p) => [p, p]));
  });

  it('leaves its records', () => {
    const files = readdirSync(out).sort();
    expect(files.filter((f) => !f.startsWith('events'))).toEqual(
      [
        'checkpoint.safetensors',
        'config.json',
        'metrics.jsonl',
        'model.onnx',
        'plan.json',
        'provenance.jsonl',
        'result.json',
      ].sort(),
    );
    expect(files.filter((f) => /^events\.out\.tfevents\.\d+\.tritbank$/.test(f))).toHaveLength(1);
    const read = (file: string): unknown => JSON.parse(readFileSync(join(out, file), 'utf8'));
    expect(read('config.json')).toEqual(config);
    expect(read('result.json')).toEqual(JSON.parse(JSON.stringify(result)));
    expect(result).toMatchObject({ method: config.method, epochs: 6, seed: 1, dataset: 'bars', command: 'test' });
    expect(result.history).toHaveLength(6);
    expect(result.samples.map((s) => s.pixels.length)).toEqual(Array(24).fill(784));
    expect(result.confusion.flat().reduce((a, b) => a + b, 0)).toBe(48);
    const { position, state } = loadCheckpoint(join(out, 'checkpoint.safetensors'))!;
    expect(position).toMatchObject({ epoch: config.method === 'fp' ? 6 : 2, batch: 0, step: 48 });
    expect([...state.values()].every((t) => (t.data as Float32Array).every(Number.isFinite))).toBe(true);
  });

  it('exports -1, 0 and 1 where the plan says ternary', async () => {
    const plan = JSON.parse(readFileSync(join(out, 'plan.json'), 'utf8')) as Plan;
    const names = ternaryNames(plan);
    expect(names).toHaveLength(matrices);
    const graph = await loadModel(join(out, 'model.onnx'));
    const found = graph.initializers.filter((v) => v.shape.length === 4 && isTernary(v.constant!));
    expect(found.map((v) => v.name).sort()).toEqual(names.sort());
    const counts = found.map((v) => countTernary(v.constant!));
    // nothing but zeros would be ternary too
    expect(counts.every(({ minus, zero, plus }) => minus > 0 && zero > 0 && plus > 0)).toBe(true);
    const sum = (all: readonly { minus: number; zero: number; plus: number }[]) =>
      all.reduce((s, c) => [s[0]! + c.minus, s[1]! + c.zero, s[2]! + c.plus], [0, 0, 0]);
    expect(sum(result.layers.flatMap((l) => l.ternary ?? []))).toEqual(sum(counts));
  });

  it('predicts the same in the plain runtime and in evaluateModel, on all test images', async () => {
    const path = join(out, 'model.onnx');
    const evaluation = await evaluateModel(path, { data });
    expect(await plainPredictions(path)).toEqual([...evaluation.predictions]);
    const { top1, top5, confusion, classes } = evaluation;
    expect({ top1, top5, confusion, classes }).toEqual({
      top1: result.top1,
      top5: result.top5,
      confusion: result.confusion,
      classes: result.classes,
    });
    expect(evaluation.loss).toBeCloseTo(result.loss, 5);
  });
});
