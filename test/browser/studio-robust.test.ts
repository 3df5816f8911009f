/**
 * What goes wrong with the studio, and that it goes on: files that are no models, folders, work that others stop, run
 * directories that are damaged, a reload while it trains; and the page without a network, from a folder of a server.
 */

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { figureFile, figureOf } from '../../scripts/studio/figure.ts';
import { type StudioServer, serveStudio } from '../../src/serve/studio.ts';
import { layersModel } from '../fixtures/tfjs-model.ts';
import { f32Type, modelBytes, node } from '../onnx-model.ts';
import { hasBrowser, launch } from './browser.ts';

const root = join(import.meta.dirname, '../..');
const built = join(root, 'dist/studio');
const hasStudio = hasBrowser && existsSync(join(built, 'index.html'));
const digits = join(root, 'examples/browser/models/baseline.onnx');
const hybrid = join(root, 'examples/browser/models/hybrid.onnx');

const work = mkdtempSync(join(tmpdir(), 'tritbank-robust-'));
const at = (...path: string[]) => join(work, ...path);
let context: BrowserContext;
let studio: StudioServer;

beforeAll(async () => {
  if (!hasStudio) return;
  for (const folder of ['profile', 'images/deeper', 'layers', 'dragged', 'runs'])
    mkdirSync(at(folder), { recursive: true });
  const grey = sharp(Buffer.alloc(784, 90), { raw: { width: 28, height: 28, channels: 1 } });
  for (const name of ['0.png', '1.png', 'deeper/2.png']) await grey.clone().toFile(at('images', name));
  const model = readFileSync(digits);
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'empty.onnx': '',
    'cut.onnx': model.subarray(0, model.length / 2),
    'text.onnx': 'a letter to nobody',
    'zeros.onnx': new Uint8Array(2e6),
    'broken.tflite': Buffer.concat([Buffer.from('\x1c\0\0\0TFL3'), Buffer.alloc(100)]),
    'relu.onnx': modelBytes({
      nodes: [node('Relu', ['x'], ['y'])],
      inputs: { x: f32Type(1, 10) },
      outputs: { y: f32Type(1, 10) },
    }),
    'layers/model.json': JSON.stringify(layersModel),
    'layers/weights.bin': new Uint8Array(60),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(at(name), content);
  cpSync(digits, at('dragged/inside.onnx'));
  makeRuns();
  context = await launch(at('profile'));
  studio = await serveStudio({ runs: at('runs'), port: 0 });
});

afterAll(async () => {
  await context?.close();
  await studio?.close();
  rmSync(work, { recursive: true, force: true });
});

/** One good run, and one of which every file is damaged in a way of its own. */
function makeRuns(): void {
  const write = (run: string, file: string, text: string) => {
    mkdirSync(at('runs', run), { recursive: true });
    writeFileSync(at('runs', run, file), text);
  };
  write('good', 'result.json', JSON.stringify({ method: 'fp', dataset: 'mnist', top1: 0.9 }));
  write('broken', 'config.json', '[]');
  write('broken', 'result.json', '{"top1": "high", "bytes": nu');
  write('broken', 'metrics.jsonl', 'null\n3\n{"epoch":"one"}\n{"epoch":1,"top1":0.5}\n{"ep');
  write('broken', 'plan.json', '{"version":2,"model":"m","layers":null}');
  mkdirSync(at('runs/other'));
  writeFileSync(at('runs/other/metrics.jsonl'), Uint8Array.of(0xff, 0xfe, 0xfd));
}

async function open(url = studio.url.replace(/#.*/, '')): Promise<{ page: Page; problems: string[] }> {
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const problems: string[] = [];
  page.on('pageerror', ({ message }) => problems.push(message));
  await page.goto(url);
  return { page, problems };
}

/** Drops files and folders, as a person would, on the line of the network: charts are drawn anew under a pointer. */
async function drop(page: Page, paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 900, y: 72, data });
    // a page that has not yet said that files may be dropped gets none
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await session.detach();
}

const alert = (page: Page, words: RegExp) => page.getByRole('alert').getByText(words).waitFor();
const isOpen = (page: Page, name: string) => page.locator('.status .name', { hasText: name }).waitFor();
const isAnalysed = (page: Page) => page.getByText(/Every layer was decomposed/).waitFor();

