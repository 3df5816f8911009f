import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TritbankError } from '../../ir/index.ts';
import { NetworkBuilder } from '../../models/index.ts';
import { applyPlan, findLayers } from '../../quantize/index.ts';
import type { LayerCandidates } from './candidate.ts';
import { costCandidates } from './layer-costs.ts';
import { optimizePlan } from './optimize.ts';
import { checkPlan, describePlan, formatPlan, type PlanFile, parsePlan, readPlan, toPlan } from './plan-file.ts';

function build() {
  const network = new NetworkBuilder('two', 1);
  let x = network.convBlock('stem', network.input(1, 6), { filters: 4, kernel: 3 });
  x = network.convBlock('dw', x, { filters: 4, kernel: 3, groups: 4 });
  return network.classifier(network.convBlock('pw', x, { filters: 6, kernel: 1 }), 3);
}

const graph = build();
const layers: LayerCandidates[] = [
  { name: 'stem', candidates: [{ fullPrecision: [0, 1, 2, 3], hidden: 0, loss: 0 }] },
  {
    name: 'pw',
    candidates: [
      { fullPrecision: [0, 1, 2, 3, 4, 5], hidden: 0, loss: 0 },
      { fullPrecision: [1, 4], hidden: 5, loss: 0.25 },
      { fullPrecision: [1, 4], hidden: 5, loss: 0.3, sparsity: 4 },
    ],
  },
  { name: 'classifier', candidates: [{ fullPrecision: [], hidden: 2, loss: 0.5 }] },
];
const costs = costCandidates(graph, layers);
const plan = describePlan('two.onnx', { multiplications: 0.9 }, costs, [0, 1, 0]);

/** The line that a command prints for what `work` throws. */
function lineOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof TritbankError) return error.line;
    throw error;
  }
  return 'no error';
}

type Json = Record<string, unknown>;

/** The plan with another value at a path such as `layers.pw.hidden`; undefined removes the key. */
function changed(path: string, value: unknown): Json {
  const json = structuredClone(plan) as unknown as Json;
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.reduce((at, key) => at[key] as Json, json);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return json;
}

describe('describePlan', () => {
  it('keeps the sparsity of a decomposition', () => {
    const { layers: planned } = describePlan('two.onnx', {}, costs, [0, 2, 0]);
    expect(planned.pw).toMatchObject({ hidden: 5, sparsity: 4 });
    expect(plan.layers.pw).not.toHaveProperty('sparsity');
    expect(parsePlan(changed('layers.pw.sparsity', 2), 'plan.json').layers.pw).toMatchObject({ sparsity: 2 });
    expect(lineOf(() => parsePlan(changed('layers.pw.sparsity', -1), 'plan.json'))).toMatch(
      'layers.pw.sparsity: expected a number of at least 0, found -1',
    );
  });

  it('says what was chosen and what it costs', async () => {
    expect(plan.layers).toEqual({
      stem: { method: 'fp', predictedLoss: 0 },
      pw: { method: 'hybrid', fullPrecision: 2, hidden: 5, filters: [1, 4], predictedLoss: 0.25 },
      classifier: { method: 'strassen', fullPrecision: 0, hidden: 2, filters: [], predictedLoss: 0.5 },
    });
    const { relative, loss } = await optimizePlan(costs, { multiplications: 0.9 });
    expect(plan.predicted).toEqual({ ...relative, loss });
    expect(loss).toBe(0.75);
    // MACs on 36 pixels: 9 x 4 in the stem, 9 x 4 in dw, 4 x 2 + 5 of 4 x 6 in pw, and 2 of 6 x 3 in the classifier
    expect(plan.predicted.multiplications).toBe((36 * (36 + 36 + 13) + 2) / (36 * (36 + 36 + 24) + 18));
    const { accelerator, format } = plan.settings;
    expect([accelerator, format]).toEqual(['paper', 'fp16']);
  });

  it('is written as text that is read back', () => {
    const text = formatPlan(plan);
    expect(parsePlan(JSON.parse(text), 'plan.json')).toEqual(plan);
    expect(text.endsWith('}\n')).toBe(true);
    expect(text).toContain(`    "pw": {
      "method": "hybrid",
      "fullPrecision": 2,
      "hidden": 5,
      "filters": [1, 4],
      "predictedLoss": 0.25
    },
`);
    const odd = { ...plan, model: '[\n1,\n2 ]', layers: { '[\n3 ]': plan.layers.classifier! } };
    expect(parsePlan(JSON.parse(formatPlan(odd)), 'plan.json')).toEqual(odd);
  });
});

