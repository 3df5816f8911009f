import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportModel } from '../export/index.ts';
import { buildNetwork } from '../models/index.ts';
import { saveModel } from '../onnx/index.ts';
import { inferShapes } from '../passes/index.ts';
import { compressModel } from './compress.ts';

let directory = '';
const at = (...names: string[]) => join(directory, ...names);

/** Two classes of images of one colour, a few more than an analysis reads; one of them is damaged. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-unreadable-'));
  for (const [label, name] of ['dark', 'light'].entries()) {
    for (const split of ['train', 'val']) {
      mkdirSync(at('images', split, name), { recursive: true });
      for (let i = 0; i < 8; i++) {
        const value = 60 + 120 * label + 5 * i;
        const background = { r: value, g: value, b: value };
        const image = sharp({ create: { width: 32, height: 32, channels: 3, background } });
        await image.png().toFile(at('images', split, name, `${i}.png`));
      }
    }
  }
  writeFileSync(at('images', 'train', 'dark', '3.png'), 'no image');
  const options = { width: 0.25, inputSize: 32, channels: 3, classes: 2, firstStride: 2, seed: 1 } as const;
  const network = inferShapes(buildNetwork('ds-cnn', options));
  network.metadata.set('input_mean', '127.5').set('input_std', '64').set('labels', '["dark","light"]');
  await saveModel(network, at('model.onnx'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const told = (lines: readonly string[]) => lines.filter((line) => line.includes('skipped (1 so far)'));
const damaged = () => expect.stringContaining(at('images', 'train', 'dark', '3.png'));

test.each(['none', 'calibrate'] as const)('method %s says which image it left out, once', async (method) => {
  const lines: string[] = [];
  const settings = { data: at('images'), method, uniform: { alpha: 0.5, widthRatio: 1 }, images: 16, threads: 1 };
  await compressModel(at('model.onnx'), settings, { out: at(method), warn: (line) => lines.push(line) });
  expect(told(lines)).toEqual([damaged()]);
});

test('so does an export of 8-bit activations', async () => {
  const lines: string[] = [];
  const files = { model: at('model.onnx'), out: at('int8.onnx'), data: at('images') };
  await exportModel({ ...files, activations: 'int8', images: 16, threads: 1 }, { warn: (line) => lines.push(line) });
  expect(told(lines)).toEqual([damaged()]);
});
