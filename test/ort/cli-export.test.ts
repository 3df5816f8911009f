/** `tritbank export` as users meet it: help, wrong usage, bad models, and a small network exported in both ways. */

import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluateModel } from '../../src/classifier/index.ts';
import type { NetworkCost } from '../../src/cost/index.ts';
import type { ExportResult } from '../../src/export/index.ts';
import { loadModel, saveModel } from '../../src/onnx/index.ts';
import { readPreprocessing } from '../../src/onnx/metadata.ts';

import { quantizedModel } from '../exporters.ts';
import { expectGolden } from '../golden.ts';
import { startProgram } from '../program.ts';
import { deployed } from './export-helper.ts';

let directory: string;
const at = (name: string) => join(directory, name);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-export-'));
  const network = deployed('ds-cnn', { method: 'hybrid' });
  await saveModel(network, at('silent.onnx'));
  network.metadata.set('input_mean', '127.5').set('input_std', '64');
  await saveModel(network, at('model.onnx'));
  writeFileSync(at('quantized.onnx'), quantizedModel().bytes);
  writeFileSync(at('damaged.onnx'), 'no model');
  writeFileSync(at('names.txt'), 'zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n');
  writeFileSync(at('three.json'), '["a", "b", "c"]');
  writeFileSync(at('object.json'), '[1, 2]');
  writeFileSync(at('empty.txt'), '\n');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const start = (line: string) => startProgram(['export', ...line.split(' ').filter((word) => word !== '')], directory);

test('help', async () => {
  const { status, stdout, stderr } = await start('--help');
  expect([status, stderr]).toEqual([0, '']);
  expectGolden('help-export', stdout);
});

describe('wrong usage and bad input leave nothing behind', () => {
  test.each([
    ['--out x.onnx', "E_USAGE: MODEL.onnx: expected an argument of 'tritbank export', found none"],
    ['model.onnx', 'E_USAGE: --out: expected a file, found none'],
    ['model.onnx --out x.onnx --to tflite', "E_USAGE: --to: expected one of onnx, c, verilog, found 'tflite'"],
    ['model.onnx --out x --optimize flash', 'E_USAGE: --optimize: expected it with --to c only, found --to onnx'],
    ['model.onnx --out x --to c --data-dir images', 'E_USAGE: --data: expected images for --data-dir, found none'],
    [
      'model.onnx --out x --to c',
      'E_UNSUPPORTED: model.onnx: model: expected 8-bit activations (export it with --activations int8 --data IMAGES first), found a float model',
    ],
    [
      'model.onnx --out x --to verilog --activations int8 --data synthetic',
      'E_USAGE: --activations: expected it with --to onnx only, found --to verilog: export to ONNX first, and from that file',
    ],
    ['model.onnx --out x --gap-bits 4', 'E_USAGE: --gap-bits: expected it with --to verilog only, found --to onnx'],
    [
      'model.onnx --out x.onnx --filters int5',
      "E_USAGE: --filters: expected one of fp16, int8, int4, fp32, found 'int5'",
    ],
    [
      'model.onnx --out x.onnx --activations int8',
      'E_USAGE: --data: expected images to calibrate 8-bit activations with, found none',
    ],
    [
      'model.onnx --out x.onnx --activations int8 --data synthetic --filters fp16',
      'E_USAGE: --filters: expected int8 or int4 with 8-bit activations, found fp16',
    ],
    ['model.onnx --out ./model.onnx', 'E_USAGE: --out: expected another file than what is read, found model.onnx'],
    ['model.onnx --out x.onnx --labels three.json', 'E_USAGE: three.json: expected 10 names, one a class, found 3'],
    [
      'model.onnx --out x.onnx --labels object.json',
      'E_FORMAT: object.json: expected a JSON array of names, or an object of names by index, found an array of other values',
    ],
    ['model.onnx --out x.onnx --labels empty.txt', 'E_FORMAT: empty.txt: expected a name on each line, found none'],
    ['no.onnx --out x.onnx', 'E_FILE: no.onnx: expected a readable file, found none'],
    [
      'model.onnx --out nowhere/x.onnx',
      'E_FILE: nowhere/x.onnx: expected a writable file, found ENOENT: no such file or directory',
    ],
  ])('%s', async (line, message) => {
    const before = readdirSync(directory);
    expect(await start(line)).toEqual({ status: 2, stdout: '', stderr: `error ${message}\n` });
    expect(readdirSync(directory)).toEqual(before);
  });

  test.each([
    ['damaged.onnx', /^error E_FORMAT: damaged.onnx: .*expected .*, found .*\n$/],
    ['quantized.onnx', /^error E_UNSUPPORTED: .*expected float weights, found a quantized model/],
  ])('%s', async (model, message) => {
    const { status, stderr } = await start(`${model} --out x.onnx`);
    expect([status, existsSync(at('x.onnx'))]).toEqual([2, false]);
    expect(stderr).toMatch(message);
  });
});

