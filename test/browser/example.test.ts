/** The browser example, built and served as a user does, with small networks of drawn weights. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { takeModels } from '../../examples/browser/make-models.ts';
import { exportOnnx } from '../../src/export/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { saveModel } from '../../src/onnx/index.ts';
import { applyPlan, deploy, makePlan, toFrozen } from '../../src/quantize/index.ts';
import { hasBrowser, launch } from './browser.ts';

const labels = ['zero', 'one', 'two', 'three'];

describe.skipIf(!hasBrowser)('browser example', () => {
  let directory: string;
  let server: ViteDevServer;
  let context: BrowserContext;
  let address: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tritbank-example-'));
    const size = { width: 0.25, inputSize: 28, channels: 1, classes: 4, firstStride: 1, seed: 1 } as const;
    const baseline = buildNetwork('mobilenet-v1', size);
    for (const [key, value] of [
      ['input_mean', '127.5'],
      ['input_std', '127.5'],
    ] as const) {
      baseline.metadata.set(key, value);
    }
    const plan = makePlan(baseline, { method: 'hybrid', alpha: 0.5, widthRatio: 1 });
    const hybrid = deploy(toFrozen(applyPlan(baseline, plan, 1), new Map()), new Map());
    const files = { baseline: join(directory, 'baseline.onnx'), hybrid: join(directory, 'hybrid.onnx') };
    await saveModel(await exportOnnx(baseline, { labels, filters: 'fp32' }), files.baseline);
    await saveModel(await exportOnnx(hybrid, { labels }), files.hybrid);
    takeModels(join(directory, 'models'), files);
    process.env.TRITBANK_MODELS = join(directory, 'models');
    server = await createServer({
      configFile: fileURLToPath(new URL('../../examples/browser/vite.config.ts', import.meta.url)),
      cacheDir: join(directory, 'vite'),
      logLevel: 'error',
      server: { port: 0, host: '127.0.0.1', watch: null },
    });
    await server.listen();
    address = server.resolvedUrls!.local[0]!;
    context = await launch(join(directory, 'profile'));
  }, 60_000);
  afterAll(async () => {
    await context?.close();
    await server?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('classifies a drawing and an image with both models, and compares them', async () => {
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(address);
    await page.waitForSelector('body[data-ready]', { timeout: 30_000 });
    expect(await page.locator('.model h2').allTextContents()).toEqual(['Baseline', 'Hybrid']);
    const sizes = (await page.locator('.size').allTextContents()).map((text) => Number.parseFloat(text));
    expect(sizes[1]!).toBeLessThan(sizes[0]! / 2);

    const scores = async () => {
      const texts = await page.locator('.model').first().locator('li span:last-of-type').allTextContents();
      return texts.map((text) => Number.parseFloat(text));
    };
    await expect.poll(async () => (await scores()).length).toBe(4);
    const blank = await scores();
    expect(blank.reduce((a, b) => a + b, 0)).toBeCloseTo(100, 0);
    const names = await page.locator('.model').first().locator('li span:first-of-type').allTextContents();
    expect([...names].sort()).toEqual([...labels].sort());

    const canvas = (await page.locator('#picture').boundingBox())!;
    await page.mouse.move(canvas.x + 60, canvas.y + 60);
    await page.mouse.down();
    await page.mouse.move(canvas.x + 220, canvas.y + 200, { steps: 5 });
    await page.mouse.up();
    await expect.poll(scores).not.toEqual(blank);

    await page.click('[data-source=file]');
    const picture = await page.locator('#picture').screenshot();
    writeFileSync(join(directory, 'picture.png'), picture);
    await page.setInputFiles('#choose input', join(directory, 'picture.png'));
    await page.click('#measure');
    await expect
      .poll(() => page.locator('#summary').textContent(), { timeout: 20_000 })
      .toMatch(/^Hybrid: \d+\.\d times smaller than Baseline, \d+\.\d times as fast\.$/);
    writeFileSync(join(directory, 'no-image.png'), 'text');
    await page.setInputFiles('#choose input', join(directory, 'no-image.png'));
    await expect.poll(() => page.locator('#message').textContent()).not.toBe('');
    expect(problems).toEqual([]);
  }, 60_000);
});
