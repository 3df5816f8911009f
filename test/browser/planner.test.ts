/** The planner's solver in a bundle for browsers: it loads there, and chooses what it chooses in Node. */

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { solveKnapsack } from '../../src/compress/planning/knapsack.ts';
import type { Knapsack } from '../../src/compress/planning/knapsack-problem.ts';
import { Random } from '../../src/ir/index.ts';
import { hasBrowser, launch } from './browser.ts';

const solver = resolve(import.meta.dirname, '../../src/compress/planning/knapsack.ts');

function drawKnapsack(): Knapsack {
  const random = new Random(1, 'browser');
  const layers = Array.from({ length: 12 }, () =>
    Array.from({ length: 20 }, () => {
      const quality = random.float();
      return { loss: (1 - quality) ** 2 * random.float(), costs: [1 + quality, 2 + quality * random.float()] };
    }),
  );
  return { layers, limits: [17, 26.5] };
}

describe('the planner in a bundle', () => {
  let directory = '';
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tritbank-planner-'));
    writeFileSync(join(directory, 'index.html'), '<body><script type="module" src="main.js"></script></body>');
    const call = `solveKnapsack(${JSON.stringify(drawKnapsack())})`;
    writeFileSync(
      join(directory, 'main.js'),
      `import { solveKnapsack } from ${JSON.stringify(solver)};
       ${call}.then((found) => { document.body.dataset.found = JSON.stringify(found); });`,
    );
    await build({ root: directory, logLevel: 'error', build: { target: 'es2022' } });
  }, 60_000);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('has the solver in files of its own', () => {
    const assets = readdirSync(join(directory, 'dist/assets'));
    expect(assets.filter((name) => name.endsWith('.wasm'))).toHaveLength(1);
    // loaded when it is asked for: not in the page's own script
    expect(assets.filter((name) => name.endsWith('.js')).length).toBeGreaterThan(1);
  });

  test.skipIf(!hasBrowser)('chooses what it chooses in Node (skipped without /usr/bin/chromium)', async () => {
    let server: PreviewServer | undefined;
    const context = await launch(join(directory, 'profile'));
    try {
      server = await preview({ root: directory, logLevel: 'error', preview: { port: 0, host: '127.0.0.1' } });
      const page = await context.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      await page.goto(server.resolvedUrls!.local[0]!);
      const body = await page.waitForSelector('body[data-found]', { timeout: 30_000 });
      const found: unknown = JSON.parse((await body.getAttribute('data-found'))!);
      expect([found, problems]).toEqual([await solveKnapsack(drawKnapsack()), []]);
    } finally {
      await context.close();
      await server?.close();
    }
  });
});
