import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { makeCost, makeLayer, makeMobileNet, makeSweep } from '../../test/browser/cost-records.ts';
import { type CostReport, renderCostReport } from './index.ts';

const facts = {
  title: 'A cost',
  generatedBy: 'Tritbank',
  command: 'tritbank cost model.onnx --report cost.html',
  date: '2026-01-31T12:00:00.123Z',
};

const render = async (report: Partial<CostReport>) =>
  parseHTML(await renderCostReport({ ...facts, ...report })).document;
const texts = (root: ParentNode, selector: string) =>
  Array.from(root.querySelectorAll(selector), (element) => element.textContent ?? '');

describe('a measurement', () => {
  test('tiles, facts, charts and table', async () => {
    const cost = makeMobileNet({ outputScales: 512 });
    const page = await renderCostReport({ ...facts, cost });
    expect(page).not.toMatch(/(?:src|href)="(?!data:)|@import|url\(|<script[^>]|NaN|undefined/);
    const { document } = parseHTML(page);
    expect(texts(document, 'h2')).toEqual(['Layers']);
    expect(texts(document, '.tiles dt')).toEqual(['Size', 'Multiplications', 'Energy', 'Throughput at the best split']);
    expect(texts(document, '.tiles small')[2]).toMatch(
      /^0\.6813 of full precision \(arithmetic [\d.]+, 0\.7211; memory [\d.]+, 0\.6530\)$/,
    );
    expect(texts(document, '.facts dt')).toEqual([
      'Model',
      'Additions, those inside MACs left out',
      'Additions, those inside MACs included',
      'Peak activation memory',
      'Traffic',
      'Arithmetic intensity',
      'Accelerator',
      'Scales behind ternary filters',
      'Date',
      'Throughput at the fixed split',
      'Operations counted',
      'Storage scheme',
      'Command',
    ]);
    expect(texts(document, '.facts dd')).toContain('2026-01-31 12:00 UTC');
    const file = await render({ cost, fileBytes: 3_145_728 });
    const at = texts(file, '.facts dt').indexOf('File');
    expect(texts(file, '.facts dd')[at]).toBe('3,072.0 KB on disk');
    expect(texts(document, '.facts code')).toEqual([facts.command]);
    expect(texts(document, 'figure h3')).toEqual([
      'Operations of each layer',
      'Energy of each layer',
      'Size of each layer',
      'Utilisation by each layer',
    ]);
    expect(texts(document, '.results tbody th').length).toBe(28);
    // the first convolution: 8 of 16 filters in full precision, 27 weights a filter, 112 x 112 outputs
    expect(texts(document.querySelector('.results tbody tr')!, 'th, td').slice(0, 8)).toEqual([
      'conv',
      'conv',
      'hybrid',
      '8+8',
      '10',
      '592',
      '0.61',
      '2.710',
    ]);
    expect(texts(document, '.results tfoot th')).toEqual(['total']);
    expect(document.querySelector('.warning')).toBeNull();
  });

  test('bars end where the values say, and say them', async () => {
    const layers = [
      makeLayer({ name: 'same', macs: 3e6, products: 1e6, additions: 6e6, bytes: 2048, utilisation: 0.25 }),
      makeLayer({ name: 'same', macs: 5e6, bytes: 1024, utilisation: 1 }),
    ];
    const document = await render({ cost: makeCost(layers) });
    const bars = Array.from(document.querySelectorAll('figure'), (figure) =>
      Array.from(figure.querySelectorAll('svg rect'), (bar) => ({
        width: Number(bar.getAttribute('width')),
        y: Number(bar.getAttribute('y')),
        title: bar.querySelector('title')?.textContent,
      })),
    );
    expect(bars.map((chart) => chart.map(({ title }) => title))).toEqual([
      [
        'same (pointwise)\n3.000 M MACs',
        'same (pointwise)\n1.000 M products',
        'same (pointwise)\n6.000 M additions',
        'same (pointwise)\n5.000 M MACs',
      ],
      ['same (pointwise)\n5.200 M 16-bit MAC, arithmetic', 'same (pointwise)\n5.000 M 16-bit MAC, arithmetic'],
      ['same (pointwise)\n2.00 KB', 'same (pointwise)\n1.00 KB'],
      ['same (pointwise)\n25.0 % of the array is busy', 'same (pointwise)\n100.0 % of the array is busy'],
    ]);
    const [operations, , sizes, utilisations] = bars;
    const [macs, products, additions, others] = operations!.map(({ width }) => width);
    expect(products! / macs!).toBeCloseTo(1 / 3, 2);
    expect(additions! / macs!).toBeCloseTo(2, 2);
    expect(others! / macs!).toBeCloseTo(5 / 3, 2);
    expect(sizes![0]!.width / sizes![1]!.width).toBeCloseTo(2, 2);
    expect(utilisations![0]!.width / utilisations![1]!.width).toBeCloseTo(0.25, 2);
    // two layers of the same name are two rows
    expect(new Set(operations!.map(({ y }) => y)).size).toBe(2);
  });

  test('memory energy, operators outside of layers, unknown operators', async () => {
    const layers = [
      makeLayer({ name: 'a', macs: 1e6, memoryEnergy: 2e6 }),
      makeLayer({ name: 'Add', kind: 'other', additions: 1e6 }),
      makeLayer({ name: 'Relu', kind: 'other' }),
    ];
    const document = await render({ cost: makeCost(layers, { unknown: [{ op: 'Odd', nodes: 1, elements: 3 }] }) });
    expect(texts(document, '.results tbody th')).toEqual(['a', 'Add']);
    expect(texts(document, '.results thead th')).toContain('memory (M)');
    expect(texts(document, 'figure:nth-child(2) .legend li')).toEqual(['arithmetic', 'moving weights and activations']);
    expect(texts(document, '.warning')).toEqual([
      'Warning: the totals leave out operators of which nothing is known: Odd (1 node, 3 output elements)',
    ]);
  });

  test('a network that does nothing', async () => {
    const page = await renderCostReport({ ...facts, cost: makeCost([makeLayer({ name: 'a' })]) });
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('text is escaped wherever it is shown', async () => {
    const evil = '<script>alert(1)</script>"\'&\0\x1b';
    const layers = [makeLayer({ name: evil, macs: 1e6 }), makeLayer({ name: evil, kind: 'other', additions: 1 })];
    const unknown = [{ op: evil, nodes: 1, elements: 1 }];
    const cost = makeCost(layers, { name: evil, accelerator: evil, format: evil, energyUnit: evil, unknown });
    const page = await renderCostReport({ title: evil, generatedBy: evil, command: evil, date: evil, cost });
    // the page's own one only
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toContain('\0');
    expect(page).not.toContain('\x1b');
    expect(parseHTML(page).document.querySelector('h1')?.textContent).toContain('<script>alert(1)</script>"\'&');
  });
});

describe('a sweep', () => {
  test('tiles, plot and table', async () => {
    const sweep = makeSweep();
    const page = await renderCostReport({ ...facts, sweep });
    expect(page).not.toMatch(/(?:src|href)="(?!data:)|@import|url\(|<script[^>]|NaN|undefined/);
    const { document } = parseHTML(page);
    expect(texts(document, 'h2')).toEqual(['Sweep']);
    expect(texts(document, '.tiles dt')).toEqual([
      'Least size',
      'Least energy, relative',
      'Most throughput, relative',
      'Pareto points',
    ]);
    expect(texts(document, '.results tbody tr').length).toBe(20);
    const marked = texts(document, '.results td:last-child').filter((cell) => cell === '*');
    expect(marked.length).toBe(sweep.filter(({ pareto }) => pareto).length);
    // one dot a point, one ring a Pareto point
    expect(texts(document, 'figure svg.wide circle title').length).toBe(20);
    expect(document.querySelectorAll('figure svg.wide circle').length).toBe(20 + marked.length);
  });

  test('a point says what it is; its place and colour follow its figures', async () => {
    const [low, middle, high] = makeSweep([0, 0.5, 1], [1.25]);
    const relative = (size: number, energy: number, throughput: number) => ({
      size,
      multiplications: 0,
      energy,
      throughput,
    });
    const document = await render({
      sweep: [
        { ...low!, bytes: 102_400, relative: relative(0.1, 0.2, 0.5), pareto: true },
        { ...middle!, bytes: 204_800, relative: relative(0.2, 0.6, 1), pareto: false },
        { ...high!, bytes: 409_600, relative: relative(0.4, 1, 1.5), pareto: true },
      ],
    });
    const dots = Array.from(document.querySelectorAll('figure svg.wide circle'), (dot) => ({
      x: Number(dot.getAttribute('cx')),
      y: Number(dot.getAttribute('cy')),
      fill: dot.getAttribute('fill'),
      title: dot.querySelector('title')?.textContent,
    })).filter(({ title }) => title);
    expect(dots.map(({ title }) => title)).toEqual([
      'alpha 0, width ratio 1.25 (Pareto point)\n100.0 KB, 10.0 % of 16 bits\nenergy 0.2000\nthroughput 0.5000',
      'alpha 0.5, width ratio 1.25\n200.0 KB, 20.0 % of 16 bits\nenergy 0.6000\nthroughput 1.0000',
      'alpha 1, width ratio 1.25 (Pareto point)\n400.0 KB, 40.0 % of 16 bits\nenergy 1.0000\nthroughput 1.5000',
    ]);
    expect((dots[2]!.x - dots[0]!.x) / (dots[1]!.x - dots[0]!.x)).toBeCloseTo(3, 2);
    expect((dots[0]!.y - dots[2]!.y) / (dots[0]!.y - dots[1]!.y)).toBeCloseTo(2, 2);
    expect(dots.map(({ fill }) => fill)).toEqual([
      'color-mix(in oklab, var(--ramp-low), var(--ramp-middle) 0%)',
      'color-mix(in oklab, var(--ramp-middle), var(--ramp-high) 0%)',
      'color-mix(in oklab, var(--ramp-middle), var(--ramp-high) 100%)',
    ]);
    expect(texts(document, '.ramp > span')).toEqual(['Throughput', '0.50', '', '1.50']);
    // sizes as shares: 10 % of 16 bits is 100 KB
    const shares = texts(document, 'figure svg g[aria-label="x-axis tick label"] text');
    expect(shares).toEqual(expect.arrayContaining(['10', '20', '30', '40', '100', '200', '300', '400']));
  });

  test('beside a measurement; a sweep of one point, or of points with nothing to measure', async () => {
    const both = await render({ cost: makeMobileNet(), sweep: makeSweep([0.5], [1.25]) });
    expect(texts(both, 'h2')).toEqual(['Layers', 'Sweep']);
    const [point] = makeSweep([0.5], [1.25]);
    const nothing = { size: Number.NaN, multiplications: 0, energy: 0, throughput: Number.POSITIVE_INFINITY };
    const page = await renderCostReport({ ...facts, sweep: [{ ...point!, bytes: 0, relative: nothing }] });
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });
});

test('nothing to report on', async () => {
  await expect(renderCostReport(facts)).rejects.toThrow('expected a cost or a sweep, found neither');
  await expect(renderCostReport({ ...facts, sweep: [] })).rejects.toThrow('expected a sweep of at least one point');
});