describe('parsePlan', () => {
  const lineWith = (path: string, value: unknown) => lineOf(() => parsePlan(changed(path, value), 'plan.json'));

  it('accepts a plan without budget', () => {
    expect(lineWith('budget', {})).toBe('no error');
  });

  it.each<[string, unknown, string]>([
    ['version', 2, 'version: expected 1, the version that this release reads, found 2'],
    ['model', '', "model: expected text that is not empty, found ''"],
    ['budget.size', 0, 'budget.size: expected a number above 0, found 0'],
    [
      'budget.sizes',
      1,
      'budget.sizes: expected one of size, energy, multiplications, throughput, found an unknown key',
    ],
    [
      'settings.conventions.ternary',
      'sparse',
      "settings.conventions.ternary: expected one of dense, zero-skipping, found 'sparse'",
    ],
    [
      'settings.scheme',
      'hybrid',
      "settings.scheme: expected an object with packing, filterBits, depthwiseBits, otherBits, outputScaleBits, found 'hybrid'",
    ],
    ['predicted.loss', undefined, 'predicted.loss: expected a number of at least 0, found none'],
    ['layers', [], 'layers: expected an object of layers by their names, found a list'],
    ['layers.pw', null, 'layers.pw: expected an object with the method fp, strassen or hybrid, found null'],
    [
      'layers.pw.method',
      'twn',
      "layers.pw.method: expected an object with the method fp, strassen or hybrid, found 'twn'",
    ],
    ['layers.pw.hidden', 0, 'layers.pw.hidden: expected a whole number of at least 1, found 0'],
    ['layers.pw.hidden', 2.5, 'layers.pw.hidden: expected a whole number of at least 1, found 2.5'],
    ['layers.pw.hidden', undefined, 'layers.pw.hidden: expected a whole number of at least 1, found none'],
    [
      'layers.pw.hiden',
      3,
      'layers.pw.hiden: expected one of method, fullPrecision, hidden, sparsity, filters, predictedLoss, found an unknown key',
    ],
    ['layers.pw.filters', [1, -4], 'layers.pw.filters.1: expected a whole number of at least 0, found -4'],
    ['layers.pw.filters', [4, 1], 'layers.pw.filters: expected indices in ascending order, found [4, 1]'],
    ['layers.pw.filters', [1, 1], 'layers.pw.filters: expected indices in ascending order, found [1, 1]'],
    ['layers.pw.filters', [1], 'layers.pw.fullPrecision: expected 1, the number of filters listed, found 2'],
    ['layers.pw.method', 'strassen', 'layers.pw.fullPrecision: expected 0 for strassen, found 2'],
    ['layers.classifier.method', 'hybrid', 'layers.classifier.fullPrecision: expected at least 1 for hybrid, found 0'],
    ['layers.stem.hidden', 4, 'layers.stem.hidden: expected one of method, predictedLoss, found an unknown key'],
    ['note', 'mine', 'note: expected one of version, model, budget, settings, predicted, layers, found an unknown key'],
  ])('refuses %s %j', (path, value, message) => {
    expect(lineWith(path, value)).toBe(`error E_FORMAT: plan.json ${message}`);
  });

  it('refuses what is no plan', () => {
    expect(lineOf(() => parsePlan([], 'plan.json'))).toBe(
      'error E_FORMAT: plan.json: expected an object with version, model, budget, settings, predicted, layers, found a list',
    );
  });
});

describe('readPlan', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tritbank-plan-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('reads what was written, with or without a byte order mark', () => {
    const path = join(folder, 'plan.json');
    for (const mark of ['', '\uFEFF']) {
      writeFileSync(path, mark + formatPlan(plan));
      expect(readPlan(path)).toEqual(plan);
    }
  });

  it('says what is wrong with a file', () => {
    const path = join(folder, 'other.json');
    expect(lineOf(() => readPlan(path))).toMatch(
      /^error E_FILE: .*other\.json: expected a readable JSON file with a plan, found ENOENT/,
    );
    writeFileSync(path, ' ');
    expect(lineOf(() => readPlan(path))).toBe(`error E_FORMAT: ${path}: expected JSON, found an empty file`);
    writeFileSync(path, '{\n"version"\n}');
    expect(lineOf(() => readPlan(path))).toMatch(/^error E_FORMAT: .*other\.json: expected JSON, found \S.*$/);
  });
});

describe('checkPlan', () => {
  const lineWith = (path: string, value: unknown) =>
    lineOf(() => checkPlan(changed(path, value) as unknown as PlanFile, graph, 'plan.json'));
  const bank = (filters: number[]) => ({
    method: 'hybrid',
    fullPrecision: filters.length,
    hidden: 3,
    filters,
    predictedLoss: 0,
  });

  it('accepts a plan that fits', () => {
    expect(lineOf(() => checkPlan(plan, graph, 'plan.json'))).toBe('no error');
  });

  it('refuses what the network does not have', () => {
    expect(lineWith('layers.pw9', bank([0]))).toBe(
      "error E_USAGE: plan.json layers.pw9: expected one of the model's layers (stem, dw, pw, classifier), found another name",
    );
    expect(lineWith('layers.pw', bank([1, 6]))).toBe(
      'error E_USAGE: plan.json layers.pw.filters: expected indices from 0 to 5, found 6',
    );
    expect(lineWith('layers.pw', bank([0, 1, 2, 3, 4, 5]))).toBe(
      'error E_USAGE: plan.json layers.pw.filters: expected fewer than all 6 filters, or the method fp, found all of them',
    );
    expect(lineWith('layers.dw', bank([0]))).toBe(
      'error E_MODEL: plan.json layers.dw.method: expected fp for a grouped convolution, which has no filter banks, found hybrid',
    );
  });
});

describe('toPlan', () => {
  it('gives sizes, and the order that puts full-precision filters first', () => {
    const converted = toPlan(plan, graph);
    expect(converted).toEqual({
      plan: {
        layers: {
          pw: { method: 'hybrid', fullPrecision: 2, hidden: 5 },
          classifier: { method: 'strassen', fullPrecision: 0, hidden: 2 },
        },
      },
      orders: { pw: [1, 4, 0, 2, 3, 5], classifier: [0, 1, 2] },
    });
    const names = findLayers(applyPlan(graph, converted.plan, 1).graph).map((layer) => layer.name);
    expect(names).toEqual([
      'stem',
      'dw',
      'pw_fp',
      'pw_hidden',
      'pw_ternary',
      'classifier_hidden',
      'classifier_ternary',
    ]);
  });
});
