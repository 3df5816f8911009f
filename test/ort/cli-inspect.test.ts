/** `tritbank inspect` as users meet it: help, wrong usage, bad files, and what it says of models. */

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelReport } from '../../src/compress/inspect.ts';
import { pytorchMobileNetV3, pytorchOldMobileNetV3, quantizedModel, tfliteDsCnn } from '../exporters.ts';
import { expectGolden } from '../golden.ts';
import { startProgram } from '../program.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-inspect-'));
  writeFileSync(join(directory, 'mobilenet.onnx'), pytorchOldMobileNetV3().bytes);
  writeFileSync(join(directory, 'v3.onnx'), pytorchMobileNetV3().bytes);
  writeFileSync(join(directory, 'spotter.onnx'), tfliteDsCnn().bytes);
  writeFileSync(join(directory, 'quantized.onnx'), quantizedModel().bytes);
  writeFileSync(join(directory, 'damaged.onnx'), 'no model');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the program in the test's directory. */
const start = (...args: readonly string[]) => startProgram([...args], directory);

test('help', async () => {
  const { status, stdout, stderr } = await start('inspect', '--help');
  expect([status, stderr]).toEqual([0, '']);
  expectGolden('help-inspect', stdout);
});

describe('wrong usage', () => {
  test.each([
    ['inspect', "MODEL.onnx: expected an argument of 'tritbank inspect', found none"],
    ['inspect v3.onnx spotter.onnx', "tritbank inspect: expected 1 arguments, found 'spotter.onnx' besides"],
    [
      'inspect --jsn',
      "--jsn: expected an option of 'tritbank inspect' (see its --help), found an unknown one, did you mean --json?",
    ],
    ['inspect v3.onnx --dim', '--dim: expected a value, found none'],
    ['inspect v3.onnx --dim N', "--dim: expected NAME=SIZE with a size of at least 1, found 'N'"],
    ['inspect v3.onnx --dim batch_size=0', "--dim: expected NAME=SIZE with a size of at least 1, found 'batch_size=0'"],
    ['inspect v3.onnx --dim H=8', "dimension 'H': expected one of the model's (batch_size), found another"],
  ])('%s', async (line, message) => {
    const before = readdirSync(directory);
    expect(await start(...line.split(' '))).toEqual({ status: 2, stdout: '', stderr: `error E_USAGE: ${message}\n` });
    expect(readdirSync(directory)).toEqual(before);
  });
});

describe('bad files', () => {
  test.each([
    ['no.onnx', /^error E_FILE: no.onnx: expected .*, found none\n$/],
    ['.', /^error E_FILE: .: expected .*, found .*\n$/],
    ['damaged.onnx', /^error E_FORMAT: damaged.onnx: .*expected .*, found .*\n$/],
  ])('%s', async (path, message) => {
    const { status, stdout, stderr } = await start('inspect', path);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});

const table = `\
layer          kind  filters  inputs  kernel  stride  groups  output  parameters  MACs (M)  candidate
-----------------------------------------------------------------------------------------------------
Conv_0        first        8       3     3x3       2       1   8x9x9         224     0.017        yes
Conv_8    depthwise        8       1     3x3       1       8   8x9x9          80     0.006         no
Conv_12   pointwise        4       8     1x1       1       1   4x1x1          32     0.000        yes
Conv_14   pointwise        8       4     1x1       1       1   8x1x1          40     0.000        yes
Conv_20   pointwise        8       8     1x1       1       1   8x9x9          72     0.005        yes
Conv_24   pointwise       16       8     1x1       1       1  16x9x9         144     0.010        yes
Gemm_40  classifier       10      16     1x1       1       1      10         170     0.000        yes
-----------------------------------------------------------------------------------------------------
all                                                                          764     0.039

input        input.1  float32 [N, 3, 17, 17], NCHW
output       logits  float32 [N, 10], 10 classes
pixels       no input_mean and input_std in the metadata: those of the data set are taken
file         opset 11, 8,365 bytes, written by pytorch
batch norms  4, folded into the layers here
candidates   6 of 7 layers: 89.3 % of the parameters, 85.1 % of the MACs
others       Conv_8: one input channel per filter: nothing to share between filters
`;

describe('models', () => {
  test('a table of the layers, then notes', async () => {
    const { status, stdout, stderr } = await start('inspect', 'mobilenet.onnx');
    expect([status, stderr]).toEqual([0, '']);
    // 9 x 9 pixels behind the first layer: 81 x 8 filters x 27 weights = 17,496 MACs, and so on; batch norms become biases
    expect(stdout).toBe(table);
  });

  test('warnings stand at the end', async () => {
    const { status, stdout } = await start('inspect', 'quantized.onnx');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nactivations +8 bits; layers are those of the float network\n/);
    expect(stdout).toMatch(/\nothers +conv: fewer than 4 weights a filter\n\nwarning: a quantized /);
    expect(stdout).toMatch(/\nwarning: none of the layers can be compressed\n$/);
  });

  test('--json is the report of the library, with the file', async () => {
    const { status, stdout, stderr } = await start('inspect', 'spotter.onnx', '--json');
    expect([status, stderr, stdout.split('\n').length]).toEqual([0, '', 2]);
    const report = JSON.parse(stdout) as ModelReport & { model: string; file: object };
    const bytes = tfliteDsCnn().bytes.length;
    expect(report).toMatchObject({
      model: 'spotter.onnx',
      file: { bytes, opset: 13, producer: 'tf2onnx' },
      classes: 12,
    });
    expect(report.inputs).toEqual([{ name: 'input', dtype: 'float32', shape: [1, 25, 10, 1], layout: 'NHWC' }]);
    expect(report.layers.map(({ name, candidate }) => [name, candidate])).toEqual([
      ['conv_1', true],
      ['dw_1', false],
      ['pw_1', true],
      ['fc', true],
    ]);
  });

  test('--dim sets the size of a batch', async () => {
    const macs = async (...args: string[]) => {
      const { stdout } = await start('inspect', 'v3.onnx', '--json', ...args);
      return (JSON.parse(stdout) as ModelReport).macs!;
    };
    const one = await macs();
    expect(one).toBeGreaterThan(0);
    expect(await macs('--dim', 'batch_size=3')).toBe(3 * one);
  });
});
