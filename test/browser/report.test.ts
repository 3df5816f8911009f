/** The report in a browser: it loads without errors, without the network and without anything cut off. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderReport } from '../../src/report/index.ts';
import { makeRuns } from './report-runs.ts';

const executablePath = '/usr/bin/chromium';
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe.skipIf(!existsSync(executablePath))('report (skipped without /usr/bin/chromium)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tritbank-report-'));
  const path = join(directory, 'report.html');
  let context: BrowserContext;
  beforeAll(async () => {
    writeFileSync(path, await renderReport(makeRuns(), { title: 'Fashion-MNIST', generatedBy: 'Tritbank' }));
    context = await chromium.launchPersistentContext(join(directory, 'profile'), { executablePath, args });
  });
  afterAll(async () => {
    await context?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test.each([
    ['light', 1280],
    ['dark', 420],
  ] as const)('%s, %i pixels wide', async (colorScheme, width) => {
    const page = await context.newPage();
    const problems: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    await page.goto(pathToFileURL(path).href);
    expect(problems).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(path).href]);

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
    expect(await page.locator('figure svg:visible').count()).toBe(8);
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
    const page = await context.newPage();
    await page.goto(pathToFileURL(path).href);
    await page.getByText('StrassenNets', { exact: true }).and(page.locator('label')).click();
    expect(await page.locator('.panels figure:visible h3').allTextContents()).toEqual([
      'Confusion matrix: StrassenNets',
    ]);
    await page.close();
  });

  test('no chart has text outside its drawing or on top of other text', async () => {
    const page = await context.newPage();
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(pathToFileURL(path).href);
    const faults = await page.locator('figure svg:visible').evaluateAll((drawings) =>
      drawings.flatMap((svg) => {
        const frame = svg.getBoundingClientRect();
        const boxes = Array.from(svg.querySelectorAll('text'))
          .filter((text) => text.textContent && !text.getAttribute('transform')?.includes('rotate'))
          .map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
        const outside = boxes.filter(
          ({ box }) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1,
        );
        const overlaps = boxes.flatMap((a, i) =>
          boxes
            .slice(i + 1)
            .filter(
              (b) =>
                a.box.left < b.box.right - 1 &&
                b.box.left < a.box.right - 1 &&
                a.box.top < b.box.bottom - 4 &&
                b.box.top < a.box.bottom - 4,
            )
            .map((b) => `'${a.text}' on '${b.text}'`),
        );
        return [...outside.map(({ text }) => `'${text}' outside`), ...overlaps];
      }),
    );
    expect(faults).toEqual([]);
    await page.close();
  });
});
