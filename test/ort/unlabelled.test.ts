/** Compression with images that nobody labelled: the original's predictions stand for labels, on images kept apart. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { evaluateModel } from '../../src/classifier/index.ts';
import { compressModel, defaultCompress } from '../../src/compress/index.ts';
import { synthetic } from '../../src/data/index.ts';
import type { Graph } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { describeCompression } from '../../src/report/compress-text.ts';

let directory: string;
let network: Graph;
const at = (name: string) => join(directory, name);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-unlabelled-'));
  network = buildNetwork('ds-cnn', { width: 1, inputSize: 28, channels: 1, classes: 4, firstStride: 2, seed: 1 });
  mkdirSync(at('flat/photos'), { recursive: true });
  const { test } = synthetic({ classes: 4, height: 28, width: 28, channels: 1, train: 1, test: 60 });
  for (let i = 0; i < test.length; i++) {
    const raw = { width: 28, height: 28, channels: 1 } as const;
    await sharp(await test.read(i), { raw }).toFile(at(`flat/photos/${i}.png`));
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const settings = { images: 32, uniform: { alpha: 0.5, widthRatio: 1 }, activations: 'int8', threads: 1 } as const;

test.each([
  ['a flat folder', 'flat/photos'],
  ['one folder of many images', 'flat'],
])('%s calibrates, and judges by agreement', async (_, data) => {
  const compression = await compressModel(
    network,
    { ...settings, data: at(data), method: 'calibrate' },
    { out: at(`out-${data.length}`) },
  );
  const { accuracy, agreement, labels, control } = compression.result;
  expect(labels).toBe('original');
  expect(accuracy!.before).toMatchObject({ top1: 1, samples: 12 });
  expect(accuracy!.after.top1).toBeCloseTo(agreement!.share, 12);
  expect(control.top1).toBeGreaterThan(0);
  const text = describeCompression(compression, 'r.html');
  expect(text).toContain('of 12 predictions are the original');
  expect(text).toContain('as the original (%)');
});

test('fine-tuning learns from the original alone', async () => {
  const training = {
    ...defaultCompress.training,
    epochs: 1,
    batchSize: 8,
    reestimateBatches: 2,
    phases: [0, 0, 1] as const,
  };
  const { result } = await compressModel(
    network,
    { ...settings, data: at('flat'), method: 'train', training },
    { out: at('trained') },
  );
  expect(result.labels).toBe('original');
  expect(result.accuracy!.after.samples).toBe(12);
});

test('evaluation asks for labels', async () => {
  await expect(evaluateModel(network, { data: at('flat/photos') })).rejects.toThrow('found images without labels');
});
