/**
 * Every panel of the studio beside its golden picture, at three widths: what moves, overlaps or vanishes is noticed. Letters
 * are those of a font that the test brings, pictures are made smaller, and a share of the pixels may differ, so that another
 * machine's Chromium passes. TRITBANK_UPDATE_GOLDEN=1 writes the pictures anew.
 */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pixelmatch from 'pixelmatch';
import type { BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settle, type View, views } from '../../scripts/studio/views.ts';
import { type StudioServer, serveStudio } from '../../src/serve/studio.ts';
import { hasBrowser, launch } from './browser.ts';

const goldens = join(import.meta.dirname, '../golden/studio');
const isBuilt = existsSync(join(import.meta.dirname, '../../dist/studio/index.html'));
const font = createRequire(import.meta.url).resolve('@fontsource/inter/files/inter-latin-400-normal.woff2');
const isUpdating = process.env.TRITBANK_UPDATE_GOLDEN === '1';

/** Widths of the page, and how many of its pixels are one of a picture. */
const widths = [
  [390, 2],
  [1280, 3],
  [2560, 5],
] as const;

/** Of the page, from its top. */
const mostHeight = 2700;
/** Pixels that may differ, of a picture. */
const tolerance = 0.015;

interface Picture {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
}

const work = mkdtempSync(join(tmpdir(), 'tritbank-golden-'));
let context: BrowserContext;
let studio: StudioServer;
let page: Page;

/** Two runs with the same curves at all times. */
function makeRuns(): void {
  for (const [i, name] of ['first', 'second'].entries()) {
    mkdirSync(join(work, 'runs', name), { recursive: true });
    const write = (file: string, json: unknown) => writeFileSync(join(work, 'runs', name, file), JSON.stringify(json));
    const top1 = 0.9 + 0.02 * i;
    write('config.json', { data: 'mnist', method: i === 0 ? 'fp' : 'hybrid', width: 0.25 });
    write('result.json', { dataset: 'mnist', top1, bytes: 1000 - 400 * i, bytes16: 1000, energy: 1 - 0.3 * i });
    const epoch = (n: number) => ({ epoch: n, phase: 'full', trainLoss: 1 / n, testLoss: 2 / n, top1: top1 - 0.2 / n });
    writeFileSync(join(work, 'runs', name, 'metrics.jsonl'), [1, 2, 3].map((n) => JSON.stringify(epoch(n))).join('\n'));
    const bank = { method: 'hybrid', fullPrecision: [0, 2], hidden: 5 };
    write('plan.json', { version: 2, model: 'net', layers: i === 0 ? {} : { conv_pw_1: bank } });
  }
}

beforeAll(async () => {
  if (!hasBrowser || !isBuilt) return;
  makeRuns();
  mkdirSync(join(work, 'profile'));
  context = await launch(join(work, 'profile'));
  studio = await serveStudio({ runs: join(work, 'runs'), port: 0 });
  page = await context.newPage();
  page.setDefaultTimeout(90_000);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.route('**/test-font.woff2', (route) => route.fulfill({ path: font, contentType: 'font/woff2' }));
  await page.goto(studio.url.replace(/#.*/, ''));
  await page.addStyleTag({
    content: `@font-face { font-family: TestFont; src: url(/test-font.woff2); }
      * { font-family: TestFont !important; font-weight: 400 !important; }`,
  });
});

afterAll(async () => {
  await context?.close();
  await studio?.close();
  rmSync(work, { recursive: true, force: true });
});

async function pictureOf(view: View, width: number, shrink: number): Promise<Buffer> {
  await page.setViewportSize({ width, height: 900 });
  await settle(page);
  // a pointer that rests on something colours it
  await page.mouse.move(0, 0);
  const shot = await page.screenshot({ fullPage: true, animations: 'disabled', mask: view.varying?.(page) ?? [] });
  const { height } = await sharp(shot).metadata();
  const kept = Math.min(mostHeight, height!);
  return sharp(shot)
    .extract({ left: 0, top: 0, width, height: kept })
    .resize({ width: Math.round(width / shrink), kernel: 'cubic' })
    .flatten()
    .png({ palette: true, colours: 64, effort: 10 })
    .toBuffer();
}

async function read(png: Buffer): Promise<Picture> {
  const { data, info } = await sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** The share of pixels that differ; heights may differ by as much as lines of text are rounded. */
function difference(a: Picture, b: Picture): number {
  if (a.width !== b.width || Math.abs(a.height - b.height) > 6) return 1;
  const height = Math.min(a.height, b.height);
  const rows = (one: Picture) => one.data.subarray(0, 4 * one.width * height);
  return pixelmatch(rows(a), rows(b), undefined, a.width, height, { threshold: 0.15 }) / (a.width * height);
}

describe.skipIf(!hasBrowser || !isBuilt)('golden pictures of the studio', () => {
  it.each(views.map((view) => [view.name, view] as const))('%s', async (name, view) => {
    await view.open(page);
    for (const [width, shrink] of widths) {
      const file = join(goldens, `${name}-${width}.png`);
      const found = await pictureOf(view, width, shrink);
      if (isUpdating) {
        mkdirSync(goldens, { recursive: true });
        writeFileSync(file, found);
        continue;
      }
      const share = difference(await read(found), await read(readFileSync(file)));
      // left beside the golden one, to be looked at
      if (share > tolerance) writeFileSync(file.replace('.png', '-changed.png'), found);
      expect(share, `${file}: share of pixels that differ`).toBeLessThanOrEqual(tolerance);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('would notice a part that is not where it was', async () => {
    const whole = await read(readFileSync(join(goldens, 'plan-1280.png')));
    const moved = {
      ...whole,
      data: Buffer.concat([whole.data.subarray(4 * 8 * whole.width), whole.data.subarray(0, 4 * 8 * whole.width)]),
    };
    expect(difference(whole, moved)).toBeGreaterThan(tolerance);
  });
});
