/** Every kind of page on a phone: nothing is cut off, nothing has to be scrolled sideways, tables can be sorted. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BenchResult } from '../../src/bench/index.ts';
import {
  renderAnalysisReport,
  renderBenchReport,
  renderCompressReport,
  renderCostReport,
  renderReport,
} from '../../src/report/index.ts';
import { findTextFaults, hasBrowser, launch, openPage } from './browser.ts';
import { after, analysis, before, result, samples } from './compress-records.ts';
import { makeMobileNet, makeSweep } from './cost-records.ts';
import { makeExplorePage, makeSimulatePage, targeted } from './hardware-pages.ts';
import { makeRun, makeRuns } from './report-runs.ts';

const about = {
  title: 'Compression of a_model_with_a_name_that_no_narrow_screen_can_hold.onnx',
  generatedBy: 'Tritbank',
};
const made = { command: 'tritbank --report', date: '2026-01-31T12:00:00Z' };

const bench: BenchResult = {
  ...made,
  machine: { cpu: 'Some Processor(R) with a Long Name @ 2.10GHz', cores: 2, load: 0.5 },
  ...{ threads: 1, rounds: 9, runs: 5, starts: 3 },
  tasks: ['mobilenet-v1-0.5', 'mobilenet-v2-1.0'].map((name) => ({
    name,
    size: 224,
    models: [
      { form: 'fp32', bytes: 5_300_000 },
      { form: 'hybrid', bytes: 600_000 },
    ],
    places: [
      {
        place: 'node',
        engine: 'Node v22.1.0',
        measurements: (['tritbank', 'onnxruntime-web', 'tfjs-backend-wasm'] as const).flatMap((runtime, i) =>
          (['fp32', 'hybrid'] as const).map((form) => {
            const latency = 10.5 * (i + 1);
            const memory = { weights: 1_234_567, cold: 412.5, peak: 234_567_890 };
            return {
              runtime,
              form,
              rounds: [latency],
              latency,
              throughput: 1000 / latency,
              loading: 300.25,
              ...memory,
            };
          }),
        ),
        absent: [{ runtime: 'onnxruntime-node', form: 'all', reason: 'not installed: npm install onnxruntime-node' }],
      },
    ],
  })),
};

const costs = { before, after, control: before, withMemory: { before, after, control: before } };

const pages: Readonly<Record<string, () => Promise<string>>> = {
  runs: () => renderReport(makeRuns(), about),
  'one run': () => renderReport([makeRun()], about),
  cost: () => renderCostReport({ ...about, ...made, cost: makeMobileNet(), sweep: makeSweep() }),
  'sweep with losses': () =>
    renderCostReport({
      ...about,
      ...made,
      sweep: makeSweep().map((point) => ({ ...point, loss: (2 - point.alpha) / point.widthRatio })),
    }),
  analysis: () => renderAnalysisReport({ ...about, ...made, analysis }),
  compression: () => renderCompressReport({ ...about, result, ...costs, analysis, training: makeRun(), samples }),
  'compression for a core': () => renderCompressReport({ ...about, result: targeted, ...costs }),
  bench: () => renderBenchReport({ ...about, result: bench }),
  'arrays explored': async () => makeExplorePage(),
  'an array simulated': async () => makeSimulatePage(),
};

/** Elements whose content is wider than they are, however that is hidden; screen readers' texts left out. */
const findCut = (page: Page): Promise<string[]> =>
  page.locator('body *:visible:not(svg, svg *)').evaluateAll((elements) =>
    elements
      .filter(
        (element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline',
      )
      // a text that ends in dots has the whole of it as its tooltip
      .filter((element) => !(getComputedStyle(element).textOverflow === 'ellipsis' && element.hasAttribute('title')))
      .map((element) => `${element.tagName} ${element.className}: ${element.scrollWidth} > ${element.clientWidth}`),
  );

const findWideDrawings = (page: Page): Promise<number[]> =>
  page.locator('svg:visible').evaluateAll((drawings) =>
    drawings
      .map((svg) => svg.getBoundingClientRect())
      .filter(({ left, right }) => left < 0 || right > window.innerWidth)
      .map(({ right }) => right),
  );

describe.skipIf(!hasBrowser)('pages on a phone (skipped without /usr/bin/chromium)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tritbank-narrow-'));
  let context: BrowserContext;
  beforeAll(async () => {
    context = await launch(join(directory, 'profile'));
  });
  afterAll(async () => {
    await context?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test.each(Object.keys(pages))('%s, 390 pixels wide', async (name) => {
    const path = join(directory, `${name}.html`);
    writeFileSync(path, await pages[name]!());
    const { page, problems } = await openPage(context, path, { width: 390 });
    expect(problems).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(await findCut(page)).toEqual([]);
    expect(await findWideDrawings(page)).toEqual([]);
    expect(await findTextFaults(page)).toEqual([]);
    await page.close();
  });

  test('a press on a head sorts, largest first, then the other way', async () => {
    const path = join(directory, 'sorted.html');
    writeFileSync(path, await pages.cost!());
    const { page, problems } = await openPage(context, path);
    const table = page.locator('table.results').last();
    const cells = async (column: number) => {
      const texts = await table.locator(`tbody td:nth-child(${column})`).allTextContents();
      return texts.map((text) => Number(text.replaceAll(',', '')));
    };
    await table.getByRole('button', { name: 'size (KB)' }).click();
    const falling = await cells(3);
    expect(falling).toEqual([...falling].sort((a, b) => b - a));
    await table.getByRole('button', { name: 'size (KB)' }).click();
    expect(await cells(3)).toEqual(falling.reverse());
    expect(await table.locator('th[aria-sort=ascending]').count()).toBe(1);
    expect(problems).toEqual([]);
    await page.close();
  });
});
