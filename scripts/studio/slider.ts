/**
 * From a slider's move to its plan on the page: times of many moves, in Chromium, for the networks that come with the page,
 * and how near these plans are to the ones that the solver finds when the slider rests. Needs a build.
 *
 *   npx tsx scripts/studio/slider.ts [--out results/studio/slider.json]
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { median } from '../../bench/numbers.ts';
import { environmentOf, withStudio } from './page.ts';

const { values } = parseArgs({ options: { out: { type: 'string' } } });

/** Sizes from one end of the slider to the other, of a network at 16 bits. */
const sizes = Array.from({ length: 25 }, (_, k) => 0.25 * (1 / 0.25) ** (k / 24));

/** Milliseconds from the move to the plan that answers it, as the page shows it. */
const move = (page: Page, size: number) =>
  page.getByRole('slider', { name: /at most, of 16 bits/ }).evaluate(
    async (slider, value) => {
      const status = slider.closest('section')!.querySelector('[role=status]')!;
      const shown = new Promise<number>((resolve) => {
        const observer = new MutationObserver(() => {
          observer.disconnect();
          // the frame in which it is seen
          requestAnimationFrame(() => resolve(performance.now()));
        });
        observer.observe(document.querySelector('.tiles dd')!.firstChild!, { characterData: true });
        observer.observe(status, { characterData: true, subtree: true, childList: true });
      });
      const started = performance.now();
      (slider as HTMLInputElement).value = String(value);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      return (await shown) - started;
    },
    Math.round(1000 * Math.log10(size)),
  );

interface Rest {
  readonly first: number;
  readonly refined: number;
}

/** Predicted losses of the plan that is shown at once and of the refined one. */
async function rest(page: Page): Promise<Rest> {
  const lossShown = () =>
    page
      .locator('.tiles > div', { hasText: 'Predicted loss' })
      .locator('dd')
      .evaluate((dd) => Number(dd.firstChild!.textContent));
  const first = await lossShown();
  await page.getByText(/^Planned in .*refined in/).waitFor();
  return { first, refined: await lossShown() };
}

const quantile = (all: readonly number[], q: number) =>
  [...all].sort((a, b) => a - b)[Math.floor(q * (all.length - 1))]!;
const rounded = (value: number) => Math.round(value * 10) / 10;

const result = await withStudio(async ({ browser, page, url }) => {
  const environment = environmentOf('slider.ts', browser);
  const networks = [];
  for (const name of ['Digits', 'Photographs']) {
    await page.goto(url.replace(/#.*/, ''));
    await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
    await page.getByText(/Every layer was decomposed/).waitFor();
    await page.getByRole('tab', { name: 'Plan' }).click();
    await page.getByText(/^Planned in .*refined in/).waitFor();
    const times: number[] = [];
    for (const size of sizes) {
      times.push(await move(page, size));
      // as a hand moves: the next value comes when the last one is there
      await page.waitForTimeout(30);
    }
    const rests: Rest[] = [];
    for (const size of sizes.filter((_, k) => k % 6 === 0)) {
      await move(page, size);
      rests.push(await rest(page));
    }
    const excess = rests.map(({ first, refined }) => (refined > 0 ? first / refined - 1 : 0));
    networks.push({
      name,
      moves: times.length,
      medianMilliseconds: rounded(median(times)),
      p90Milliseconds: rounded(quantile(times, 0.9)),
      mostMilliseconds: rounded(Math.max(...times)),
      // of the loss that the solver finds
      medianExcess: Number(median(excess).toPrecision(2)),
      mostExcess: Number(Math.max(...excess).toPrecision(2)),
    });
  }
  return { benchmark: 'slider', ...environment, networks };
});
const text = `${JSON.stringify(result, null, 2)}\n`;
if (values.out) writeFileSync(values.out, text);
else process.stdout.write(text);
