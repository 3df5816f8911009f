/**
 * What LiteRT, Google's runtime for TensorFlow Lite files, computes of the cases in `test/fixtures/tflite-cases.ts`, in
 * Chromium: kept as `test/golden/tflite.json`, which tests compare with. The runtime is no dependency of the project:
 *
 *   npm install --no-save @litertjs/core && npx tsx scripts/litert/record.ts
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { launch } from '../../test/browser/browser.ts';
import { feedOf, tfliteCases } from '../../test/fixtures/tflite-cases.ts';
import { type ModelSpec, writeTflite } from '../../test/fixtures/tflite-writer.ts';

const target = 'test/golden/tflite.json';
const packages = join(process.env.LITERT ?? 'node_modules', '@litertjs');
const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };
const imports = { '@litertjs/wasm-utils': '/wasm-utils/dist/index.js' };
const page = `<script type="importmap">${JSON.stringify({ imports })}</script>`;

/** Serves the package, and a page that can import it. */
const server = createServer(({ url = '/' }, response) => {
  if (url === '/') {
    response.setHeader('content-type', 'text/html');
    response.end(page);
    return;
  }
  const type = types[extname(url)];
  response.writeHead(type ? 200 : 404, { 'content-type': type ?? 'text/plain' });
  response.end(type && readFileSync(join(packages, url)));
});

interface Feed {
  readonly model: string;
  readonly stored: readonly number[];
  readonly shape: readonly number[];
  readonly isFloat: boolean;
}

/** Runs in the page. */
async function runModel({ model, stored, shape, isFloat }: Feed): Promise<number[]> {
  const { litert } = globalThis as unknown as { litert: typeof import('./litert.d.ts') };
  const bytes = Uint8Array.from(atob(model), (c) => c.charCodeAt(0));
  const compiled = await litert.loadAndCompile(bytes, { accelerator: 'wasm' });
  const [result] = await compiled.run([
    new litert.Tensor((isFloat ? Float32Array : Uint8Array).from(stored), [...shape]),
  ]);
  const moved = await result!.moveTo('wasm');
  return Array.from(moved.toTypedArray());
}

async function record(tab: Page, spec: ModelSpec): Promise<number[]> {
  const input = spec.tensors.find(({ name }) => name === spec.inputs[0])!;
  const feed: Feed = {
    model: Buffer.from(writeTflite(spec)).toString('base64'),
    stored: feedOf(spec),
    shape: input.shape,
    isFloat: (input.type ?? 'FLOAT32') === 'FLOAT32',
  };
  const values = await tab.evaluate(runModel, feed);
  return values.map((value) => Number(value.toPrecision(8)));
}

await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('expected a port');
const profile = mkdtempSync(join(tmpdir(), 'litert-'));
const context = await launch(profile);
const tab = await context.newPage();
await tab.goto(`http://127.0.0.1:${address.port}/`);
await tab.evaluate(`(async () => {
  globalThis.litert = await import('/core/dist/index.js');
  await globalThis.litert.loadLiteRt('/core/wasm/');
})()`);
const results: Record<string, number[]> = {};
for (const [name, spec] of Object.entries(tfliteCases)) {
  try {
    results[name] = await record(tab, spec);
  } catch (error) {
    console.log(`${name}: ${error instanceof Error ? error.message.split('\n').slice(0, 2).join(' ') : String(error)}`);
  }
}
const version = JSON.parse(readFileSync(join(packages, 'core', 'package.json'), 'utf8')) as { version: string };
const lines = Object.entries(results).map(([name, values]) => `  ${JSON.stringify(name)}: ${JSON.stringify(values)}`);
writeFileSync(
  target,
  `{\n "runtime": "@litertjs/core ${version.version}",\n "results": {\n${lines.join(',\n')}\n }\n}\n`,
);
console.log(`${target}: ${lines.length} of ${Object.keys(tfliteCases).length} cases`);
await context.close();
server.close();
rmSync(profile, { recursive: true, force: true });
