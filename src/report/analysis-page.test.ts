import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import type { Analysis, AnalyzedLayer } from '../compress/sensitivity.ts';
import { printAnalysis, shownRatios, spreadOf, worstShare } from './analysis-columns.ts';
import { binColumns, drawHeatMap, maxColumns, rankFilters } from './charts/heat-map.ts';
import { makeRamp } from './charts/ramp.ts';
import { formatResidual } from './format.ts';
import { type AnalysisReport, renderAnalysisReport } from './index.ts';

/** Filter f of a layer has residual (f + 1) / filters at ratio 0.5, and a hundredth of it at ratio 1. */
function makeLayer(name: string, filters: number): AnalyzedLayer {
  const high = Array.from({ length: filters }, (_, f) => (f + 1) / filters);
  return {
    name,
    kind: 'pointwise',
    filters,
    inputs: 8,
    widths: [filters / 2, filters],
    residuals: [high, high.map((r) => r / 100)],
    importance: high.map(() => 1 / filters),
    nonZero: [100, 200],
  };
}

function makeAnalysis(layers: readonly AnalyzedLayer[], change: Partial<Analysis> = {}): Analysis {
  const facts = { version: 1, model: 'net', data: null, lossUnit: 'noise', ratios: [0.5, 1], seed: 0 } as const;
  return { ...facts, seconds: 12.3, layers, ...change };
}

const report = (analysis: Analysis): AnalysisReport => ({
  title: 'A model',
  generatedBy: 'Tritbank',
  command: 'tritbank analyze model.onnx',
  date: '2026-01-31T12:00:00.123Z',
  analysis,
});

const texts = (root: ParentNode, selector: string) =>
  Array.from(root.querySelectorAll(selector), (element) => element.textContent ?? '');

test('spreads, shares and numbers', () => {
  expect(spreadOf([4, 1, 2, 9])).toEqual({ mean: 4, min: 1, median: 3, max: 9 });
  expect(spreadOf([5])).toEqual({ mean: 5, min: 5, median: 5, max: 5 });
  // two of 11 filters are the worst tenth
  expect(worstShare([10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2])).toBeCloseTo(12 / 21, 12);
  expect(worstShare([0, 0])).toBe(0);
  expect([0, 1, 0.0453, 0.0001, 0.000012].map(formatResidual)).toEqual(['0', '1.00', '0.0453', '0.000100', '1.20e-5']);
});

test('shows ratios 1 and 2, or the ends', () => {
  const of = (...ratios: number[]) => shownRatios(makeAnalysis([], { ratios }));
  expect(of(0.5, 1, 1.5, 2)).toEqual([1, 3]);
  expect(of(1, 1.5)).toEqual([0]);
  expect(of(0.5, 0.75, 1.5)).toEqual([0, 2]);
  expect(of(0.5)).toEqual([0]);
});

describe('heat map', () => {
  const ramp = makeRamp([-4, 0]);
  const draw = (layer: AnalyzedLayer) => {
    const { text } = drawHeatMap({ layer, ratios: [0.5, 1], order: 1, ramp, formatResidual });
    return parseHTML(`<body>${text}</body>`).document;
  };

  test('the hardest filters come first', () => {
    expect(rankFilters([0.1, 0.5, 0.1, 0.9])).toEqual([3, 1, 0, 2]);
  });

  test('columns are logarithms; many filters share them', () => {
    expect(binColumns([1, 0.1, 0])).toEqual([0, -1, -4]);
    expect(binColumns([1, 0.01, 0.1, 0.1, 1], 2)).toEqual([-1, -2 / 3]);
    expect(binColumns(new Array<number>(1000).fill(0.1)).length).toBe(maxColumns);
  });

  test('cells cover the map once, and every row says its figures', () => {
    for (const filters of [4, 100, 1000]) {
      const document = draw(makeLayer('a', filters));
      const [width, height] = [312, 30];
      const rows = new Map<number, number>();
      for (const path of Array.from(document.querySelectorAll('path'))) {
        for (const [, x, y, end, down] of path
          .getAttribute('d')!
          .matchAll(/M([\d.]+) ([\d.]+)H([\d.]+)v(\d+)H[\d.]+z/g)) {
          expect(Number(down)).toBe(height / 2);
          rows.set(Number(y), (rows.get(Number(y)) ?? 0) + Number(end) - Number(x));
        }
      }
      expect([...rows.keys()].sort((a, b) => a - b)).toEqual([0, 15]);
      for (const covered of rows.values()) expect(covered).toBeCloseTo(width, 6);
    }
    const document = draw(makeLayer('a', 4));
    expect(texts(document, 'title')).toEqual([
      'width ratio 0.5\nmean 0.625\nmin 0.250\nmedian 0.625\nmax 1.00',
      'width ratio 1\nmean 0.00625\nmin 0.00250\nmedian 0.00625\nmax 0.0100',
    ]);
    expect(texts(document, 'text')).toEqual(['0.5', '1', '1', '4', 'filters, the hardest first']);
  });

  test('cells of one colour are one rectangle', () => {
    const layer = { ...makeLayer('a', 300), residuals: [0.3, 0.003].map((r) => new Array<number>(300).fill(r)) };
    expect(Array.from(draw(layer).querySelectorAll('path'), (path) => path.getAttribute('d'))).toEqual([
      'M0 15H312v15H0z',
      'M0 0H312v15H0z',
    ]);
  });
});

