/**
 * WebGPU in the runtime, in Chromium, on SwiftShader, the software that comes with it in the place of a GPU: steps equal
 * to the reference, networks equal to the WebAssembly kernels.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../src/data/index.ts';
import { type DeviceKind, InferenceSession } from '../../src/runtime/node.ts';
import { normal, relativeError } from '../evaluate.ts';
import { floatModel, integerModel } from '../runtime-models.ts';
import { hasBrowser } from './browser.ts';
import { openRuntimePage, type RuntimePage } from './runtime-page.ts';

const stored = (path: string) => readFileSync(join(import.meta.dirname, '../..', path));

const argMax = (scores: readonly number[]) => scores.indexOf(Math.max(...scores));

const files = new Map<string, Uint8Array>([
  ['hybrid', stored('examples/browser/models/hybrid.onnx')],
  ['v2-int8', stored('results/cifar10/mobilenet-v2-0.35/planned-int8-1/model.onnx')],
  ['v1-float', stored('results/cifar10/mobilenet-v1-0.5/planned-1/model.onnx')],
  ['float', floatModel],
  ['integer', integerModel],
]);

describe.skipIf(!hasBrowser)('WebGPU in Chromium', () => {
  let page: RuntimePage;
  beforeAll(async () => {
    page = await openRuntimePage(files);
  });
  afterAll(() => page?.close());

  const run = (file: string, images: readonly number[][], device: DeviceKind) =>
    page.runNetwork(file, images, { device });

  it('computes every kernel as the reference does', async () => {
    const names = await page.propertyNames('webgpu');
    expect(names).toHaveLength(13);
    for (const name of names) expect(await page.checkProperty(name, 25, 1), name).toBe('');
  });

  it('gives the scores of the kernels of integers, and their classes', async () => {
    const name = 'hybrid';
    const { test } = await openDataset('mnist');
    const { metadata } = await InferenceSession.create(files.get(name)!);
    const [mean, std] = ['input_mean', 'input_std'].map((key) => Number(metadata.get(key))) as [number, number];
    const images = await Promise.all(
      Array.from({ length: 16 }, async (_, i) => Array.from(await test.read(i), (byte) => (byte - mean) / std)),
    );
    const [cpu, webgpu] = [await run(name, images, 'cpu'), await run(name, images, 'webgpu')];
    expect(webgpu.scores).toEqual(cpu.scores);
    const right = webgpu.scores.filter((scores, i) => argMax(scores) === test.labels[i]).length;
    expect(right).toBeGreaterThan(13);
    expect(webgpu.adapter).toMatchObject({ isSoftware: true });
    expect(cpu.adapter).toBeUndefined();
    expect(webgpu.variants.some((variant) => variant.startsWith('webgpu_ternary'))).toBe(true);
    expect(cpu.variants.some((variant) => variant.startsWith('webgpu'))).toBe(false);
  });

  const drawn = (size: number, count: number) =>
    Array.from({ length: count }, (_, i) => Array.from(normal(i + 1, [size]).data as Float32Array));

  it.each([
    ['v2-int8', 3 * 32 * 32, 3],
    ['integer', 50, 8],
  ])('is equal on sums of integers: %s', async (name, size, count) => {
    const images = drawn(size, count);
    expect((await run(name, images, 'webgpu')).scores).toEqual((await run(name, images, 'cpu')).scores);
  });

  it.each([
    ['v1-float', 3 * 32 * 32, 3],
    ['float', 90, 8],
  ])('is near in floats: %s', async (name, size, count) => {
    const images = drawn(size, count);
    const [cpu, webgpu] = [await run(name, images, 'cpu'), await run(name, images, 'webgpu')];
    for (const [i, scores] of cpu.scores.entries()) {
      expect(relativeError(webgpu.scores[i]!, scores)).toBeLessThan(1e-5);
      expect(argMax(webgpu.scores[i]!)).toBe(argMax(scores));
    }
  });
});

// a package that brings it to Node may be installed
const hasGpu = await import('webgpu' as string).then(
  () => true,
  () => false,
);

it.skipIf(hasGpu)('is E_DEVICE where there is no WebGPU', async () => {
  const error = await InferenceSession.create(integerModel, { device: 'webgpu' }).catch((found: unknown) => found);
  expect(error).toMatchObject({ code: 'E_DEVICE', where: 'webgpu' });
  expect(String(error)).toContain('expected WebGPU');
});

it('refuses other devices', async () => {
  const create = InferenceSession.create(integerModel, { device: 'gpu' as 'webgpu' });
  await expect(create).rejects.toMatchObject({ code: 'E_USAGE', where: 'device' });
});