test.skipIf(!existsSync('/dev/stdout'))('a model is no stream', async () => {
  // standard output of this process is no file either
  const { status, stdout, stderr } = await start('model.onnx --out /dev/stdout');
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^error E_FILE: \/dev\/stdout: expected a .*, found a (pipe|socket)\n$/);
});

test('float activations, without data: half the bytes and less, and the same scores', async () => {
  const { status, stdout } = await start(
    'model.onnx --filters fp32 --labels names.txt --out float.onnx --quiet --json',
  );
  expect(status).toBe(0);
  const result = JSON.parse(stdout) as ExportResult;
  const bytes = { before: statSync(at('model.onnx')).size, after: statSync(at('float.onnx')).size };
  const forms = { activations: 'float', filters: 'fp32', ternary: 'five-trit' };
  expect(result).toMatchObject({ model: 'model.onnx', out: 'float.onnx', ...forms, bytes, difference: 0 });
  expect(bytes.after).toBeLessThan(bytes.before);
  const { labels } = readPreprocessing((await loadModel(at('float.onnx'))).metadata);
  expect([labels!.length, labels![3]]).toEqual([10, 'three']);
});

test('a model that does not say how pixels are normalised: the figures of the data, with a warning, and in the file', async () => {
  const line = 'silent.onnx --activations int8 --data synthetic --images 16 --samples 20 --out told.onnx --quiet';
  const { status, stderr } = await start(line);
  expect(status).toBe(0);
  expect(stderr).toMatch(/^warning: the model does not say how pixels are normalised: those of synthetic are taken/);
  const { mean, std } = readPreprocessing((await loadModel(at('told.onnx'))).metadata);
  expect([mean!.length, std!.length]).toEqual([3, 3]);
});

test('8-bit activations, with data: compared on its test images, and read by eval', async () => {
  const line = 'model.onnx --activations int8 --data synthetic --images 64 --samples 100 --threads 1 --out int8.onnx';
  const { status, stdout, stderr } = await start(`${line} --seed 3`);
  expect(status).toBe(0);
  expect(stderr).toMatch(/calibrate .*64\/64 images(.|\n)*compare .*200\/200 images/);
  expect(stdout).toMatch(/^activations {2}int8\nfilters {6}int8\nternary {6}five-trit\nsize .*\ncost says .*\ntop-1 /);
  const agreement = Number(/agreement {4}([\d.]+) % of 100 predictions/.exec(stdout)![1]);
  expect(agreement).toBeGreaterThan(80);
  const top1 = Number(/top-1 {8}([\d.]+) %/.exec(stdout)![1]);
  const options = { data: 'synthetic', threads: 1 } as const;
  // eval takes all 500 images, export every fifth
  const evaluation = await evaluateModel(at('int8.onnx'), options);
  expect(evaluation.samples).toBe(500);
  expect(Math.abs(100 * evaluation.top1 - top1)).toBeLessThan(15);
  const paired = ['eval', 'int8.onnx', '--data', 'synthetic', '--threads', '1', '--against', 'model.onnx'];
  const [words, record] = [await startProgram(paired, directory), await startProgram([...paired, '--json'], directory)];
  expect([words.status, record.status]).toEqual([0, 0]);
  const { top1: own, against } = JSON.parse(record.stdout);
  expect(own).toBe(evaluation.top1);
  expect(against.model).toBe('model.onnx');
  expect(against.difference).toBeCloseTo(own - against.top1, 9);
  expect(against.gained - against.lost).toBe(Math.round(500 * against.difference));
  expect(words.stdout).toMatch(
    /\ntop-1 of the other .*\ndifference .* points \(.* to .*\)\nchange .* images gained, .*\nsame prediction .* %/,
  );
  const missing = await startProgram([...paired.slice(0, -1), 'none.onnx'], directory);
  expect([missing.status, missing.stderr]).toEqual([
    2,
    'error E_FILE: none.onnx: expected a readable file, found none\n',
  ]);
  const { size, labels } = readPreprocessing((await loadModel(at('int8.onnx'))).metadata);
  expect([size, labels![9]]).toEqual([{ height: 32, width: 32 }, 'pattern 9']);
  const cost = await startProgram(['cost', 'int8.onnx', '--json'], directory);
  expect([cost.status, cost.stderr]).toEqual([0, '']);
  const counted = JSON.parse(cost.stdout) as NetworkCost & { readonly fileBytes: number };
  const fileBytes = statSync(at('int8.onnx')).size;
  expect([counted.fileBytes, counted.activations, counted.format]).toEqual([fileBytes, 'int8', 'int8']);
  expect(Math.abs(counted.bytes / fileBytes - 1)).toBeLessThan(0.03);
  expect(counted.layers.filter(({ method }) => method === 'hybrid').length).toBeGreaterThan(0);
  const text = await startProgram(['cost', 'int8.onnx'], directory);
  expect(text.stdout).toContain(
    `\nfile                                   ${(fileBytes / 1024).toFixed(2)} KB on disk\n`,
  );
});
