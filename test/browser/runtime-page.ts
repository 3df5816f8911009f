/** A page of the runtime in Chromium with SwiftShader, driven by tests and by `npm run test:relaxed`. */

import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { chromiumArguments, findChromium, softwareGpuArguments } from '../../src/bench/in-chromium.ts';
import type { SessionOptions } from '../../src/runtime/node.ts';
import { bundle } from './bundle.ts';
import type { Globals, NetworkRun, PropertyKind } from './webgpu-page.ts';

const origin = 'http://localhost';

export interface RuntimePage {
  readonly browser: Browser;
  propertyNames(kind: PropertyKind): Promise<readonly string[]>;
  /** Empty where the property holds. */
  checkProperty(name: string, runs: number, seed: number): Promise<string>;
  runNetwork(file: string, images: readonly (readonly number[])[], options: SessionOptions): Promise<NetworkRun>;
  close(): Promise<void>;
}

type Own = { readonly own: Globals };

/** `files`: what the page can fetch, by name. */
export async function openRuntimePage(files: ReadonlyMap<string, Uint8Array>): Promise<RuntimePage> {
  const chunks = await bundle(join(import.meta.dirname, 'webgpu-page.ts'));
  const args = [...chromiumArguments, ...softwareGpuArguments];
  const browser = await chromium.launch({ executablePath: findChromium(), args });
  const page = await browser.newPage();
  await page.route(`${origin}/**`, (route) => {
    const path = new URL(route.request().url()).pathname.slice(1);
    const chunk = chunks.find(({ name }) => name === path);
    const file = files.get(path);
    if (chunk) return route.fulfill({ contentType: 'text/javascript', body: chunk.code });
    if (file) return route.fulfill({ contentType: 'application/octet-stream', body: Buffer.from(file) });
    const body = `<!doctype html><script type="module" src="${chunks[0]!.name}"></script>`;
    return route.fulfill({ contentType: 'text/html', body });
  });
  await page.goto(`${origin}/`);
  await page.waitForFunction(() => 'own' in globalThis);
  return {
    browser,
    propertyNames: (kind) => page.evaluate((own) => (globalThis as unknown as Own).own.propertyNames[own], kind),
    checkProperty: (...args) =>
      page.evaluate((given) => (globalThis as unknown as Own).own.checkProperty(...given), args),
    runNetwork: (...args) => page.evaluate((given) => (globalThis as unknown as Own).own.runNetwork(...given), args),
    close: () => browser.close(),
  };
}
