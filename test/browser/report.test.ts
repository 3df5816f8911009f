/** The report in a browser: it loads without errors, without the network and without anything cut off. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderReport } from '../../src/report/index.ts';
import { findTextFaults, hasBrowser, launch, openPage } from './browser.ts';
import { makeRuns } from './report-runs.ts';

describe.skipIf(!hasBrowser)('report (skipped without /usr/bin/chromium)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tritbank-report-'));
  const path = join(directory, 'report.html');
  let context: BrowserContext;
  beforeAll(async () => {
    writeFileSync(path, await renderReport(makeRuns(), { title: 'Fashion-MNIST', generatedBy: 'Tritbank' }));
    context = await launch(join(directory, 'profile'));
  });
  afterAll(async () => {
    await context?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test.each([
    ['light', 1280],
    ['dark', 420],
  ] as const)('%s, %i pixels wide', async (colorScheme, width) => {
    const { page, problems, requests } = await openPage(context, path, { colorScheme, width });
    expect(problems).toEqual([]);
    expect(requests).toEqual([pathToFileURL(path).href]);

    expect(await page.locator('h1').allTextContents()).toEqual(['Fashion-MNIST']);
    const sections = ['Results', 'Training', 'Layers', 'Confusion', 'Sample predictions'];
    expect(await page.locator('h2').allTextContents()).toEqual(sections);
    expect(await page.locator('.results tbody tr').count()).toBe(4);
    expect(await page.locator('figure:visible h3').allTextContents()).toEqual([
      'Accuracy against size',
      'Test accuracy',
      'Loss',
      'Size of each layer',
      'Ternary weights of each layer',
      'Confusion matrix: hybrid',
    ]);
    // on narrow screens panels stand in a row each: four of sizes, three of ternary weights
    expect(await page.locator('figure svg:visible').count()).toBe(width > 600 ? 8 : 13);
    const decoded = await page
      .locator('.samples img')
      .evaluateAll(
        (images) => images.filter((image) => image instanceof HTMLImageElement && image.naturalWidth === 28).length,
      );
    expect(decoded).toBe(24);

    // Nothing is wider than the page: wide tables and charts scroll inside their card.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(dark).toBe(colorScheme === 'dark' ? 'rgb(14, 17, 21)' : 'rgb(245, 246, 248)');
    await page.close();
  });

  test('a tab shows the matrix of another run', async () => {
    const { page } = await openPage(context, path);
    await page.getByText('StrassenNets', { exact: true }).and(page.locator('label')).click();
    expect(await page.locator('.panels figure:visible h3').allTextContents()).toEqual([
      'Confusion matrix: StrassenNets',
    ]);
    await page.close();
  });

  test('no chart has text outside its drawing or on top of other text', async () => {
    const { page } = await openPage(context, path);
    expect(await findTextFaults(page)).toEqual([]);
    await page.close();
  });
});
