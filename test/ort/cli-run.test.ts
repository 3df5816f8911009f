/** `tritbank run` as users meet it: help, wrong usage, bad files, classes and times. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildNetwork } from '../../src/models/index.ts';
import { pipeline } from '../../src/runtime/node.ts';
import { expectGolden } from '../golden.ts';
import { startProgram } from '../program.ts';
import { toBytes } from './runtime-compare.ts';

let directory: string;

function classifier(metadata: Readonly<Record<string, string>>): Uint8Array {
  const options = { width: 0.25, inputSize: 32, channels: 3, classes: 4, firstStride: 1, seed: 3 } as const;
  const graph = buildNetwork('mobilenet-v1', options);
  for (const [key, value] of Object.entries(metadata)) graph.metadata.set(key, value);
  return toBytes(graph);
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-run-'));
  const metadata = { input_mean: '128', input_std: '64', labels: JSON.stringify(['ant', 'bee', 'cat', 'dog']) };
  writeFileSync(join(directory, 'model.onnx'), classifier(metadata));
  writeFileSync(join(directory, 'silent.onnx'), classifier({}));
  writeFileSync(join(directory, 'damaged.onnx'), 'no model');
  writeFileSync(join(directory, 'damaged.jpg'), 'no image');
  for (const [name, background] of [
    ['red.png', '#c03020'],
    ['blue.jpg', '#2040d0'],
  ] as const) {
    await sharp({ create: { width: 50, height: 40, channels: 3, background } }).toFile(join(directory, name));
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const start = (...args: readonly string[]) => startProgram(['run', ...args], directory);

test('help', async () => {
  const { status, stdout, stderr } = await start('--help');
  expect([status, stderr]).toEqual([0, '']);
  expectGolden('help-run', stdout);
});

describe('errors', () => {
  test.each([
    ['', /^error E_USAGE: MODEL\.onnx: expected an argument of 'tritbank run', found none\n$/],
    ['model.onnx', /^error E_USAGE: IMAGE: expected an argument of 'tritbank run', found none\n$/],
    ['model.onnx red.png --top-k 0', /^error E_USAGE: --top-k: expected a whole number of at least 1, found '0'\n$/],
    ['none.onnx red.png', /^error E_FILE: none\.onnx: expected a readable file, found none\n$/],
    ['damaged.onnx red.png', /^error E_FORMAT: damaged\.onnx: .*expected .*, found .*\n$/],
    ['silent.onnx red.png', /^error E_MODEL: input 'input': expected input_mean and input_std .*, found neither\n$/],
    ['model.onnx red.png none.png', /^error E_FILE: none\.png: expected an image that decodes, found: .*\n$/],
    ['model.onnx damaged.jpg', /^error E_FORMAT: damaged\.jpg: expected an image that decodes, found: .*\n$/],
  ])('%s', async (line, message) => {
    const { status, stdout, stderr } = await start(...line.split(' ').filter(Boolean));
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});

describe('results', () => {
  test('classes of each image, best first', async () => {
    const { status, stdout, stderr } = await start('model.onnx', 'red.png', 'blue.jpg', '--top-k', '2');
    expect([status, stderr]).toEqual([0, '']);
    const classify = await pipeline('image-classification', join(directory, 'model.onnx'));
    const expected = await Promise.all(
      ['red.png', 'blue.jpg'].map(async (name) => {
        const classes = await classify(join(directory, name), { topK: 2 });
        const lines = classes.map(({ label, score }) => `${`${(100 * score).toFixed(2)} %`.padStart(9)}  ${label}`);
        return [`${name} (0.0 ms)`, ...lines].join('\n');
      }),
    );
    expect(stdout.replace(/\(\d+\.\d ms\)/g, '(0.0 ms)')).toBe(`${expected.join('\n\n')}\n`);
  });

  test('--profile adds a table, --mean and --std stand in for metadata, threads change nothing', async () => {
    const options = ['--mean', '128,128,128', '--std', '64', '--threads', '2', '--profile'];
    const { status, stdout, stderr } = await start('silent.onnx', 'red.png', ...options);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/ % {2}class \d\n/);
    expect(stdout).toMatch(/\nlayer +operator +kernel +ms\n-+\n/);
    expect(stdout).toMatch(/\nconv +Conv +patches_float32 +\d+\.\d{3}\n/);
    const plain = await start('model.onnx', 'red.png', '--json');
    const scores = [...stdout.matchAll(/ ([\d.]+) %/g)].map(([, score]) => score);
    const { images } = JSON.parse(plain.stdout) as { images: { classes: { score: number }[] }[] };
    expect(scores).toEqual(images[0]!.classes.map(({ score }) => (100 * score).toFixed(2)));
  });

  test('--json is one object', async () => {
    const { status, stdout, stderr } = await start('model.onnx', 'red.png', 'blue.jpg', '--json', '--profile');
    expect([status, stderr, stdout.split('\n').length]).toEqual([0, '', 2]);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ model: 'model.onnx', memory: { total: expect.any(Number) } });
    expect(result.images.map(({ image }: { image: string }) => image)).toEqual(['red.png', 'blue.jpg']);
    expect(result.images[0].classes[0]).toEqual({
      label: expect.stringMatching(/ant|bee|cat|dog/),
      score: expect.any(Number),
      index: expect.any(Number),
    });
    expect(result.profile[0]).toMatchObject({ name: 'conv', kind: 'Conv', variant: 'patches_float32' });
  });
});
