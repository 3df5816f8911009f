/** The built studio in a browser, for scripts that look at it or measure it. */

import { type Browser, chromium, type Page } from 'playwright-core';
import { describeEnvironment, type Environment } from '../../bench/environment.ts';
import { chromiumArguments, findChromium } from '../../src/bench/in-chromium.ts';
import { serveStudio } from '../../src/serve/studio.ts';

export interface Studio {
  readonly browser: Browser;
  readonly page: Page;
  readonly url: string;
}

/** Opens the page, and closes all in the end. */
export async function withStudio<T>(
  use: (studio: Studio) => Promise<T>,
  { runs, args = [] }: { readonly runs?: string; readonly args?: readonly string[] } = {},
): Promise<T> {
  const studio = await serveStudio({ port: 0, ...(runs !== undefined && { runs }) });
  const browser = await chromium.launch({ executablePath: findChromium(), args: [...chromiumArguments, ...args] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(600_000);
    await page.goto(studio.url.replace(/#.*/, ''));
    return await use({ browser, page, url: studio.url });
  } finally {
    await browser.close();
    await studio.close();
  }
}

/** Where a measurement in the page was made; `script` is the file that made it. */
export function environmentOf(script: string, browser: Browser): Environment {
  const environment = describeEnvironment();
  return {
    ...environment,
    command: ['npx tsx', `scripts/studio/${script}`, ...process.argv.slice(2)].join(' '),
    versions: { ...environment.versions, chromium: browser.version() },
  };
}
