import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TritbankError } from '../ir/index.ts';
import { paperConventions } from './conventions.ts';
import { formatPlan, type PlanFile, parsePlan, readPlan } from './plan-file.ts';
import { storageSchemes } from './storage.ts';

const plan: PlanFile = {
  version: 2,
  model: 'two.onnx',
  budget: { multiplications: 0.9 },
  settings: {
    accelerator: 'paper',
    format: 'fp16',
    conventions: paperConventions,
    scheme: storageSchemes.hybrid,
  },
  predicted: {
    size: 0.8,
    energy: 0.9,
    multiplications: 0.85,
    throughput: 1.1,
    loss: 0.75,
    losses: { stem: 0, pw: 0.25, classifier: 0.5 },
  },
  layers: {
    stem: { method: 'fp' },
    dw: { method: 'twn', granularity: 'filter' },
    pw: { method: 'hybrid', fullPrecision: [1, 4], hidden: 5 },
    classifier: { method: 'strassen', fullPrecision: [], hidden: 2 },
  },
};

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

describe('formatPlan', () => {
  it('writes text that is read back', () => {
    const text = formatPlan(plan);
    expect(parsePlan(JSON.parse(text), 'plan.json')).toEqual(plan);
    expect(text.endsWith('}\n')).toBe(true);
    expect(text).toContain(`    "pw": {
      "method": "hybrid",
      "fullPrecision": [1, 4],
      "hidden": 5
    },
`);
    const odd = { ...plan, model: '[\n1,\n2 ]', layers: { '[\n3 ]': plan.layers.classifier! } };
    expect(parsePlan(JSON.parse(formatPlan(odd)), 'plan.json')).toEqual(odd);
  });
});

describe('parsePlan', () => {
  const lineWith = (path: string, value: unknown) => lineOf(() => parsePlan(changed(path, value), 'plan.json'));

  it('accepts a plan without budget, settings and predictions', () => {
    for (const key of ['budget', 'settings', 'predicted']) expect(lineWith(key, undefined)).toBe('no error');
    expect(lineWith('budget', {})).toBe('no error');
  });

  it.each<[string, unknown, string]>([
    ['version', 3, 'version: expected 2, the version that this release writes, or 1, found 3'],
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
    ['layers.pw', null, 'layers.pw: expected an object with the method fp, twn, strassen or hybrid, found null'],
    [
      'layers.pw.method',
      'svd',
      "layers.pw.method: expected an object with the method fp, twn, strassen or hybrid, found 'svd'",
    ],
    ['layers.pw.hidden', 0, 'layers.pw.hidden: expected a whole number of at least 1, found 0'],
    ['layers.pw.hidden', 2.5, 'layers.pw.hidden: expected a whole number of at least 1, found 2.5'],
    ['layers.pw.hidden', undefined, 'layers.pw.hidden: expected a whole number of at least 1, found none'],
    [
      'layers.pw.hiden',
      3,
      'layers.pw.hiden: expected one of method, fullPrecision, hidden, sparsity, bits, found an unknown key',
    ],
    ['layers.pw.fullPrecision', 2, 'layers.pw.fullPrecision: expected a list of indices of filters, found 2'],
    ['layers.pw.fullPrecision', [1, -4], 'layers.pw.fullPrecision.1: expected a whole number of at least 0, found -4'],
    ['layers.pw.fullPrecision', [4, 1], 'layers.pw.fullPrecision: expected indices in ascending order, found [4, 1]'],
    ['layers.pw.fullPrecision', [1, 1], 'layers.pw.fullPrecision: expected indices in ascending order, found [1, 1]'],
    ['layers.pw.fullPrecision', [], 'layers.pw.fullPrecision: expected at least one filter for hybrid, found none'],
    ['layers.pw.method', 'strassen', 'layers.pw.fullPrecision: expected none for strassen, found [1, 4]'],
    ['layers.pw.bits', [8], 'layers.pw.bits: expected 2, one for each of fullPrecision, found 1'],
    ['layers.stem.hidden', 4, 'layers.stem.hidden: expected one of method, bits, found an unknown key'],
    ['layers.stem.bits', [4, 3], 'layers.stem.bits: expected 4, 8, 16, found 3'],
    [
      'note',
      'mine',
      'note: expected one of version, model, budget, settings, predicted, target, layers, found an unknown key',
    ],
  ])('refuses %s %j', (path, value, message) => {
    expect(lineWith(path, value)).toBe(`error E_FORMAT: plan.json ${message}`);
  });

  it('refuses what is no plan', () => {
    expect(lineOf(() => parsePlan([], 'plan.json'))).toBe(
      'error E_FORMAT: plan.json: expected an object with version, model, budget, settings, predicted, target, layers, found a list',
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

describe('plans of earlier releases', () => {
  const { settings, predicted, budget } = plan;
  const { losses: _, ...figures } = predicted!;
  const first = {
    version: 1,
    model: 'two.onnx',
    budget,
    settings,
    predicted: figures,
    layers: {
      stem: { method: 'fp', predictedLoss: 0 },
      pw: { method: 'hybrid', fullPrecision: 2, hidden: 5, filters: [1, 4], predictedLoss: 0.25 },
      classifier: { method: 'strassen', fullPrecision: 0, hidden: 2, filters: [], predictedLoss: 0.5 },
    },
  };

  it('of compress are read', () => {
    const { dw: _dw, ...layers } = plan.layers;
    expect(parsePlan(first, 'plan.json')).toEqual({ ...plan, layers });
  });

  it('of compress are refused where counts and lists differ', () => {
    const wrong = { ...first, layers: { pw: { ...first.layers.pw, fullPrecision: 3 } } };
    expect(lineOf(() => parsePlan(wrong, 'plan.json'))).toBe(
      'error E_FORMAT: plan.json layers.pw.fullPrecision: expected 2, the number of filters listed, found 3',
    );
  });

  it('of train are read: the first filters stay', () => {
    const layers = {
      conv: { method: 'hybrid', fullPrecision: 3, hidden: 4 },
      fc: { method: 'strassen', fullPrecision: 0, hidden: 2 },
      dw: { method: 'twn', granularity: 'tensor' },
    };
    expect(parsePlan({ layers }, 'plan.json').layers).toEqual({
      conv: { method: 'hybrid', fullPrecision: [0, 1, 2], hidden: 4 },
      fc: { method: 'strassen', fullPrecision: [], hidden: 2 },
      dw: { method: 'twn', granularity: 'tensor' },
    });
  });
});
