/** Tables and charts of stored runs, and that the pages in the repository are what the stored files give. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeHardwarePage } from './hardware.ts';
import { makeMcuPage } from './mcu.ts';
import { makePages } from './pages.ts';
import { makePlannerPage } from './planner.ts';
import { rowOf } from './rows.ts';
import type { Counted, RunFigures } from './stored.ts';

const counted: Counted = {
  multiplications: 6e6,
  additions: 7.5e6,
  relativeMultiplications: 0.5,
  energy: 0.7,
  throughput: 1.25,
};
const figures: RunFigures = {
  top1: 0.9,
  epochs: 5,
  seconds: 600,
  parameters: 1000,
  bytes: { twoBit: 500, fiveTrit: 400, entropy: 350, original: 1000 },
  dense: counted,
  zeroSkipping: { ...counted, additions: 2.5e6, energy: 0.4 },
  zeros: 0.5,
  command: 'tritbank compress',
  machine: 'a machine',
  date: '2026-01-02',
};
const epoch = (number: number, top1: number, phase = 'frozen') => `${JSON.stringify({ epoch: number, phase, top1 })}\n`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritbank-results-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Change = { readonly [K in keyof RunFigures]?: RunFigures[K] | undefined };

function store(name: string, change: Change = {}, metrics: string | null = epoch(1, 0.8) + epoch(2, 0.9)): void {
  const directory = join(folder, 'cifar10', 'mobilenet-v1-0.5', name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'run.json'), JSON.stringify({ ...figures, ...change }));
  if (metrics !== null) writeFileSync(join(directory, 'metrics.jsonl'), metrics);
}

const readme = 'before\n<!-- results: mobilenet-v1-0.5 -->\nold\n<!-- /results -->\nafter\n';
const pages = () => new Map(makePages(folder, () => readme));

describe('names of run directories', () => {
  test('have the row and the seed', () => {
    expect(rowOf('planned-int8-12')).toMatchObject({ row: { name: 'planned-int8', scheme: 'hybrid-int8' }, seed: 12 });
    expect(rowOf('ablation-no-freezing-1')).toMatchObject({ row: { name: 'ablation-no-freezing' }, seed: 1 });
  });
  test.each(['planned', 'other-1', 'analysis.json'])('others are none: %s', (name) => {
    expect(rowOf(name)).toBeUndefined();
  });
});

test('a row is the mean of its seeds, with the deviation, beside what they started from', () => {
  store('full-precision-1', { top1: 0.92 });
  for (const [i, top1] of [0.91, 0.92, 0.93].entries()) store(`planned-${i + 1}`, { top1, start: 0.92 });
  const page = pages().get(join(folder, 'cifar10/README.md'))!;
  const row = page.split('\n').find((line) => line.startsWith("| hybrid, planned at the paper's budget |"))!;
  expect(row.split(' | ').slice(1)).toEqual([
    ...['92.00 ± 1.00 (3)', '±0.00', '0.49', '50.0 %', '6.00', '50.0 %', '7.50', '0.700', '1.250'],
    '5 epochs, 10 min 0 s |',
  ]);
});

test('epochs of straight-through training are told apart', () => {
  store('full-precision-1');
  store('planned-1', { epochs: 2 }, epoch(1, 0.8, 'ternary') + epoch(2, 0.9));
  expect(pages().get(join(folder, 'cifar10/README.md'))).toContain('2 epochs, 1 of them straight through, 10 min 0 s');
});

test('the cycles of the original are one training, and seeds may part in the last', () => {
  store('first-cycle-1', { top1: 0.88, epochs: 6 });
  store('second-cycle-1', { top1: 0.89, epochs: 4 });
  store('full-precision-1');
  store('full-precision-2');
  const page = pages().get(join(folder, 'cifar10/README.md'))!;
  expect(page).toMatch(/\| full precision \| 90\.00 ± 0\.00 \(2\) \| .* 6 \+ 4 \+ 5 epochs, 30 min 0 s \|/);
  expect(page.match(/^- `(full-precision|first-cycle|second-cycle) 1`, /gm)).toHaveLength(3);
});

test('what each cycle brought is a table of its own, where there are several', () => {
  store('full-precision-1');
  expect(pages().get(join(folder, 'cifar10/README.md'))).not.toContain('more training of the original');
  store('first-cycle-1', { top1: 0.88, epochs: 6 });
  store('fourth-cycle-1', { top1: 0.91 });
  store('fourth-cycle-2', { top1: 0.93 });
  const page = pages().get(join(folder, 'cifar10/README.md'))!;
  const [, table] = page.split('### What more training of the original brings');
  const lines = table!.trim().split('\n').slice(2, 5);
  expect(lines[0]).toBe('| first: from scratch | 88.00 | 6 epochs, 10 min 0 s |');
  expect(lines[1]).toMatch(/^\| third, .* \| 90\.00 \| 5 epochs, 10 min 0 s \|$/);
  expect(lines[2]).toMatch(/^\| fourth: .* \| 92\.00 ± 1\.41 \(2\) \|/);
  expect(page).toContain('- `fourth-cycle 2`, ');
});

test('differences are those to the original that a row started from, which may be another now', () => {
  store('full-precision-1', { top1: 0.91 });
  store('full-precision-2', { top1: 0.93 });
  store('planned-1', { top1: 0.9, start: 0.905 });
  const page = pages().get(join(folder, 'cifar10/README.md'))!;
  expect(page).toMatch(/\| full precision \| 92\.00 ± 1\.41 \(2\) \| {2}\|/);
  expect(page).toMatch(/\| hybrid, planned at the paper's budget \| 90\.00 \| −0\.50 \|/);
});

test('one seed has no deviation; what is not trained says so', () => {
  store('full-precision-1', { top1: 0.92 });
  store('int8-1', { start: 0.92, epochs: undefined, seconds: undefined }, null);
  const page = pages().get(join(folder, 'cifar10/README.md'))!;
  expect(page).toContain('| full precision | 92.00 |');
  expect(page).toMatch(/\| int8 \| 90\.00 \| −2\.00 .* none \|/);
});

test('ablations are compared with the whole recipe, in the order of the table', () => {
  store('full-precision-1');
  store('ablation-no-freezing-1', { top1: 0.88 });
  store('ablation-reference-1', { top1: 0.89 });
  const page = pages().get(join(folder, 'cifar10/README.md'))!;
  const [, table] = page.split('### What each part of the recipe brings');
  const lines = table!.trim().split('\n').slice(2, 4);
  expect(lines[0]).toMatch(/^\| the recipe \| 89\.00 \| {2}\| 50\.0 % \|/);
  expect(lines[1]).toMatch(/^\| ternary weights trained straight through to the end \| 88\.00 \| −1\.00 \|/);
});

test('what the planner may choose from is a table of its own, compared with the same run under another name', () => {
  store('full-precision-1');
  store('ablation-no-narrow-banks-untrained-1', { top1: 0.8, epochs: undefined, seconds: undefined }, null);
  store('ablation-dist-1');
  expect(pages().get(join(folder, 'cifar10/README.md'))).not.toMatch(
    /the planner may choose from|each part of the recipe/,
  );
  store('ablation-reference-1', { top1: 0.9 });
  const page = pages().get(join(folder, 'cifar10/README.md'))!;
  expect(page).toContain('| the recipe | 90.00 |');
  const [, table] = page.split('### What the planner may choose from');
  const lines = table!.trim().split('\n').slice(2, 4);
  expect(lines[0]).toMatch(/^\| sparse terms, r from an eighth of the filters \| 90\.00 \|/);
  expect(lines[1]).toMatch(/^\| dense terms, .* as decomposed \| 80\.00 \| −10\.00 \| .* none \|/);
});

test('tables in pages are replaced, the rest stays', () => {
  store('full-precision-1', { top1: 0.92 });
  const text = pages().get('README.md')!;
  expect(text).toMatch(/^before\n/);
  expect(text).toMatch(/\nafter\n$/);
  expect(text).not.toContain('old');
  expect(text).toContain('| full precision | 92.00 | 50.0 % | 70.0 % | 40.0 % | 1.25 | 1.25 |');
  const other = '<!-- results: other -->\n<!-- /results -->';
  expect(() => makePages(folder, () => other)).toThrow('README.md: expected one of mobilenet-v1-0.5,');
});

test('charts are documents of their own, with a mark for every row', () => {
  store('full-precision-1');
  store('twn-1', { top1: 0.7 });
  const charts = [...pages()].filter(([path]) => path.endsWith('.svg'));
  expect(charts).toHaveLength(5);
  for (const [, svg] of charts) {
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg).toContain('<style>');
    expect(svg).toContain('TWN');
    expect(svg).not.toMatch(/NaN|undefined/);
  }
});

test('a row far below the others does not stretch the axis', () => {
  store('full-precision-1', { top1: 0.902 });
  store('planned-1', { top1: 0.901 });
  store('uniform-1', { top1: 0.899 });
  store('twn-1', { top1: 0.8325 });
  const svg = pages().get(join(folder, 'cifar10', 'mobilenet-v1-0.5', 'accuracy-size.svg')) ?? '';
  expect(svg).toContain('TWN, 83.25 %');
  expect(svg).toMatch(/>90\.\d+</);
  expect(svg).not.toMatch(/>8[0-8](\.\d+)?</);
});

test.skipIf(!existsSync('results'))('the pages in the repository are those of the stored runs', () => {
  const read = (file: string) => readFileSync(file, 'utf8');
  const pages = [...makePages('results', read), makePlannerPage(read), makeHardwarePage(read), makeMcuPage(read)];
  for (const [path, text] of pages) {
    expect(readFileSync(path, 'utf8') === text, `${path}: run npm run results`).toBe(true);
  }
});
