/**
 * Pictures of every panel, dark and light, at three widths, to be looked at: with a network, images, a training and run
 * directories in them. Needs a build.
 *
 *   npx tsx scripts/studio/screenshots.ts FOLDER [--runs results/cifar10/mobilenet-v1-0.5] [--only plan,train]
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { openDataset } from '../../src/data/index.ts';
import { withStudio } from './page.ts';
import { settle, views } from './views.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: 'results/cifar10/mobilenet-v1-0.5' }, only: { type: 'string' } },
});
const [folder] = positionals;
if (!folder) throw new Error('expected a folder for the pictures, found none');
mkdirSync(folder, { recursive: true });
const only = values.only?.split(',');
const work = mkdtempSync(join(tmpdir(), 'tritbank-screenshots-'));

/** 24 digits as files. */
async function digits(): Promise<string[]> {
  const { test } = await openDataset('mnist');
  const raw = { width: test.width, height: test.height, channels: 1 } as const;
  return Promise.all(
    Array.from({ length: 24 }, async (_, i) => {
      const file = join(work, `${i}.png`);
      await sharp(await test.read(i), { raw }).toFile(file);
      return file;
    }),
  );
}

/** What a panel shows after something was done in it. */
const further: { readonly [view: string]: (page: Page) => Promise<void> } = {
  async compress(page) {
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles(await digits());
    await page.getByRole('button', { name: 'Compress', exact: true }).click();
    await page.locator('.tiles dd', { hasText: /^\d+ of 24/ }).waitFor();
    await page.getByRole('region', { name: 'Hybrid' }).locator('li').first().waitFor();
  },
  async train(page) {
    await page.getByRole('slider', { name: 'Epochs' }).fill('2');
    await page.getByRole('slider', { name: 'Width' }).fill('0.125');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page
      .getByRole('row', { name: /1\. Hybrid/ })
      .getByRole('button', { name: 'Inspect' })
      .waitFor();
  },
};

async function shoot(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [390, 1280, 2560]) {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 1100 });
      await settle(page);
      await page.screenshot({ path: join(folder!, `${name}-${colorScheme}-${width}.png`), fullPage: true });
    }
  }
}

try {
  await withStudio(
    async ({ page }) => {
      await page.goto(`${page.url().replace(/#.*/, '')}#inspect`);
      for (const { name, open } of views) {
        await open(page);
        await settle(page);
        if (!only || only.includes(name)) await shoot(page, name);
        if (!further[name] || (only && !only.includes(`${name}-done`))) continue;
        await further[name](page);
        await settle(page);
        await shoot(page, `${name}-done`);
      }
    },
    { runs: values.runs },
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
