/** `compress` with filters of 4 bits: chosen by the planner, everywhere, and as the second control. */

import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CompressSettings, compressModel, defaultCompress } from '../../src/compress/index.ts';
import { readPlan } from '../../src/cost/index.ts';
import { exportOnnx } from '../../src/export/index.ts';
import type { Graph } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { loadModel } from '../../src/onnx/index.ts';
import { normalizeNetwork } from '../../src/passes/index.ts';
import { findLayers, inBits, readFilterBits, weightRows } from '../../src/quantize/index.ts';
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

test('without them no filter has any, and no plan of what is neither trained nor calibrated', async () => {
  const { result } = await run('eight', { budget: { size: 0.45 }, filterBits: [8] });
  expect(JSON.stringify(result.plan.layers)).not.toContain('bits');
  const untouched = { budget: { size: 0.4 }, filterBits: [4, 8], method: 'none' } as const;
  await expect(run('none', untouched)).rejects.toThrow('filter bits: expected filters of 4 bits with training');
  expect(existsSync(at('none'))).toBe(false);
});

test('all filters in 4 bits make the file of the control', async () => {
  const { result } = await run('all', { uniform: { bits: 4 } });
  expect(result.fourBits).toBeUndefined();
  const { layers } = readPlan(join(at('all'), 'plan.json'));
  expect(layers.conv_pw_1).toEqual(inBits(64, 4));
  expect(readFilterBits(await loadModel(result.network)).get('conv_pw_1')).toEqual(inBits(64, 4).bits);
  // but for what it says of its classes
  const control = statSync(join(at('planned'), 'int4.onnx')).size;
  expect(Math.abs(statSync(result.model).size - control)).toBeLessThan(100);
});

describe.each([4, 8] as const)('in %i bits, trained', (bits) => {
  test('filters are multiples of a step in the network and in the file', async () => {
    const name = `trained-${bits}`;
    const training = { ...defaultCompress.training, epochs: 2, batchSize: 16, reestimateBatches: 2 };
    const { result } = await run(name, { uniform: { bits }, method: 'train', training });
    const network = await loadModel(result.network);
    expect(readFilterBits(network).get('conv_pw_1')).toEqual(inBits(64, bits).bits);
    const file = normalizeNetwork(await exportOnnx(network, { filters: 'int8' }));
    const [trained, stored] = [network, file].map((graph) =>
      weightRows(findLayers(graph).find((layer) => layer.name === 'conv_pw_1')!),
    ) as [Float32Array, Float32Array];
    const largest = trained.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
    for (const [at, w] of trained.entries()) expect(Math.abs(stored[at]! - w)).toBeLessThan(1e-4 * largest);
    for (let f = 0; f < 64; f++) {
      const row = trained.subarray((f * trained.length) / 64, ((f + 1) * trained.length) / 64);
      expect(new Set([...row].map((w) => w.toPrecision(4))).size).toBeLessThanOrEqual(2 ** bits - 1);
    }
  });
});

test('a hybrid trains its full-precision filters in 4 bits', async () => {
  const first = await run('mixed-plan', { budget: { size: 0.3 } });
  const plan = join(at('mixed-plan'), 'plan.json');
  const training = { ...defaultCompress.training, epochs: 2, batchSize: 16, reestimateBatches: 2 };
  const { result } = await run('mixed', { plan, method: 'train', training });
  const bits = [...readFilterBits(await loadModel(result.network)).values()].flat();
  const planned = Object.values(first.result.plan.layers).flatMap((l) => (l.method === 'twn' ? [] : (l.bits ?? [])));
  expect(bits.filter((b) => b === 4).length).toBe(planned.filter((b) => b === 4).length);
  expect(planned).toContain(4);
  expect(result.bytes).toBeLessThan(1.02 * first.result.bytes);
});