describe.skipIf(!hasStudio)('the studio, when something goes wrong', () => {
  it('says of each file why it is no model that it can use', async () => {
    const { page, problems } = await open();
    const input = page.locator('input[type=file]').first();
    for (const [files, words] of [
      [['empty.onnx'], /empty\.onnx: expected an ONNX model, found an empty file/],
      [['cut.onnx'], /cut\.onnx: .*expected \d+ bytes, found \d+/],
      [['text.onnx'], /text\.onnx: expected an ONNX model, found a text file/],
      [['zeros.onnx'], /zeros\.onnx: .*expected a field number, found 0/],
      [['broken.tflite'], /broken\.tflite: expected a subgraph/],
      [['layers/model.json'], /expected its weights in weights\.bin, found no such file/],
      [['empty.onnx', 'cut.onnx'], /expected one model .*found 2: empty\.onnx, cut\.onnx/],
    ] as const) {
      await input.setInputFiles(files.map((file) => at(file)));
      await alert(page, words);
      await page.keyboard.press('Escape');
      expect(await page.getByRole('alert').count()).toBe(0);
    }
    await input.setInputFiles([at('layers/weights.bin'), at('layers/model.json')]);
    await isOpen(page, 'model.json');
    await input.setInputFiles(at('relu.onnx'));
    await isOpen(page, 'relu.onnx');
    expect(await page.locator('.tiles').textContent()).not.toContain('NaN');
    await input.setInputFiles(hybrid);
    await page.getByText(/it has \d+ filter banks already: open the network that it was made from/).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it('takes folders, and says that other work was stopped', async () => {
    const { page, problems } = await open();
    await drop(page, [at('dragged')]);
    await isOpen(page, 'inside.onnx');
    await isAnalysed(page);
    await page.getByRole('img', { name: 'after conv_dw_3' }).waitFor();
    await page.getByRole('tab', { name: 'Inspect' }).focus();
    await page.keyboard.press('End');
    expect(await page.getByRole('tab', { name: 'Runs' }).getAttribute('aria-selected')).toBe('true');
    await page.getByRole('tab', { name: 'Compress' }).click();
    await page.getByText(/of the size and/).waitFor();
    await page.locator('input[type=file]').first().setInputFiles(at('images/0.png'));
    await alert(page, /expected at least 2 images that the browser decodes, found 1 of 1 files/);
    await drop(page, [at('images')]);
    await page.getByText('3 images').waitFor();
    await page.getByRole('button', { name: 'Compress', exact: true }).click();
    await page.getByText(/Compressing: calibrating/).waitFor();
    await drop(page, [at('images')]);
    await alert(page, /Compressing was stopped before it was done: reading images began/);
    // what was planned for this network is not asked of the next one
    await page.getByRole('tab', { name: 'Plan' }).click();
    await page.getByText(/^Planned in/).waitFor();
    await page.getByRole('slider', { name: /at most, of 16 bits/ }).fill('-420');
    await drop(page, [at('relu.onnx')]);
    await page.getByText('This network cannot be compressed here').waitFor();
    await page.waitForTimeout(1000);
    expect(await page.getByRole('alert').count()).toBe(0);
    await page.getByRole('tab', { name: 'Explain' }).click();
    await page.getByText(/Open a network and plan it/).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it('asks before a training is lost', async () => {
    const { page } = await open(`${studio.url.replace(/[?#].*/, '')}#train`);
    await page.getByRole('slider', { name: 'Width' }).fill('0.125');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByText(/steps\/s/).waitFor();
    const asked = page.waitForEvent('dialog');
    const closed = page.close({ runBeforeUnload: true });
    const dialog = await asked;
    expect(dialog.type()).toBe('beforeunload');
    await dialog.accept();
    await closed;
  });

  it('shows what of damaged runs can be read, and refuses an address with another token', async () => {
    const { page, problems } = await open(studio.url);
    await page.getByRole('heading', { name: '3 of 3 runs' }).waitFor();
    const row = (name: string) => page.getByRole('row', { name: new RegExp(`^Compare ${name}`) });
    expect(await row('good').textContent()).toContain('90.00 %');
    expect(await row('broken').textContent()).toMatch(/result\.json is no JSON.*plan/);
    expect(await row('broken').textContent()).toContain('50.00 %');
    expect(await row('other').textContent()).toContain('metrics.jsonl cannot be read');
    await page.goto('about:blank');
    await page.goto(studio.url.replace(/token=\w/, 'token=x'));
    await alert(page, /found an address whose token is not of this server/);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('has the figure of the documentation', async () => {
    const { page } = await open(`${studio.url.replace(/[?#].*/, '')}#explain`);
    expect(await figureOf(page)).toBe(readFileSync(figureFile, 'utf8'));
    await page.close();
  });
});

describe.skipIf(!hasStudio)('the studio as a static folder', () => {
  let server: Server;
  let address: string;
  const types: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };

  beforeAll(async () => {
    server = createServer(({ url = '' }, response) => {
      const path = new URL(url, 'http://page').pathname.replace(/^\/a\/b\/c\//, '');
      const file = join(built, path === '' ? 'index.html' : path);
      if (!existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
      const type = types[file.split('.').at(-1)!] ?? 'application/octet-stream';
      return response.writeHead(200, { 'content-type': type }).end(readFileSync(file));
    });
    await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
    // a name of its own machine that is not the one of `tritbank studio`
    address = `http://studio.localhost:${(server.address() as AddressInfo).port}/a/b/c/`;
  });

  it('works from any path, and once a network was opened without a server', async () => {
    const { page, problems } = await open(address);
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await page.getByRole('button', { name: /^Digits/ }).click();
    await isOpen(page, 'digits');
    const text = readFileSync(join(built, 'service-worker.js'), 'utf8');
    const { all } = JSON.parse(/\{"version.*\}/.exec(text)![0]) as { all: string[] };
    const kept = () => page.evaluate(async () => (await (await caches.open((await caches.keys())[0]!)).keys()).length);
    await expect.poll(kept, { timeout: 30_000 }).toBeGreaterThanOrEqual(all.length);
    server.close();
    server.closeAllConnections();
    await page.reload();
    await page.getByRole('button', { name: /^Digits/ }).click();
    await isOpen(page, 'digits');
    await page.getByRole('tab', { name: 'Train' }).click();
    await page.getByRole('slider', { name: 'Width' }).fill('0.125');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByText(/steps\/s/).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });
});
