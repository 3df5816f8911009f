/**
 * WebGPU in the runtime, in Chromium, on SwiftShader, the software that comes with it in the place of a GPU: steps equal
 * to the reference, networks equal to the WebAssembly kernels.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumArguments, softwareGpuArguments } from '../../src/bench/in-chromium.ts';
import { openDataset } from '../../src/data/index.ts';
import { InferenceSession, type SessionOptions } from '../../src/runtime/node.ts';
import { normal, relativeError } from '../evaluate.ts';
import { floatModel, integerModel } from '../runtime-models.ts';
import { executablePath, hasBrowser } from './browser.ts';
import { bundle, type Chunk } from './bundle.ts';
import type { Globals } from './webgpu-page.ts';

const origin = 'http://localhost';
const stored = (path: string) => readFileSync(join(import.meta.dirname, '../..', path));

/** As pages of `origin`: a page that loads the first chunk, all chunks, files. */
async function serve(page: Page, chunks: readonly Chunk[], files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await page.route(`${origin}/**`, (route) => {
    const path = new URL(route.request().url()).pathname.slice(1);
    const chunk = chunks.find(({ name }) => name === path);
    const file = files.get(path);
    if (chunk) return route.fulfill({ contentType: 'text/javascript', body: chunk.code });
    if (file) return route.fulfill({ contentType: 'application/octet-stream', body: Buffer.from(file) });
    const body = `<!doctype html><script type="module" src="${chunks[0]!.name}"></script>`;
    return route.fulfill({ contentType: 'text/html', body });
  });
  await page.goto(`${origin}/`);
  await page.waitForFunction(() => 'own' in globalThis);
}

const argMax = (scores: readonly number[]) => scores.indexOf(Math.max(...scores));

const files = new Map<string, Uint8Array>([
  ['hybrid', stored('examples/browser/models/hybrid.onnx')],
  ['v2-int8', stored('results/cifar10/mobilenet-v2-0.35/planned-int8-1/model.onnx')],
  ['v1-float', stored('results/cifar10/mobilenet-v1-0.5/planned-1/model.onnx')],
  ['float', floatModel],
  ['integer', integerModel],
]);

describe.skipIf(!hasBrowser)('WebGPU in Chromium', () => {
  let browser: Browser;
  let page: Page;
  let propertyNames: readonly string[];
  beforeAll(async () => {
    const chunks = await bundle(join(import.meta.dirname, 'webgpu-page.ts'));
    browser = await chromium.launch({ executablePath, args: [...chromiumArguments, ...softwareGpuArguments] });
    page = await browser.newPage();
    await serve(page, chunks, files);
    propertyNames = await page.evaluate(() => (globalThis as unknown as { own: Globals }).own.propertyNames);
  });
  afterAll(() => browser?.close());

  const run = (file: string, images: readonly number[][], device: SessionOptions['device'] & string) =>
    page.evaluate(
      ([name, given, kind]) => (globalThis as unknown as { own: Globals }).own.runNetwork(name, given, kind),
      [file, images, device] as const,
    );

  it('computes every kernel as the reference does', async () => {
    expect(propertyNames).toHaveLength(13);
    for (const name of propertyNames) {
      const problem = await page.evaluate(
        ([property, runs, seed]) => (globalThis as unknown as { own: Globals }).own.checkProperty(property, runs, seed),
        [name, 25, 1] as const,
      );
      expect(problem, name).toBe('');
    }
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
