/** `tritbank analyze` as users meet it: help, wrong usage, bad models, and what it says with and without data. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAnalysis } from '../../src/compress/analysis-file.ts';
import { makeCandidates } from '../../src/compress/planning/make-candidates.ts';
import type { Analysis } from '../../src/compress/sensitivity.ts';
import { f32, Graph } from '../../src/ir/index.ts';
import { NetworkBuilder } from '../../src/models/index.ts';
import { loadModel, saveModel } from '../../src/onnx/index.ts';
import { Builder } from '../../src/ops/index.ts';
import { normalizeNetwork } from '../../src/passes/normalize/normalize-network.ts';
import { expectGolden } from '../golden.ts';
import { startProgram } from '../program.ts';

let directory: string;
const at = (name: string) => join(directory, name);

/** A small classifier of 8 x 8 images; `spoil` changes the weights of its pointwise layer. */
function smallNetwork(spoil: (weights: Float32Array) => void = () => {}): Graph {
  const network = new NetworkBuilder('small', 1);
  const x = network.convBlock('stem', network.input(3, 8), { filters: 8, kernel: 3 });
  const graph = network.classifier(network.convBlock('pw', x, { filters: 24, kernel: 1 }), 10);
  spoil(graph.nodes.find((node) => node.name === 'pw')!.input(1).constant!.data as Float32Array);
  return graph;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-analyze-'));
  await saveModel(smallNetwork(), at('small.onnx'));
  await saveModel(
    smallNetwork((weights) => weights.fill(Number.NaN, 0, 2)),
    at('nan.onnx'),
  );
  const plain = new Graph('plain', 20);
  const b = new Builder(plain);
  const x = plain.input('x', 'float32', ['N', 4]);
  plain.outputs = [b.relu(b.add(x, b.constant('one', f32([1], [1]))))];
  await saveModel(plain, at('plain.onnx'));
  writeFileSync(at('damaged.onnx'), 'no model');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the program in the test's directory. */
const start = (...args: readonly string[]) => startProgram([...args], directory);

test('help', async () => {
  const { status, stdout, stderr } = await start('analyze', '--help');
  expect([status, stderr]).toEqual([0, '']);
  expectGolden('help-analyze', stdout);
});

describe('wrong usage and bad models', () => {
  test.each([
    ['analyze', 'E_USAGE', "MODEL.onnx: expected an argument of 'tritbank analyze', found none"],
    [
      'analyze small.onnx --width-ratios 1,0',
      'E_USAGE',
      "--width-ratios: expected numbers above 0 and at most 8, separated by commas, found '1,0'",
    ],
    ['analyze small.onnx --images 8', 'E_USAGE', '--images: expected --data with it, found none'],
    ['analyze small.onnx --threads 0', 'E_USAGE', "--threads: expected a whole number of at least 1, found '0'"],
    ['analyze none.onnx', 'E_FILE', 'none.onnx: expected'],
    ['analyze damaged.onnx', 'E_FORMAT', 'damaged.onnx: '],
    ['analyze plain.onnx', 'E_MODEL', "graph 'plain': expected layers that can be compressed, found none with weights"],
    ['analyze nan.onnx --out nan.json', 'E_MODEL', "node 'pw' (Conv): expected finite weights, found 2 in"],
  ])('%s', async (line, code, message) => {
    const { status, stdout, stderr } = await start(...line.split(' '));
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr.split('\n').length).toBe(2);
    expect(stderr).toContain(`error ${code}: `);
    expect(stderr).toContain(message);
    expect(existsSync(at('nan.json'))).toBe(false);
  });
});

describe('a small network', () => {
  test('by its weights: a table, the figures as JSON, a page', async () => {
    const { status, stdout, stderr } = await start(
      ...['analyze', 'small.onnx', '--out', 'a.json', '--report', 'a.html', '--threads', '1'],
    );
    expect(stderr).toContain('analyze small.onnx  100 %');
    expect(status).toBe(0);
    const [head, rule, ...rows] = stdout.split('\n');
    expect(head!.split(/ {2,}/)).toEqual([
      ...['layer', 'kind', 'filters', 'weights'],
      ...['mean at 1', 'min at 1', 'median at 1', 'max at 1', 'mean at 2', 'min at 2', 'median at 2', 'max at 2'],
      ...['loss at 1', 'worst 10 %'],
    ]);
    expect(rule).toMatch(/^-+$/);
    expect(rows.slice(0, 3).map((row) => row.split(/ {2,}/).slice(0, 4))).toEqual([
      ['stem', 'first', '8', '27'],
      ['pw', 'pointwise', '24', '8'],
      ['classifier', 'classifier', '10', '24'],
    ]);
    expect(stdout).toContain('data          none: weights alone');
    expect(stdout).toContain('analysis  a.json\nreport    a.html\n');
    expect(readFileSync(at('a.html'), 'utf8')).toContain('<h1>Sensitivity of small.onnx</h1>');
    const analysis = readAnalysis(at('a.json'));
    expect(analysis.layers.map(({ name }) => name)).toEqual(['stem', 'pw', 'classifier']);
    expect(analysis.ratios).toEqual([0.25, 0.5, 0.75, 1, 1.25, 1.5, 2]);
    const graph = normalizeNetwork(await loadModel(at('small.onnx')));
    expect(makeCandidates(graph, analysis).map(({ candidates }) => candidates.length)).toEqual([57, 57, 57]);
  });

  test('on images, the same each time', async () => {
    const run = async () => {
      const args = ['--data', 'synthetic', '--images', '32', '--width-ratios', '0.5,1', '--json', '--quiet'];
      const { status, stdout, stderr } = await start('analyze', 'small.onnx', ...args);
      expect(status).toBe(0);
      expect(stderr).toMatch(
        /^warning: the model does not say how pixels are normalised: those of synthetic are taken/,
      );
      return { ...(JSON.parse(stdout) as Analysis), seconds: 0 };
    };
    const analysis = await run();
    expect([analysis.data, analysis.lossUnit]).toEqual([{ name: 'synthetic', images: 32 }, 'nats']);
    for (const { importance } of analysis.layers) expect(Math.max(...importance)).toBeGreaterThan(0);
    expect(await run()).toEqual(analysis);
  });
});
