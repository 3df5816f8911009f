/** What the tests of all pages need: a browser, a page with its problems collected, and a look for misplaced text. */

import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { chromiumArguments } from '../../src/bench/in-chromium.ts';

const executablePath = '/usr/bin/chromium';
export const hasBrowser = existsSync(executablePath);

/** `profile` is a directory that the browser may fill. */
export const launch = (profile: string): Promise<BrowserContext> =>
  chromium.launchPersistentContext(profile, { executablePath, args: chromiumArguments });

export interface OpenPage {
  readonly page: Page;
  /** Messages on the console and uncaught errors. */
  readonly problems: readonly string[];
  /** What was loaded, data in the page left out. */
  readonly requests: readonly string[];
}

export async function openPage(
  context: BrowserContext,
  path: string,
  { colorScheme = 'light', width = 1280 }: { readonly colorScheme?: 'light' | 'dark'; readonly width?: number } = {},
): Promise<OpenPage> {
  const page = await context.newPage();
  const problems: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) requests.push(request.url());
  });
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: 900 });
  await page.goto(pathToFileURL(path).href);
  return { page, problems, requests };
}

/** Text of charts that is outside of its drawing or on top of other text. */
export const findTextFaults = (page: Page): Promise<string[]> =>
  page.locator('figure svg:visible').evaluateAll((drawings) =>
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

/** Rules of WCAG 2 A and AA that the page breaks, with the elements; best practices too where its frame is ours. */
export async function faultsOf(page: Page, isOurs = true): Promise<string[]> {
  await page.evaluate(axe.source);
  const practice = isOurs ? ['best-practice'] : [];
  const found = await page.evaluate(async (more) => {
    type Axe = { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', ...more],
      // experimental, and not sure of texts in drawings
      rules: { 'label-content-name-mismatch': { enabled: false } },
    });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  }, practice);
  return found;
}
