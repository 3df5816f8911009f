/** `compress` with filters of 4 bits: chosen by the planner, everywhere, and as the second control. */

import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CompressSettings, compressModel } from '../../src/compress/index.ts';
import { readPlan } from '../../src/cost/index.ts';
import type { Graph } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { loadModel } from '../../src/onnx/index.ts';
import { inFourBits, readFilterBits } from '../../src/quantize/index.ts';
import { describeCompression } from '../../src/report/compress-text.ts';
import { deploymentRows } from '../../src/report/deployment.ts';
import { writeBars } from './train-data.ts';

let directory: string;
let network: Graph;
const at = (name: string) => join(directory, name);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-four-bits-'));
  writeBars(at('bars'), { train: 64, test: 24 });
  network = buildNetwork('ds-cnn', { width: 1, inputSize: 28, channels: 1, classes: 4, firstStride: 2, seed: 1 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = (name: string, settings: CompressSettings) =>
  compressModel(
    network,
    {
      data: at('bars'),
      images: 32,
      method: 'calibrate',
      activations: 'int8',
      ratios: [0.5, 1],
      threads: 1,
      ...settings,
    },
    { out: at(name) },
  );

test('the planner takes 4 bits where they are worth their loss, beside a control that has them everywhere', async () => {
  const compression = await run('planned', { budget: { size: 0.4 } });
  const { result } = compression;
  const plan = readPlan(join(at('planned'), 'plan.json'));
  const bits = Object.values(plan.layers).flatMap((layer) => (layer.method === 'twn' ? [] : (layer.bits ?? [])));
  expect(bits).toContain(4);
  expect(result.relative.size).toBeLessThanOrEqual(0.4);
  expect(result.fourBits!.model).toBe(join(at('planned'), 'int4.onnx'));
  expect(result.fourBits!.bytes).toBe(statSync(result.fourBits!.model).size);
  expect(result.fourBits!.bytes).toBeLessThan(result.control.bytes);
  expect(result.fourBits!.top1).toBeGreaterThanOrEqual(0);
  const names = deploymentRows(compression).map(({ name }) => name);
  expect(names).toEqual(['original', 'uncompressed, int8', 'uncompressed, int4', 'compressed, int8']);
  expect(describeCompression(compression, 'r.html')).toMatch(/4 bits +\d+ full-precision filters of \d+ layers/);
});

test('without them no filter has any, and no plan that trains', async () => {
  const { result } = await run('eight', { budget: { size: 0.45 }, filterBits: [8] });
  expect(JSON.stringify(result.plan.layers)).not.toContain('bits');
  const training = { budget: { size: 0.4 }, filterBits: [4, 8], method: 'train' } as const;
  await expect(run('train', training)).rejects.toThrow('filter bits: expected filters of 4 bits with --calibrate-only');
  expect(existsSync(at('train'))).toBe(false);
});

test('all filters in 4 bits make the file of the control', async () => {
  const { result } = await run('all', { uniform: { bits: 4 } });
  expect(result.fourBits).toBeUndefined();
  const { layers } = readPlan(join(at('all'), 'plan.json'));
  expect(layers.conv_pw_1).toEqual(inFourBits(64));
  expect(readFilterBits(await loadModel(result.network)).get('conv_pw_1')).toEqual(inFourBits(64).bits);
  // but for what it says of its classes
  const control = statSync(join(at('planned'), 'int4.onnx')).size;
  expect(Math.abs(statSync(result.model).size - control)).toBeLessThan(100);
});
