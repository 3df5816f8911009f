/**
 * The figure of docs/filter-banks.md: that of the studio's panel Explain, as a file of its own. A test holds the file to the
 * page. Needs a build.
 *
 *   npx tsx scripts/studio/figure.ts
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { withStudio } from './page.ts';

export const figureFile = join(import.meta.dirname, '../../docs/figures/filter-bank.svg');

/** Of a page that shows the panel: the drawing with its colours, dark and light, and without what only a page can use. */
export async function figureOf(page: Page): Promise<string> {
  const figure = page.locator('svg.figure');
  await figure.waitFor();
  const text = await figure.evaluate((shown) => {
    const svg = shown.cloneNode(true) as SVGElement;
    for (const part of Array.from(svg.querySelectorAll('.point'))) {
      for (const name of ['tabindex', 'role', 'aria-label']) part.removeAttribute(name);
    }
    for (const part of Array.from(svg.querySelectorAll('[style]'))) part.removeAttribute('style');
    const rules = Array.from(document.styleSheets, (sheet) => Array.from(sheet.cssRules)).flat();
    const used = new Set(svg.outerHTML.match(/--[a-z]+/g));
    const own = rules.flatMap((rule) => {
      if (!(rule instanceof CSSStyleRule) || !rule.selectorText.includes('.figure ')) return [];
      for (const name of rule.cssText.match(/--[a-z]+/g) ?? []) used.add(name);
      return [rule.cssText.replaceAll('.figure ', '')];
    });
    const root = rules.find(
      (rule): rule is CSSStyleRule => rule instanceof CSSStyleRule && rule.selectorText === ':root',
    )!;
    const colours = [...used].sort().map((name) => `${name}: ${root.style.getPropertyValue(name)};`);
    const style = document.createElementNS('http://www.w3.org/2000/svg', 'style');
    style.textContent = `\n:root { color-scheme: light dark; ${colours.join(' ')} }\nsvg { font: 13px system-ui, sans-serif; }\n${own
      .filter((rule) => !rule.includes('cursor') && !rule.includes('focus'))
      .join('\n')}\n`;
    svg.prepend(style);
    svg.setAttribute('role', 'img');
    svg.setAttribute('width', '1000');
    svg.setAttribute('height', '500');
    svg.removeAttribute('class');
    return new XMLSerializer().serializeToString(svg);
  });
  return `${text.replaceAll('><', '>\n<')}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  await withStudio(async ({ page, url }) => {
    await page.goto(`${url}#explain`);
    writeFileSync(figureFile, await figureOf(page));
  });
}
