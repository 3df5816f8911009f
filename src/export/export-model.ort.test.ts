import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildNetwork } from '../models/index.ts';
import { saveModel } from '../onnx/index.ts';
import { inferShapes } from '../passes/index.ts';
import { type ExportConfig, type ExportProgress, exportModel } from './export-model.ts';

let directory = '';
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-export-model-'));
  const options = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 2, seed: 1 } as const;
  const network = inferShapes(buildNetwork('ds-cnn', options));
  network.metadata.set('input_mean', '127.5').set('input_std', '64');
  await saveModel(network, at('model.onnx'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string) => join(directory, name);

const stages: readonly ExportProgress['stage'][] = ['calibrate', 'compare'];

test.each(stages)('stopped in %s it writes nothing, and what was there stays', async (stage) => {
  writeFileSync(at('out.onnx'), 'mine');
  const controller = new AbortController();
  const config: ExportConfig = {
    ...{ model: at('model.onnx'), out: at('out.onnx'), threads: 1, data: 'synthetic', images: 32, testSamples: 200 },
    activations: 'int8',
  };
  const seen = new Set<string>();
  const work = exportModel(config, {
    signal: controller.signal,
    onProgress: (progress) => {
      seen.add(progress.stage);
      if (progress.stage === stage) controller.abort();
    },
  });
  await expect(work).rejects.toMatchObject({ name: 'AbortError' });
  expect([...seen].at(-1)).toBe(stage);
  expect(readdirSync(directory).sort()).toEqual(['model.onnx', 'out.onnx']);
  expect(readFileSync(at('out.onnx'), 'utf8')).toBe('mine');
});

test('stopped before its layers are stored it writes nothing', async () => {
  const config = { model: at('model.onnx'), out: at('out.onnx'), threads: 1 };
  await expect(exportModel(config, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  expect(existsSync(at('out.onnx'))).toBe(false);
  const { difference } = await exportModel(config);
  expect(difference).toBeLessThan(0.01);
  expect(existsSync(at('out.onnx'))).toBe(true);
});
