import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { add, after, analysis, before, conv, result, samples } from '../../test/browser/compress-records.ts';
import { makeCost, makeLayer } from '../../test/browser/cost-records.ts';
import { makeRun } from '../../test/browser/report-runs.ts';
import { pairLayers, sizesOf } from './compress-columns.ts';
import { type CompressReport, renderCompressReport } from './index.ts';

const base = {
  title: 'A compression',
  generatedBy: 'Tritbank',
  result,
  before,
  after,
  control: before,
  withMemory: { before, after, control: before },
};
const render = async (report: Partial<CompressReport> = {}) => {
  const page = await renderCompressReport({ ...base, ...report });
  expect(page).not.toMatch(/(?:src|href)="(?!data:)|@import|url\(|<script[^>]|NaN|undefined/);
  return parseHTML(page).document;
};
const texts = (root: ParentNode, selector: string) =>
  Array.from(root.querySelectorAll(selector), (element) => (element.textContent ?? '').replace(/\s+/g, ' ').trim());
const rowsOf = (root: ParentNode, index: number) =>
  Array.from(root.querySelectorAll('table.results')[index]!.querySelectorAll('tr'), (row) => texts(row, 'th, td'));

describe('page', () => {
  test('sections, tiles and facts of a trained network', async () => {
    const document = await render({ analysis, training: makeRun(), samples });
    const sections = ['Files', 'Budget', 'Plan', 'Layers', 'Training', 'Sensitivity', 'Where they differ'];
    expect(texts(document, 'h2')).toEqual(sections);
    expect(texts(document, 'figure h3')).toEqual([
      'Filters that stay in full precision',
      'Width of the ternary part',
      'Size of each layer',
      'Energy of each layer',
      'Test accuracy',
      'Loss',
      'Residual of each filter at each width ratio',
    ]);
    expect(texts(document, '.tiles dt')).toEqual([
      'Top-1 accuracy',
      'File',
      'Energy of the arithmetic',
      'Throughput at the best split',
    ]);
    // 0.7975 - 0.8 = -0.25 points
    expect(texts(document, '.tiles small')[0]).toBe('−0.25 points against 80.00 %');
    const facts = texts(document, '.facts dd');
    expect(facts).toContain('1 of 2 planned layers');
    expect(facts).toContain('98.50 % of 200 test images');
    expect(facts).toContain('statistics 2.0 s, train 1 min 15 s');
    expect(facts).toContain(result.command);
    expect(document.querySelectorAll('.heat').length).toBe(1);
  });

  test('budget and layers in figures', async () => {
    const document = await render({ analysis });
    expect(rowsOf(document, 1).slice(1)).toEqual([
      ['size', '≤ 0.7000', '0.4900', '0.4906'],
      ['energy', '–', '0.7200', '0.7211'],
      ['multiplications', '–', '0.5300', '0.5339'],
      ['throughput', '≥ 0.9000', '0.9500', '0.9925'],
    ]);
    // an addition takes an energy of 0.2: Add 500 x 0.2; before 8000 + 64 + 100, after 2890 + 64 + 100
    expect(rowsOf(document, 2).slice(1)).toEqual([
      ['conv', 'conv', '2+6', '9', '0.25', '0.10', '8.000', '2.890', '0.0125'],
      ['fc', 'classifier', '4+0', '–', '0.13', '0.13', '0.064', '0.064', '0'],
      ['Add', 'other', '–', '–', '0.00', '0.00', '0.100', '0.100', '–'],
      ['total', '', '', '', '0.38', '0.22', '8.164', '3.054', '0.0125'],
    ]);
  });

  test('the file stands beside the original and its control', async () => {
    const document = await render();
    // energies: control as before, after 3054 of 8164
    expect(rowsOf(document, 0).slice(1)).toEqual([
      ['original', '1.00', '–', '–', '–', '1.000', '1.000', '80.00'],
      ['uncompressed, int8', '0.47', '1.50', '0.50', '0.75', '1.000', '1.000', '79.00'],
      ['compressed, fp16 filters, float activations', '0.50', '2.00', '1.00', '1.50', '0.374', '0.374', '79.75'],
    ]);
    // more accurate, though larger
    expect(document.querySelectorAll('.warning').length).toBe(0);
    const good = { ...result, control: { ...result.control, top1: 0.81 } };
    expect(texts(await render({ result: good }), '.warning')).toEqual([
      'Note: the uncompressed network in int8 is smaller (480 bytes against 512) and no less accurate: on disk nothing is ' +
        'gained over it (--activations int8 makes the compressed file smaller)',
    ]);
  });

  test('the sparsity of decompositions has a column where there is one', async () => {
    const { conv, ...layers } = result.plan.layers;
    const plan = { ...result.plan, layers: { conv: { ...conv!, sparsity: 2.5 }, ...layers } } as typeof result.plan;
    const [head, ...rows] = rowsOf(await render({ result: { ...result, plan } }), 2);
    const at = head!.indexOf('sparsity');
    expect(rows.map((row) => row[at])).toEqual(['2.5', '–', '–', '']);
    expect(rowsOf(await render(), 3)[0]).not.toContain('sparsity');
  });

  test('bars: shares of filters, width ratios, pairs', async () => {
    const document = await render();
    const titles = (figure: number) =>
      texts(Array.from(document.querySelectorAll('figure'))[figure]!, 'svg rect title');
    const kept = 'conv 2 of 8 filters in full precision (25.0 %)';
    const whole = 'fc 4 of 4 filters in full precision (100.0 %)';
    // the ternary part of fc has no length
    expect(titles(0)).toEqual([kept, kept, whole]);
    // 9 hidden units for 8 - 2 filters
    expect(titles(1)).toEqual(['conv 9 hidden units for 6 ternary filters: 1.500']);
    expect(titles(2)).toEqual([
      'conv, before 0.25 KB',
      'fc, before 0.13 KB',
      'conv, after 0.10 KB',
      'fc, after 0.13 KB',
    ]);
    const rects = Array.from(document.querySelectorAll('figure')[0]!.querySelectorAll('rect'), (rect) =>
      Number(rect.getAttribute('width')),
    );
    expect(rects[1]! / rects[0]!).toBeCloseTo(3, 6);
  });

  test('images that the networks disagree on', async () => {
    const document = await render({ samples });
    const cards = Array.from(document.querySelectorAll('.samples li'));
    expect(cards.map((card) => card.className)).toEqual(['wrong', 'right', 'wrong']);
    expect(texts(cards[0]!, 'span')).toContain('✗ dog & <b>');
    expect(texts(cards[0]!, '.label')).toEqual(['before: ✓ cat', 'true: cat']);
    expect(texts(cards[1]!, '.label')).toEqual(['before: ✗ cat', 'true: dog']);
    expect(document.querySelectorAll('.samples img[src^="data:image/png;base64,"]').length).toBe(3);
    expect(texts(document, 'section .note').at(-1)).toMatch(
      /^The networks differ on 3 of 200 test images \(1.50 %\). ✓/,
    );
    const table = rowsOf(await render(), 3);
    expect(table).toEqual([
      ['image', 'true class', 'before', 'after'],
      ['3', '0', '0', '1'],
      ['17', '1', '0', '1'],
      ['42', '2', '0', '1'],
    ]);
  });

  test('what is not there is left out', async () => {
    const { accuracy: _accuracy, agreement: _agreement, ...rest } = result;
    const { data: _data, ...config } = result.config;
    const uniform = { alpha: 0.5, widthRatio: 1.25 };
    const bare = {
      ...rest,
      config: { ...config, method: 'none', budget: {}, uniform },
      seconds: {},
      command: '',
    } as const;
    const document = await render({ result: bare });
    expect(texts(document, 'h2')).toEqual(['Files', 'Budget', 'Plan', 'Layers']);
    expect(texts(document, '.tiles dt')).toEqual([
      'File',
      'Multiplications',
      'Energy of the arithmetic',
      'Throughput at the best split',
    ]);
    expect(texts(document, '.facts dt')).not.toContain('Command');
    expect(texts(document, '.facts dd')).toContain('alpha 0.5, width ratio 1.25; the classifier wholly ternary');
    expect(texts(document, '.facts dd')).toContain('none: weights alone');
    const equal = { share: 1, examples: [] };
    expect(texts(await render({ result: { ...result, agreement: equal } }), 'h2')).not.toContain('Where they differ');
  });
});

test('layers are paired by name, operators apart from layers', () => {
  const layer = makeLayer({ name: 'Add', kind: 'pointwise', filters: 8, macs: 10 });
  const found = pairLayers(makeCost([layer, add]), makeCost([add, conv]), { layers: { Add: { method: 'fp' } } });
  expect(found.map(({ name, kind, ...sides }) => [name, kind, Object.keys(sides).join()])).toEqual([
    ['Add', 'pointwise', 'before,planned'],
    ['Add', 'other', 'before,after'],
    ['conv', 'conv', 'after'],
  ]);
  expect(sizesOf(found[1]!)).toBeUndefined();
  expect(sizesOf(found[2]!)).toEqual({ filters: 8, fullPrecision: 8, hidden: 0 });
});
