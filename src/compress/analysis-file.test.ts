import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { formatAnalysis, parseAnalysis, readAnalysis } from './analysis-file.ts';
import type { Analysis } from './sensitivity.ts';

const directory = mkdtempSync(join(tmpdir(), 'tritbank-analysis-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const analysis: Analysis = {
  version: 1,
  model: 'a "net"',
  data: { name: 'bars', images: 16 },
  lossUnit: 'nats',
  ratios: [0.5, 1],
  seed: 0,
  seconds: 1.5,
  layers: [
    {
      name: 'conv',
      kind: 'pointwise',
      filters: 2,
      inputs: 3,
      widths: [1, 2],
      importance: [1, 0.25],
      nonZero: [3, 7],
      residuals: [
        [0.5, 0.125],
        [1e-7, 0],
      ],
    },
  ],
};

it('comes back as it was written', () => {
  const path = join(directory, 'analysis.json');
  writeFileSync(path, formatAnalysis(analysis));
  expect(readAnalysis(path)).toEqual(analysis);
  expect(formatAnalysis(analysis)).toContain('      [0.5,0.125],\n      [1e-7,0]\n');
  const [layer] = analysis.layers;
  const { residuals, nonZero } = layer!;
  const relativeNoise = [0.5, 0];
  const sparser = [1, 4].map((sparsity) => ({ sparsity, residuals, nonZero, relativeNoise }));
  const more = { ...analysis, layers: [{ ...layer!, relativeNoise, sparser }] };
  expect(parseAnalysis(JSON.parse(formatAnalysis(more)), 'f.json')).toEqual(more);
});

it.each<[string, (json: Record<string, unknown>, layer: Record<string, unknown>) => void, string]>([
  ['another version', (json) => Object.assign(json, { version: 2 }), 'f.json version: expected 1,'],
  ['no layers', (json) => Object.assign(json, { layers: [] }), 'f.json layers: expected a list of layers,'],
  ['ratios that fall', (json) => Object.assign(json, { ratios: [1, 0.5] }), 'f.json ratios: expected ascending'],
  ['no data', (json) => delete json.data, 'f.json data: expected null, or a name'],
  ['an odd unit', (json) => Object.assign(json, { lossUnit: 'bits' }), 'f.json lossUnit: expected nats or noise'],
  ['an odd kind', (_, layer) => Object.assign(layer, { kind: 'dense' }), 'layers.0.kind: expected one of first,'],
  [
    'a missing width',
    (_, layer) => Object.assign(layer, { relativeNoise: [1] }),
    'layers.0.relativeNoise: expected 2 numbers',
  ],
  [
    'a missing filter',
    (_, layer) => Object.assign(layer, { importance: [1] }),
    'layers.0.importance: expected 2 numbers',
  ],
  [
    'NaN, which JSON has as null',
    (_, layer) => Object.assign(layer, { importance: [1, null] }),
    'importance: expected',
  ],
  [
    'sparsities that fall',
    (_, layer) => Object.assign(layer, { sparser: [4, 1].map((sparsity) => ({ ...layer, sparsity })) }),
    'layers.0.sparser: expected decompositions of ascending sparsity',
  ],
  ['no sparsity', (_, layer) => Object.assign(layer, { sparser: [layer] }), 'sparser: expected decompositions'],
  ['a width of 0', (_, layer) => Object.assign(layer, { widths: [0, 1] }), 'layers.0.widths: expected 2 whole numbers'],
  [
    'a missing ratio',
    (_, layer) => Object.assign(layer, { residuals: [[1, 1]] }),
    'layers.0.residuals: expected 2 lists',
  ],
])('%s is E_FORMAT', (_name, change, message) => {
  const json = structuredClone(analysis) as unknown as Record<string, unknown>;
  change(json, (json.layers as Record<string, unknown>[])[0]!);
  expect(() => parseAnalysis(json, 'f.json')).toThrow(message);
});

it('says what is wrong with a file', () => {
  const at = (name: string) => join(directory, name);
  writeFileSync(at('empty.json'), '');
  writeFileSync(at('list.json'), '[]');
  expect(() => readAnalysis(at('none.json'))).toThrow('expected a readable JSON file with an analysis, found ENOENT');
  expect(() => readAnalysis(at('empty.json'))).toThrow('expected JSON, found an empty file');
  expect(() => readAnalysis(at('list.json'))).toThrow("expected an object, as 'tritbank analyze --out' writes it");
});
