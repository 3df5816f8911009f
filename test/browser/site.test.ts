/** The documentation site as it is built, without the pages of the API, which take longest to make. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { parseHTML } from 'linkedom';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultsOf, hasBrowser, launch } from './browser.ts';

const root = join(import.meta.dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'tritbank-site-'));
const out = join(work, 'site');
let context: BrowserContext | undefined;
let server: Server;
let address: string;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

beforeAll(async () => {
  const run = (...args: string[]) => execFileSync(process.execPath, args, { cwd: root, stdio: 'pipe' });
  run('--import', 'tsx', 'scripts/site/pages.ts', '--no-api');
  // dead links end it
  run('node_modules/vitepress/bin/vitepress.js', 'build', 'packages/site', '--outDir', out);
  server = createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://site');
    const path = join(out, normalize(pathname), pathname.endsWith('/') ? 'index.html' : '');
    if (!path.startsWith(out) || !existsSync(path)) return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': types[extname(path)] ?? 'text/plain' }).end(readFileSync(path));
  });
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  if (!hasBrowser) return;
  mkdirSync(join(work, 'profile'));
  context = await launch(join(work, 'profile'));
});

afterAll(async () => {
  await context?.close();
  server?.close();
  rmSync(work, { recursive: true, force: true });
});

const page = (path: string) => readFileSync(join(out, path), 'utf8');

describe('the site', () => {
  it('has a page for each page of the documentation and each command', () => {
    const docs = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'));
    for (const file of docs) expect(existsSync(join(out, 'docs', file.replace('.md', '.html'))), file).toBe(true);
    const commands = readdirSync(join(root, 'test/golden')).flatMap((file) => /^help-(.+)\.txt$/.exec(file)?.[1] ?? []);
    for (const name of commands.filter((one) => one !== 'tritbank')) {
      expect(page(`cli/${name}.html`), name).toContain('Usage: tritbank');
    }
    expect(page('cli/index.html')).toContain('Usage: tritbank');
  });

  it('leads to each page of the documentation from the side', () => {
    const sidebar = page('docs/training.html');
    const hidden = readdirSync(join(out, 'docs')).filter((file) => !sidebar.includes(`/docs/${file}`));
    expect(hidden).toEqual([]);
  });

  it('leads to places that the pages have', () => {
    const pages = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'));
    const parsed = new Map(pages.map((file) => [file, parseHTML(page(file)).document]));
    const lost = [...parsed].flatMap(([file, document]) => {
      const found = Array.from(document.querySelectorAll(`main a[href*="#"]`));
      const links = found.map((link) => link.getAttribute('href')!);
      return links.filter((link) => {
        const { pathname, hash, host } = new URL(link, `http://site/${file}`);
        const target = host === 'site' ? parsed.get(normalize(pathname).slice(1)) : undefined;
        return target !== undefined && !target.getElementById(decodeURIComponent(hash.slice(1)));
      });
    });
    expect(lost).toEqual([]);
    expect(parsed.size).toBeGreaterThan(30);
  });

  it('names its version', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(page('index.html')).toContain(`Version ${version}`);
  });

  it.skipIf(!hasBrowser)('fits a telephone, and has its pictures', async () => {
    const tab = await context!.newPage();
    await tab.setViewportSize({ width: 390, height: 900 });
    const docs = readdirSync(join(out, 'docs')).map((file) => `/docs/${file}`);
    const faults: string[] = [];
    let pictures = 0;
    for (const path of ['/', ...docs]) {
      await tab.goto(address + path);
      const { excess, shown, missing } = await tab.evaluate(() => {
        const images = Array.from(document.images);
        const missing = images.filter(({ naturalWidth }) => naturalWidth === 0).map(({ src }) => src);
        return { excess: document.documentElement.scrollWidth - innerWidth, shown: images.length, missing };
      });
      pictures += shown;
      if (excess > 0) faults.push(`${path}: ${excess} pixels too wide`);
      faults.push(...missing.map((src) => `${path}: no picture ${src}`));
    }
    expect(faults).toEqual([]);
    expect(pictures).toBeGreaterThan(3);
    await tab.close();
  });

  it.skipIf(!hasBrowser)('can be read and searched', async () => {
    const tab = await context!.newPage();
    const problems: string[] = [];
    tab.on('pageerror', ({ message }) => problems.push(message));
    for (const path of ['/', '/docs/quick-start-device.html', '/cli/compress.html']) {
      await tab.goto(address + path);
      expect(await faultsOf(tab, false), path).toEqual([]);
      for (const width of [390, 2560]) {
        await tab.setViewportSize({ width, height: 900 });
        expect(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${path} ${width}`).toBe(
          true,
        );
      }
      await tab.setViewportSize({ width: 1280, height: 900 });
    }
    await tab.goto(`${address}/docs/training.html`);
    const search = tab.locator('#localsearch-input');
    // keys are heard once the page's script has started
    while (!(await search.isVisible())) {
      await tab.keyboard.press('Control+KeyK');
      await search.waitFor({ timeout: 2000 }).catch(() => {});
    }
    await search.fill('zero skipping');
    const first = tab.locator('.VPLocalSearchBox .result').first();
    await first.waitFor();
    await first.click();
    await tab.waitForURL(/docs\/(?!training\.html$)/);
    expect(problems).toEqual([]);
  });
});
