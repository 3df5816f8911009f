/** The report about costs in a browser: it loads without errors, without the network and without anything cut off. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderCostReport } from '../../src/report/index.ts';
import { findTextFaults, hasBrowser, launch, openPage } from './browser.ts';
import { makeMobileNet, makeSweep } from './cost-records.ts';

describe.skipIf(!hasBrowser)('report about costs (skipped without /usr/bin/chromium)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tritbank-cost-report-'));
  const path = join(directory, 'cost.html');
  let context: BrowserContext;
  beforeAll(async () => {
    const page = await renderCostReport({
      title: 'Cost of model.onnx',
      generatedBy: 'Tritbank',
      command: 'tritbank cost model.onnx --report cost.html',
      date: '2026-01-31T12:00:00Z',
      cost: makeMobileNet({ unknown: [{ op: 'com.microsoft.FusedConv', nodes: 2, elements: 25_088 }] }),
      sweep: makeSweep(),
    });
    writeFileSync(path, page);
    context = await launch(join(directory, 'profile'));
  });
  afterAll(async () => {
    await context?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test.each([
    ['light', 1280],
    ['dark', 400],
  ] as const)('%s, %i pixels wide', async (colorScheme, width) => {
    const { page, problems, requests } = await openPage(context, path, { colorScheme, width });
    expect(problems).toEqual([]);
    expect(requests).toEqual([pathToFileURL(path).href]);
    expect(await page.locator('h2').allTextContents()).toEqual(['Layers', 'Sweep']);
    expect(await page.locator('figure svg:visible').count()).toBe(5);
    expect(await page.locator('.warning:visible').count()).toBe(1);
    // wide tables and charts scroll inside their card
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    await page.close();
  });

  test('every point of the sweep has a title and a colour of the scale', async () => {
    const { page } = await openPage(context, path);
    const dots = await page.locator('figure svg.wide circle:has(title)').evaluateAll((circles) =>
      circles.map((circle) => ({
        title: circle.querySelector('title')?.textContent ?? '',
        fill: getComputedStyle(circle).fill,
      })),
    );
    const sweep = makeSweep();
    expect(dots.length).toBe(sweep.length);
    expect(dots.filter(({ title }) => title.includes('(Pareto point)')).length).toBe(
      sweep.filter(({ pareto }) => pareto).length,
    );
    expect(dots.map(({ title }) => title)).toContainEqual(
      expect.stringMatching(/^alpha 0\.5, width ratio 1\.25.*\n[\d,.]+ KB, .* % of 16 bits\nenergy .*\nthroughput .*$/),
    );
    // the browser understands the mixed colours: a fill that it does not would be black for all
    expect(new Set(dots.map(({ fill }) => fill)).size).toBeGreaterThan(10);
    expect(dots.map(({ fill }) => fill).filter((fill) => fill === 'rgb(0, 0, 0)' || fill === 'none')).toEqual([]);
    await page.close();
  });

  test('no chart has text outside its drawing or on top of other text', async () => {
    const { page } = await openPage(context, path);
    expect(await findTextFaults(page)).toEqual([]);
    await page.close();
  });
});
