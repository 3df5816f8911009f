import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { garments, makeRun, makeRuns } from '../../test/browser/report-runs.ts';
import type { RunResult } from '../train/records.ts';
import { maxClasses, selectClasses } from './charts/confusion.ts';
import { findPhases } from './charts/phases.ts';
import { printTable, renderReport } from './index.ts';
import { findBaseline, findFeatured, nameRuns } from './runs.ts';
import { selectSamples } from './samples.ts';

const options = { title: 'A report', generatedBy: 'Tritbank' };
const parse = (page: string) => parseHTML(page).document;
const texts = (document: Document, selector: string) =>
  Array.from(document.querySelectorAll(selector), (element) => element.textContent ?? '');

/** A run with the figures that the table shows. */
const figures = (run: Partial<RunResult>): RunResult => ({ ...makeRun({ epochs: 2, samples: 0 }), ...run });

describe('table', () => {
  test('columns are aligned; the difference is against full precision', () => {
    const base = { bytes16: 2590 * 1024, top5: 0.9, seconds: 59.6, imagesPerSecond: 1234.4 };
    // the result of an older version: without energy and throughput
    const { energy: _energy, throughput: _throughput, ...old } = figures({ ...base, method: 'twn' });
    const table = printTable([
      figures({
        ...base,
        method: 'fp',
        top1: 0.652,
        parameters: 1326120,
        bytes: 2590 * 1024,
        energy: 1,
        throughput: 1,
      }),
      figures({ ...base, method: 'hybrid', top1: 0.6469, parameters: 99, bytes: 1267.1 * 1024, imagesPerSecond: 8.44 }),
      { ...old, top1: Number.NaN, bytes: 3000 * 1024, seconds: 7384, classes: ['a', 'b'] },
    ]);
    expect(table.split('\n')).toEqual([
      'method          top-1 (%)  Δ top-1       95 %  top-5 (%)  parameters  size (KB)  reduction (%)  energy  throughput  epochs       time  images/s',
      '-'.repeat(143),
      'full precision      65.20           64.3–66.1      90.00   1,326,120    2,590.0            0.0    1.00        1.00       2  1 min 0 s     1,234',
      'hybrid              64.69    −0.51  63.7–65.6      90.00          99    1,267.1           51.1    0.72        0.98       2  1 min 0 s       8.4',
      'TWN                     –        –          –          –   1,218,430    3,000.0          −15.8       –           –       2  2 h 3 min     1,234',
    ]);
  });

  test('one run needs no difference', () => {
    expect(printTable([makeRun({ method: 'fp' })]).split('\n')[0]).not.toContain('Δ');
  });
});