describe('page', () => {
  test('tiles, facts, maps and table', async () => {
    const analysis = makeAnalysis([makeLayer('conv <1>', 20), makeLayer('conv_2', 40)]);
    const page = await renderAnalysisReport(report(analysis));
    expect(page).not.toMatch(/(?:src|href)="(?!data:)|@import|url\(|<script[^>]|NaN|undefined|Infinity/);
    const { document } = parseHTML(page);
    expect(texts(document, 'h2')).toEqual(['Filters', 'Layers']);
    expect(texts(document, '.heat h4')).toEqual(['conv <1>', 'conv_2']);
    expect(texts(document, '.tiles dt')).toEqual([
      'Filters',
      'Residual at width ratio 1',
      'Spread within a layer',
      'Loss of the worst 10 %',
    ]);
    // residuals 0.01 (1 + .. + 20) / 20 / 20 = 0.00525 and 0.01 (1 + .. + 40) / 40 / 40 = 0.005125
    // deciles 18 / 3 of 20 filters and 36 / 5 of 40; worst tenths (19 + 20) / 210 and (37 + .. + 40) / 820
    expect(texts(document, '.tiles dd').map((text) => text.split(/(?=[a-z])/)[0])).toEqual([
      '60',
      '0.52%',
      '6.6×',
      '19%',
    ]);
    expect(texts(document, '.facts dt')).toEqual([
      'Model',
      'Data',
      'Width ratios',
      'Time',
      'Date',
      'Residual',
      'Loss',
      'Command',
    ]);
    expect(texts(document, '.results tbody tr:first-child > *')).toEqual([
      ...['conv <1>', 'pointwise', '20', '8'],
      ...['0.00525', '0.000500', '0.00525', '0.0100', '0.00525', '19'],
    ]);
  });

  test('names the data', async () => {
    const data = { name: 'bars', images: 1024 };
    const page = await renderAnalysisReport(report(makeAnalysis([makeLayer('a', 4)], { data, lossUnit: 'nats' })));
    const { document } = parseHTML(page);
    expect(texts(document, '.lead')).toEqual(['How much each filter of net suffers from becoming ternary, on bars']);
    expect(texts(document, '.facts dd')).toContain('bars, 1,024 images');
  });

  test('needs layers', async () => {
    await expect(renderAnalysisReport(report(makeAnalysis([])))).rejects.toThrow(
      'expected at least one layer, found none',
    );
  });
});

test('as text', () => {
  expect(printAnalysis(makeAnalysis([makeLayer('conv', 10)], { ratios: [0.5, 1] })).split('\n')).toEqual([
    'layer       kind  filters  weights  mean at 1  min at 1  median at 1  max at 1  loss at 1  worst 10 %',
    '-----------------------------------------------------------------------------------------------------',
    'conv   pointwise       10        8    0.00550   0.00100      0.00550    0.0100    0.00550          18',
    '',
    'data          none: weights alone',
    'residual      squared error of a ternary filter relative to the filter: 0 exact, 1 all lost',
    "loss          a layer's error relative to its output, for inputs that are independent and alike: a rough guide between layers",
    'width ratios  0.5, 1 hidden units per filter',
    'filters       10 in 1 layer',
    'time          12 s',
  ]);
});

test('sparser decompositions have their losses, and how few non-zeros they have', async () => {
  const dense = makeLayer('conv', 10);
  const sparser = [4, 10].map((sparsity, k) => ({
    sparsity,
    residuals: dense.residuals.map((row) => row.map((r) => r * (k + 2))),
    nonZero: [50 / (k + 1), 80 / (k + 1)],
  }));
  const analysis = makeAnalysis([{ ...dense, sparser }, makeLayer('other', 10)]);
  const [head, , first, second, ...rest] = printAnalysis(analysis).split('\n');
  expect(head).toMatch(/ loss at 1 {2}worst 10 % {2}loss, sparsity 4 {2}non-zeros {2}loss, sparsity 10 {2}non-zeros$/);
  // 80 and 40 of 200 weights, 2 and 3 times the loss
  expect(first).toMatch(/ 0\.00550 +18 +0\.0110 +40 +0\.0165 +20$/);
  expect(second).toMatch(/ 0\.00550 +18( +–){4}$/);
  expect(rest).toContain('sparsities    0, 4, 10; of 0 where none is named; non-zeros in per cent of those with 0');
  const { document } = parseHTML(await renderAnalysisReport(report(analysis)));
  expect(texts(document, '.facts dt')).toContain('Sparsities');
  expect(texts(document, '.results thead th')).toContain('loss, sparsity 10');
});
