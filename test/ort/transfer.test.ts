/** Training that goes on from a given network for other classes: new head, fixed body, rates by depth, held-out images. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateModel } from '../../src/classifier/index.ts';
import { compileProgram } from '../../src/engine/index.ts';
import { loadModel } from '../../src/onnx/index.ts';
import { normalizeNetwork } from '../../src/passes/index.ts';
import { findLayers, weightRows } from '../../src/quantize/index.ts';
import { buildStep, type TrainConfig, trainNetwork, transferDefaults } from '../../src/train/index.ts';
import { planPhases } from '../../src/train/phases.ts';
import { replaceHead } from '../../src/train/replace-head.ts';
import { quickConfig, readMetrics, writeBars } from './train-data.ts';
import { small, smallFeeds, smallNetwork, smallOptions } from './train-small.ts';

let directory = '';
const at = (...names: string[]) => join(directory, ...names);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-transfer-'));
  // two classes first, then four
  writeBars(at('pairs'), { train: 256, test: 48, labels: 2 });
  writeBars(at('bars'), { train: 256, test: 48 });
  const { layerKinds: _all, ...config } = quickConfig(at('pairs'), { method: 'fp', model: 'ds-cnn', width: 0.25 });
  await trainNetwork({ ...config, epochs: 4, augment: false }, { out: at('first') });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const configOf = (changes: Partial<TrainConfig> = {}): TrainConfig => ({
  ...transferDefaults,
  from: at('first', 'model.onnx'),
  data: at('bars'),
  batchSize: 32,
  epochs: 3,
  headEpochs: 2,
  optimizer: { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0 },
  headRate: 0.05,
  learningRate: 0.02,
  reestimateBatches: 2,
  augment: false,
  threads: 1,
  ...changes,
});

describe('a new head', () => {
  it('takes the place of the last layer, whatever reshapes behind it', async () => {
    const graph = normalizeNetwork(await loadModel(at('first', 'model.onnx')));
    const names = replaceHead(graph, 7, 1);
    const head = findLayers(graph).at(-1)!;
    expect([head.filters, graph.outputs[0]!.shape.at(-1)]).toEqual([7, 7]);
    expect([...names]).toEqual([head.weight.name, head.node.input(2).name]);
    const rows = weightRows(head);
    const size = Math.sqrt(rows.reduce((sum, w) => sum + w * w, 0) / rows.length);
    // a tenth of 1 / sqrt(inputs)
    expect(size * Math.sqrt(head.inputs)).toBeGreaterThan(0.08);
    expect(size * Math.sqrt(head.inputs)).toBeLessThan(0.12);
    expect(graph.metadata.has('labels')).toBe(false);
  });
});

describe('a run', () => {
  it('trains the head first, then all, and evaluates on images that were held out', async () => {
    const result = await trainNetwork(configOf({ validation: 0.25 }), { out: at('run') });
    expect(readMetrics(at('run')).map(({ phase }) => phase)).toEqual(['head', 'head', 'full']);
    expect(readMetrics(at('run')).map(({ split }) => split)).toEqual(Array(3).fill('validation'));
    const accuracies = readMetrics(at('run')).map(({ top1 }) => top1);
    const { epoch, top1, ...held } = result.validation!;
    expect(held).toEqual({ share: 0.25, images: 64 });
    expect([top1, accuracies[epoch! - 1]]).toEqual([Math.max(...accuracies), top1]);
    expect(result.classes).toHaveLength(4);
    const lines = readFileSync(at('run', 'validation.txt'), 'utf8').trimEnd().split('\n');
    expect(new Set(lines).size).toBe(64);
    // of test images, not of those held out
    const evaluation = await evaluateModel(result.model, { data: at('bars') });
    expect(evaluation.top1).toBe(result.top1);
    expect(result.top1).toBeGreaterThan(0.5);
    const rates = readMetrics(at('run')).map(({ learningRate }) => learningRate);
    expect(rates.slice(0, 2)).toEqual([0.05, 0.05]);
  });

  it('compares the file with its epochs on the images that these were measured on', async () => {
    // test images of which every one has another label than its own
    const data = writeBars(at('shifted'), { train: 256, test: 48 });
    const labels = readFileSync(join(data, 't10k-labels-idx1-ubyte'));
    for (let i = 8; i < labels.length; i++) labels[i] = (labels[i]! + 1) % 4;
    writeFileSync(join(data, 't10k-labels-idx1-ubyte'), labels);
    const lines: string[] = [];
    const config = configOf({ data, validation: 0.25, epochs: 2 });
    const result = await trainNetwork(config, { out: at('shifted-run'), warn: (line) => lines.push(line) });
    expect(result.validation!.top1).toBeGreaterThan(result.top1 + 0.3);
    expect(lines.filter((line) => line.includes('always naming the most frequent class'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('the file is right'))).toEqual([]);
  });

  it('of the head alone leaves the body as it was', async () => {
    const { model } = await trainNetwork(configOf({ epochs: 1, headEpochs: 1, batchNorm: 'keep' }), {
      out: at('head'),
    });
    const [was, is] = await Promise.all(
      [at('first', 'model.onnx'), model].map(async (path) => findLayers(normalizeNetwork(await loadModel(path)))),
    );
    for (const [i, layer] of was!.slice(0, -1).entries()) {
      const [before, after] = [layer, is![i]!].map((one) => Array.from(one.weight.constant!.data as Float32Array));
      for (const [k, w] of before!.entries()) expect(after![k]).toBeCloseTo(w, 5);
    }
  });

  it('without an epoch for the body says so', async () => {
    const lines: string[] = [];
    const config = configOf({ epochs: 1, headEpochs: 3 });
    await trainNetwork(config, { out: at('head-only'), warn: (line) => lines.push(line) });
    expect(lines.filter((line) => line.includes('the body is never trained'))).toHaveLength(1);
  });

  it('takes other sizes and strides than the network that it goes on from', async () => {
    const run = { epochs: 1, headEpochs: 1, inputSize: 40, unitStrides: ['conv'] };
    await trainNetwork(configOf(run), { out: at('finer') });
    const finer = await loadModel(at('finer', 'model.onnx'));
    expect(finer.inputs[0]!.shape.slice(1)).toEqual([1, 40, 40]);
    const [before, after] = await Promise.all(
      ['first', 'finer'].map(async (name) => {
        const graph = normalizeNetwork(await loadModel(at(name, 'model.onnx')));
        return findLayers(graph)[0]!.node.output().shape.at(-1) as number;
      }),
    );
    expect(after! / 40).toBe((2 * before!) / 28);
    await expect(trainNetwork(configOf({ ...run, unitStrides: ['x'] }), { out: at('no') })).rejects.toThrow(
      /^unit strides: expected names of layers with strides: .*, found 'x'$/,
    );
    await expect(trainNetwork(configOf({ outputStride: 32 }), { out: at('no') })).rejects.toThrow(
      /^output stride: expected 1, 2.*, found 32$/,
    );
  });

  it('is stopped and goes on to the same network', async () => {
    const stop = new AbortController();
    const whole = await trainNetwork(configOf(), { out: at('whole') });
    const stopped = trainNetwork(configOf(), {
      out: at('stopped'),
      signal: stop.signal,
      onProgress: ({ kind, epoch }) => kind === 'images' && epoch === 2 && stop.abort(),
    });
    await expect(stopped.then(() => '')).rejects.toThrow('stopped at step');
    const resumed = await trainNetwork(configOf(), { out: at('stopped'), resume: true });
    expect(resumed.loss).toBe(whole.loss);
    expect(readFileSync(resumed.model).equals(readFileSync(whole.model))).toBe(true);
  });

  it.each<[string, Partial<TrainConfig>, object]>([
    ['ternary weights', { method: 'twn' }, { code: 'E_USAGE', where: 'method' }],
    ['a share of nothing', { validation: 1.5 }, { code: 'E_USAGE', where: 'validation' }],
    ['half a normalisation', { normalisation: { mean: [1], std: [] } }, { code: 'E_USAGE', where: '--mean' }],
    ['a size that images of this data set cannot have', { inputSize: { height: 20, width: 60 } }, { code: 'E_DATA' }],
    ['no model', { from: 'absent.onnx' }, { code: 'E_FILE' }],
  ])('refuses %s', async (_, changes, expected) => {
    const run = trainNetwork(configOf(changes), { out: at('refused') }).then(() => '');
    await expect(run).rejects.toMatchObject(expected);
  });
});

describe('rates by depth', () => {
  it('are small in front, and one at the end', async () => {
    const step = async (bodyRate: number) => {
      const { graph, slots, learned } = buildStep(smallNetwork(), { ...smallOptions, bodyRate });
      const program = await compileProgram(graph, slots, { threads: 1 });
      const before = await program.state();
      await program.step(smallFeeds(0));
      const after = await program.state();
      await program.release();
      const moved = (name: string) => {
        const [was, is] = [before, after].map((state) => state.get(name)!.data as Float32Array);
        return Math.sqrt(was!.reduce((sum, w, i) => sum + (w - is![i]!) ** 2, 0));
      };
      return new Map(learned.map((name) => [name, moved(name)]));
    };
    const [even, graded] = [await step(1), await step(0.01)];
    const shares = [...even].map(([name, moved]) => graded.get(name)! / moved);
    expect(shares[0]).toBeCloseTo(0.01, 4);
    expect(Math.max(...shares)).toBeCloseTo(1, 4);
    expect(shares.some((share) => share > 0.02 && share < 0.9)).toBe(true);
    expect(small.classes).toBe(5);
  });
});

it('the epochs of the head come first', () => {
  const spans = (epochs: number, headEpochs: number) =>
    planPhases({ method: 'fp', phases: [1, 0, 0], epochs, headEpochs }).map(({ phase, epochs: n, before }) => [
      phase,
      n,
      before,
    ]);
  expect(spans(4, 1)).toEqual([
    ['head', 1, 0],
    ['full', 3, 1],
  ]);
  expect(spans(2, 5)).toEqual([['head', 2, 0]]);
  expect(spans(2, 0)).toEqual([['full', 2, 0]]);
});
