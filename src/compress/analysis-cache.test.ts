import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { normal } from '../../test/evaluate.ts';
import { Graph } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { cacheDirectory, openCache } from './analysis-cache.ts';
import type { Fits } from './analysis-tasks.ts';
import type { LayerWeights } from './decompose/parallel.ts';
import { analyzeNetwork } from './sensitivity.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tritbank-cache-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const task = (changes: Partial<LayerWeights['options']> = {}, weights = normal(1, [4, 3]).data): LayerWeights => ({
  name: 'conv 0 0',
  weights,
  filters: 4,
  inputs: 3,
  options: { width: 2, widths: [1, 2], seed: 0, ...changes },
});
const fits: Fits = {
  residuals: [
    [1, 0.5, 0.25, 0],
    [0.5, 0.25, 0, 0],
  ],
  nonZero: [3, 7],
  relativeNoise: [0.5, 0.25],
};

it('gives back what was put, for the same weights and options only', () => {
  const cache = openCache(join(root, 'deep', 'analysis'));
  expect(cache.get(task())).toBeUndefined();
  cache.put(task(), fits);
  expect(cache.get(task())).toEqual(fits);
  expect(openCache(join(root, 'deep', 'analysis')).get({ ...task(), name: 'another' })).toEqual(fits);
  const others = [
    task({ seed: 1 }),
    task({ sparsity: 1 }),
    task({ widths: [2] }),
    task({ rowWeights: Float64Array.of(1, 1, 1, 2) }),
    task({ covariance: new Float64Array(9).fill(1) }),
    task({}, normal(2, [4, 3]).data),
  ];
  for (const other of others) expect(cache.get(other)).toBeUndefined();
});

it.each(['', '{"residuals": [[1, 0.5', '{"residuals": [[1]], "nonZero": [3]}', 'null', '{"nonZero": [3, 7]}'])(
  'ignores a file that says %j, and writes it anew',
  (text) => {
    const cache = openCache(root);
    cache.put(task(), fits);
    const [file] = readdirSync(root);
    writeFileSync(join(root, file!), text);
    expect(cache.get(task())).toBeUndefined();
    cache.put(task(), fits);
    expect(cache.get(task())).toEqual(fits);
  },
);

it('drops what was not used for longest', () => {
  const bytes = JSON.stringify(fits).length;
  const cache = openCache(root, 2.5 * bytes);
  const all = [0, 1, 2].map((seed) => task({ seed }));
  for (const [i, one] of all.entries()) {
    cache.put(one, fits);
    for (const name of readdirSync(root)) {
      if (i === 0) utimesSync(join(root, name), 1000, 1000);
    }
  }
  cache.prune();
  expect(all.map((one) => cache.get(one) !== undefined)).toEqual([false, true, true]);
});

it('does without a place that cannot be written', () => {
  const file = join(root, 'file');
  writeFileSync(file, '');
  const cache = openCache(join(file, 'analysis'));
  cache.put(task(), fits);
  cache.prune();
  expect(cache.get(task())).toBeUndefined();
});

it('is where caches are, or nowhere', () => {
  expect(cacheDirectory({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/tritbank/analysis');
  expect(cacheDirectory({ TRITBANK_CACHE: '/own', XDG_CACHE_HOME: '/cache' })).toBe('/own/analysis');
  expect(cacheDirectory({ TRITBANK_CACHE: 'off' })).toBeUndefined();
  expect(cacheDirectory({})).toMatch(/\.cache.tritbank.analysis$/);
});

it('spares an analysis its decompositions, also in another network', async () => {
  const network = (name: string) => {
    const graph = new Graph(name, 20);
    const b = new Builder(graph);
    const x = graph.input('x', 'float32', ['N', 8, 4, 4]);
    graph.outputs = [b.relu(b.op('Conv', [x, b.constant('w', normal(1, [12, 8, 1, 1]))], {}, name))];
    return graph;
  };
  const known = openCache(root);
  const made: string[] = [];
  const counting = {
    ...known,
    put: (one: LayerWeights, found: Fits) => {
      made.push(one.name);
      known.put(one, found);
    },
  };
  const options = { ratios: [0.5, 1], sparsities: [2], threads: 0, cache: counting };
  const first = await analyzeNetwork(network('one'), options);
  expect(made).toHaveLength(2);
  const finished: string[] = [];
  const again = await analyzeNetwork(network('two'), { ...options, onLayer: ({ name }) => finished.push(name) });
  expect(made).toHaveLength(2);
  expect(finished).toEqual(['two']);
  expect(again.layers).toEqual([{ ...first.layers[0]!, name: 'two' }]);
  expect(existsSync(root)).toBe(true);
});