describe('page', () => {
  test('sections, rows and charts of four runs', async () => {
    const page = await renderReport(makeRuns(), options);
    const document = parse(page);
    expect(texts(document, 'h2')).toEqual(['Results', 'Training', 'Layers', 'Confusion', 'Sample predictions']);
    expect(texts(document, '.results tbody th')).toEqual(['full precision', 'TWN', 'StrassenNets', 'hybrid']);
    expect(document.querySelectorAll('figure').length).toBe(9);
    expect(document.querySelectorAll('.samples img').length).toBe(24);
    expect(page.length).toBeLessThan(1_000_000);
    expect(page).not.toMatch(/(?:src|href)="(?!data:)|@import|url\(|NaN|undefined/);
  });

  test('text is escaped wherever it is shown', async () => {
    const evil = '<script>alert(1)</script>"\'&\0\x1b';
    const run = makeRun({ classes: [evil, ...garments.slice(1)] });
    const layers = run.layers.map((layer) => ({ ...layer, name: `${evil}${layer.name}` }));
    const texts = { architecture: evil, dataset: evil, machine: evil, command: evil, model: evil, date: evil };
    const page = await renderReport(
      [
        { ...run, ...texts, layers },
        { ...run, layers },
      ],
      {
        title: evil,
        generatedBy: evil,
      },
    );
    // the page's own one only
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toContain('\0');
    expect(page).not.toContain('\x1b');
    expect(parse(page).querySelector('h1')?.textContent).toContain('<script>alert(1)</script>"\'&');
  });

  test('a run with nothing but its figures', async () => {
    const bare = { ...makeRun({ method: 'fp' }), history: [], layers: [], confusion: [], samples: [] };
    const document = parse(await renderReport([bare], options));
    expect(texts(document, 'h2')).toEqual(['Results']);
    expect(document.querySelectorAll('svg').length).toBe(0);
  });

  test('a loss that is not a number, as JSON keeps it', async () => {
    const run = makeRun();
    const history = run.history.map((r, i) => (i > 3 ? { ...r, trainLoss: Number.NaN, testLoss: Number.NaN } : r));
    const read: RunResult = JSON.parse(JSON.stringify({ ...run, history, loss: Number.NaN }));
    expect(await renderReport([read], options)).not.toContain('NaN');
  });

  test.each([2, 1000])('%i classes, colour images, two runs of a method', async (count) => {
    const classes = Array.from({ length: count }, (_, i) => `class ${i % 700}`);
    const runs = [1, 2].map((seed) => makeRun({ seed, classes, channels: 3, side: 80, perClass: 20, samples: 9 }));
    const page = await renderReport(runs, options);
    expect(page.length).toBeLessThan(1_000_000);
    const document = parse(page);
    expect(texts(document, '.results tbody th')).toEqual(['hybrid (seed 1)', 'hybrid (seed 2)']);
    expect(document.querySelectorAll('.samples img').length).toBe(9);
    const first = document.querySelector('.matrix svg')!;
    const diagonal = Array.from(first.querySelectorAll('rect title'), (t) => t.textContent ?? '');
    expect(diagonal.length).toBeGreaterThanOrEqual(Math.min(count, maxClasses));
  });

  test('no run, and a baseline that is none', async () => {
    await expect(renderReport([], options)).rejects.toThrow('expected at least one run, found none');
    await expect(renderReport(makeRuns(), { ...options, baseline: 'int8' })).rejects.toThrow(
      "report baseline: expected one of 'full precision', 'TWN', 'StrassenNets', 'hybrid', found 'int8'",
    );
  });
});

test('names and colours', () => {
  const named = nameRuns([makeRun({ method: 'fp' }), makeRun(), makeRun(), makeRun({ method: 'twn' })]);
  expect(named.map(({ name, color }) => [name, color])).toEqual([
    ['full precision', 'var(--fp)'],
    ['hybrid #1', 'var(--hybrid)'],
    ['hybrid #2', 'var(--extra-0)'],
    ['TWN', 'var(--twn)'],
  ]);
  expect(findBaseline(named)?.name).toBe('full precision');
  expect(findBaseline(named, 'twn')?.name).toBe('TWN');
  expect(findFeatured(named).name).toBe('hybrid #1');
});

test('phases', () => {
  const history = makeRun({ epochs: 10 }).history;
  expect(findPhases(history)).toEqual([
    { phase: 'full', first: 1, last: 4 },
    { phase: 'ternary', first: 5, last: 8 },
    { phase: 'frozen', first: 9, last: 10 },
  ]);
});

test('the classes of the most frequent confusions', () => {
  const confusion = Array.from({ length: 50 }, (_, i) => Array.from({ length: 50 }, (_, j) => 9 * Number(i === j)));
  confusion[40]![3] = 7;
  confusion[7]![45] = 5;
  const chosen = selectClasses(confusion);
  expect(chosen.length).toBe(maxClasses);
  expect(chosen).toEqual(expect.arrayContaining([3, 7, 40, 45]));
  expect(selectClasses(confusion.slice(0, 20))).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test('samples: mistakes of the highest probability first, at most half where enough are right', () => {
  const [sample] = makeRun().samples;
  const make = (right: boolean, probability: number) => ({
    ...sample!,
    label: 1,
    prediction: right ? 1 : 2,
    probability,
  });
  const wrong = Array.from({ length: 20 }, (_, i) => make(false, i / 20));
  const right = Array.from({ length: 20 }, () => make(true, 0.5));
  const chosen = selectSamples([...right, ...wrong]);
  expect(chosen.map((s) => s.prediction)).toEqual([...Array(12).fill(2), ...Array(12).fill(1)]);
  expect(chosen[0]?.probability).toBe(0.95);
  expect(selectSamples([...wrong, ...right.slice(0, 2)]).length).toBe(22);
  expect(selectSamples([{ ...sample!, pixels: [1] }])).toEqual([]);
});
