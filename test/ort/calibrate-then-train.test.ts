/** Training that goes on from a calibrated network: it begins with what the calibration made, and keeps its forms. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { calibrate } from '../../src/compress/calibrate/calibrate.ts';
import { compressModel, defaultCompress } from '../../src/compress/index.ts';
import { synthetic } from '../../src/data/synthetic.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { normalizeNetwork } from '../../src/passes/index.ts';
import {
  bankPlan,
  deploy,
  findLayers,
  inBits,
  loadState,
  type Plan,
  readFilterBits,
  toFrozen,
  upTo,
} from '../../src/quantize/index.ts';
import { giveBatchNorms } from '../../src/train/give-batch-norms.ts';
import type { EpochRecord } from '../../src/train/index.ts';
import { evaluate, relativeError } from '../evaluate.ts';
import { writeBars } from './train-data.ts';
import { smallNormalisation } from './train-small.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-calibrate-train-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const shape = { width: 0.25, inputSize: 32, channels: 3, classes: 5, firstStride: 2, seed: 3 } as const;

test('computes what was calibrated', async () => {
  const original = buildNetwork('ds-cnn', shape);
  const layers = findLayers(normalizeNetwork(original.clone()));
  const candidates = layers.filter(({ kind, inputs }) => ['pointwise', 'classifier'].includes(kind) && inputs >= 4);
  const plan: Plan = {
    layers: Object.fromEntries(
      candidates.slice(-5).map(({ name, filters }, i) => [
        name,
        i === 1
          ? inBits(filters, 4)
          : bankPlan(
              filters,
              upTo(filters).filter((f) => f % 3 === i % 2 && i !== 2),
              filters,
            ),
      ]),
    ),
  };
  const { train: images } = synthetic({ classes: 5, height: 32, width: 32, train: 48, test: 1 });
  const options = { images: 48, chunk: 16, normalisation: smallNormalisation, threads: 1 };
  const { graph, trainable } = await calibrate(original, plan, images, options);
  const { network, initial } = trainable();
  const started = { ...network, graph: network.graph.clone() };
  loadState(started.graph, initial);
  const normed = await giveBatchNorms(started, network.base, images, {
    ...{ batchNorm: 'insert', batchSize: 8, count: 3, seed: 1, normalisation: smallNormalisation, threads: 1 },
    size: { height: 32, width: 32 },
  });
  const found = deploy(toFrozen(normed, new Map()), new Map());
  const pixels = images.pixels!.subarray(0, 3 * 32 * 32);
  const data = Float32Array.from(pixels, (p) => (p - 128) / 64);
  const feeds = { [graph.inputs[0]!.name]: { dtype: 'float32', dims: [1, 3, 32, 32], data } as const };
  expect(relativeError(evaluate(found, feeds), evaluate(graph, feeds))).toBeLessThan(1e-3);
  expect([...readFilterBits(found)]).toEqual([...readFilterBits(graph)]);
});

test('compress --init calibrate trains from there', async () => {
  writeBars(join(directory, 'bars'), { train: 64, test: 24 });
  const network = buildNetwork('ds-cnn', { width: 1, inputSize: 28, channels: 1, classes: 4, firstStride: 2, seed: 1 });
  const { result } = await compressModel(
    network,
    {
      data: join(directory, 'bars'),
      images: 48,
      uniform: { alpha: 0.5, widthRatio: 1 },
      activations: 'int8',
      threads: 1,
      init: 'calibrate',
      training: { ...defaultCompress.training, epochs: 1, batchSize: 16, learningRate: 1e-6, phases: [0, 0, 1] },
    },
    { out: join(directory, 'run') },
  );
  expect(Object.keys(result.seconds)).toEqual(expect.arrayContaining(['calibrate', 'train']));
  expect(result.agreement!.share).toBeGreaterThan(0.5);
});

test('training that ruins a calibrated network is left out', async () => {
  writeBars(join(directory, 'few'), { train: 64, test: 24 });
  const network = buildNetwork('ds-cnn', { width: 1, inputSize: 28, channels: 1, classes: 4, firstStride: 2, seed: 1 });
  const lines: string[] = [];
  const settings = {
    data: join(directory, 'few'),
    images: 48,
    uniform: { alpha: 0.5, widthRatio: 1 },
    threads: 1,
    init: 'calibrate',
  } as const;
  const how = { ...{ out: join(directory, 'ruined') }, warn: (line: string) => lines.push(line) };
  const { result } = await compressModel(
    network,
    // a weight decay that takes most of the weights
    {
      ...settings,
      training: {
        epochs: 2,
        batchSize: 16,
        learningRate: 0.5,
        clipNorm: 1,
        optimizer: { name: 'sgd', momentum: 0, nesterov: false, weightDecay: 1 },
      },
    },
    how,
  );
  const { images, calibrated, trained } = result.heldOut!;
  expect(images).toBe(13);
  expect(trained).toBeGreaterThanOrEqual(calibrated - 1 / images);
  expect(lines).toContain(
    '13 of 64 training images are held out (--validation): the epoch that does best on them is kept',
  );
  const history = readFileSync(join(directory, 'ruined', 'training', 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n');
  expect(history.map((line) => (JSON.parse(line) as EpochRecord).split)).toEqual(['validation', 'validation']);
});
