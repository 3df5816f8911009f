import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { f32, Graph } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { type DataOptions, openDataFor } from './open-data.ts';

let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tritbank-match-'));
  const image = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#248' } })
    .png()
    .toBuffer();
  const layouts: Readonly<Record<string, readonly string[]>> = {
    all: ['cat', 'dog', 'owl'],
    some: ['dog', 'owl'],
    others: ['cat', 'dog', 'wolf'],
    ids: ['n01443537', 'n01440764'],
    indexed: ['x', 'y'],
    thousand: ['n01443537', 'n01440764'],
    counted: ['n01443537', 'n01440764'],
  };
  for (const [name, classes] of Object.entries(layouts)) {
    for (const folder of classes) {
      mkdirSync(join(root, name, 'val', folder), { recursive: true });
      writeFileSync(join(root, name, 'val', folder, '1.png'), image);
    }
  }
  const indices = { x: { index: 2, name: 'owl' }, y: { index: 0, name: 'bird, cat' } };
  writeFileSync(join(root, 'indexed', 'classes.json'), JSON.stringify(indices));
  for (const [name, first] of [
    ['thousand', 0],
    ['counted', 1],
  ] as const) {
    const entries = {
      n01440764: { index: first, name: 'a tench' },
      n01443537: { index: first + 1, name: 'a goldfish' },
    };
    writeFileSync(join(root, name, 'classes.json'), JSON.stringify(entries));
  }
});
afterAll(() => rmSync(root, { recursive: true }));

function model(classes: number, metadata: Readonly<Record<string, string>> = {}): Graph {
  const graph = new Graph('g');
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 3, 4, 4]);
  graph.outputs = [b.matmul(b.op('Flatten', [x]), b.constant('w', f32([48, classes])))];
  for (const [key, value] of Object.entries({ input_mean: '0', input_std: '1', ...metadata }))
    graph.metadata.set(key, value);
  return graph;
}

const named = (...names: readonly string[]) => model(names.length, { labels: JSON.stringify(names) });
async function labelsOf(graph: Graph, data: string, options: Partial<DataOptions> = {}) {
  const { dataset } = await openDataFor(graph, { ...options, data: join(root, data) });
  return [...dataset.test.labels].map((label) => `${label} ${dataset.classes[label]}`);
}

describe('classes are matched', () => {
  it('by name, whatever their order and whichever are there', async () => {
    expect(await labelsOf(named('cat', 'dog', 'owl'), 'all')).toEqual(['0 cat', '1 dog', '2 owl']);
    expect(await labelsOf(named('Owl', 'cat, felis', 'dog'), 'all')).toEqual(['1 cat, felis', '2 dog', '0 Owl']);
    expect(await labelsOf(named('cat', 'dog', 'owl'), 'some')).toEqual(['1 dog', '2 owl']);
  });

  it('by names from a file', async () => {
    const labelFile = join(root, 'labels.txt');
    writeFileSync(labelFile, 'ant\nowl\ndog\n');
    expect(await labelsOf(model(3), 'some', { labelFile })).toEqual(['2 dog', '1 owl']);
    await expect(labelsOf(model(4), 'some', { labelFile })).rejects.toMatchObject({ code: 'E_USAGE' });
  });

  it("by WordNet's ids for a model of ImageNet", async () => {
    expect(await labelsOf(model(1000, { dataset: 'ImageNet' }), 'ids')).toEqual(['0 tench', '1 goldfish']);
    expect(await labelsOf(model(1000), 'ids', { labelFile: 'imagenet' })).toEqual(['0 tench', '1 goldfish']);
  });

  it('of 1001 scores behind a background, where that is said', async () => {
    const labelFile = 'imagenet';
    expect(await labelsOf(model(1001), 'ids', { labelFile })).toEqual(['1 tench', '2 goldfish']);
    expect(await labelsOf(model(1001), 'thousand', { labelFile })).toEqual(['1 tench', '2 goldfish']);
    await expect(labelsOf(model(1001), 'thousand')).rejects.toMatchObject({ code: 'E_DATA' });
    expect(await labelsOf(model(1001), 'thousand', { labels: 'index' })).toEqual(['0 a tench', '1 a goldfish']);
    expect(await labelsOf(model(1001), 'counted')).toEqual(['1 a tench', '2 a goldfish']);
    expect(await labelsOf(model(1000), 'thousand')).toEqual(['0 a tench', '1 a goldfish']);
  });

  it('by classes.json, or in sorted order for a model without names', async () => {
    expect(await labelsOf(model(3), 'indexed')).toEqual(['2 owl', '0 bird, cat']);
    expect(await labelsOf(model(3), 'all')).toEqual(['0 cat', '1 dog', '2 owl']);
    expect(await labelsOf(named('a', 'b', 'c'), 'all', { labels: 'folder' })).toEqual(['0 cat', '1 dog', '2 owl']);
  });
});

describe('classes that nobody can match are refused', () => {
  it.each([
    ['a class that the model does not have', named('cat', 'dog', 'owl'), 'others', "; found 'wolf'"],
    ['a name of two classes', named('cat', 'dog', 'dog'), 'some', "'dog' among them"],
    ['fewer folders than unnamed classes', model(3), 'some', 'found 2 classes'],
    ['ids for a model that does not say that it is of ImageNet', model(1000), 'ids', 'found 2 classes'],
  ])('%s', async (_, graph, data, found) => {
    await expect(labelsOf(graph, data)).rejects.toMatchObject({
      code: 'E_DATA',
      detail: expect.stringContaining(found),
    });
  });

  it('by classes.json with indices beyond the classes', async () => {
    await expect(labelsOf(model(2), 'indexed')).rejects.toMatchObject({
      code: 'E_DATA',
      detail: expect.stringContaining("labels 'folder' takes the folders in sorted order"),
    });
  });
});
