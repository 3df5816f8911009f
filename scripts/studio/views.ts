/** Every panel of the studio with something in it, in the order in which one page can show them. */

import type { Locator, Page } from 'playwright-core';

export interface View {
  readonly name: string;
  /** On a page that shows the view before. */
  open(page: Page): Promise<void>;
  /** What is different each time: measured times. */
  varying?(page: Page): Locator[];
}

const tab = (page: Page, name: string) => page.getByRole('tab', { name }).click();

/** Charts are drawn later than the panel that has them, and the front of plans grows. */
export async function settle(page: Page): Promise<void> {
  const drawings = () =>
    page.evaluate(() => Array.from(document.querySelectorAll('.chart'), (one) => one.innerHTML).join());
  for (let before = ''; ; ) {
    const now = await drawings();
    if (now === before) return;
    before = now;
    await page.waitForTimeout(250);
  }
}

export const views: readonly View[] = [
  { name: 'start', open: (page) => page.getByRole('button', { name: /^Digits/ }).waitFor() },
  {
    name: 'inspect',
    async open(page) {
      await page.getByRole('button', { name: /^Digits/ }).click();
      await page.getByText(/Every layer was decomposed/).waitFor();
      await page.getByRole('button', { name: 'conv_pw_3', exact: true }).click();
      await page.getByText(/^Filter 0 /).waitFor();
    },
    varying: (page) => [page.getByText(/Every layer was decomposed/)],
  },
  {
    name: 'plan',
    async open(page) {
      await tab(page, 'Plan');
      await page.getByText(/^Planned in .*refined in/).waitFor();
    },
    varying: (page) => [page.getByText(/^Planned in /)],
  },
  {
    name: 'compress',
    async open(page) {
      await tab(page, 'Compress');
      await page.getByRole('heading', { name: /Your images/ }).waitFor();
    },
  },
  {
    name: 'explain',
    async open(page) {
      await tab(page, 'Explain');
      await page.getByText(/ternary filters share \d+ hidden units/).waitFor();
    },
  },
  {
    name: 'train',
    async open(page) {
      await tab(page, 'Train');
      await page.getByRole('heading', { name: 'Curves' }).waitFor();
    },
  },
  {
    name: 'runs',
    async open(page) {
      await tab(page, 'Runs');
      await page.getByRole('heading', { name: /\d+ of \d+ runs/ }).waitFor();
    },
  },
];
