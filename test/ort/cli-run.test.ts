/** `tritbank run` as users meet it: help, wrong usage, bad files, classes and times. */

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { f32, Graph } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { Builder } from '../../src/ops/index.ts';
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

/** Independent scores of an image's mean colour: sigmoids of 0, 1, 2 ... whatever it is. */
function sigmoids(metadata: Readonly<Record<string, string>>, classes: number): Uint8Array {
  const graph = new Graph('sigmoids');
  const b = new Builder(graph);
  const x = graph.input('input', 'float32', ['N', 3, 32, 32]);
  const colour = b.op('Flatten', [b.op('GlobalAveragePool', [x])]);
  const bias = b.constant(
    'bias',
    f32(
      [classes],
      Float32Array.from({ length: classes }, (_, k) => k),
    ),
  );
  const scores = b.gemm(colour, b.constant('zero', f32([3, classes])), { c: bias });
  graph.outputs = [b.op('Sigmoid', [scores])];
  for (const [key, value] of Object.entries(metadata)) graph.metadata.set(key, value);
  return toBytes(graph);
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-run-'));
  const metadata = { input_mean: '128', input_std: '64', labels: JSON.stringify(['ant', 'bee', 'cat', 'dog']) };
  writeFileSync(join(directory, 'model.onnx'), classifier(metadata));
  writeFileSync(join(directory, 'silent.onnx'), classifier({}));
  writeFileSync(join(directory, 'binary.onnx'), sigmoids(metadata, 1));
  writeFileSync(join(directory, 'several.onnx'), sigmoids(metadata, 4));
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
    ['model.onnx red.png --labels none.txt', /^error E_FILE: none\.txt: expected a readable file, found ENOENT.*\n$/],
    ['model.onnx red.png --labels imagenet', /^error E_USAGE: imagenet: expected 4 names, one a class, found 1000\n$/],
    ['binary.onnx red.png', /^error E_MODEL: output '.*': expected scores \[N, classes\], found \[N, 1\]\n$/],
  ])('%s', async (line, message) => {
    const { status, stdout, stderr } = await start(...line.split(' ').filter(Boolean));
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});

/** What is said of time, without the times. */
const withoutTimes = (text: string) =>
  text.replace(/[\d.]+ ms an image, the median of \d+ runs; the first took [\d.]+ ms/, '- ms');

describe('results', () => {
  test('an image that cannot be read does not cost the others', async () => {
    const run = await start('model.onnx', 'none.png', 'red.png', 'damaged.jpg', '--top-k', '1');
    expect([run.status, withoutTimes(run.stdout)]).toEqual([
      2,
      expect.stringMatching(/^red\.png\n.* % {2}\w+\n\n- ms\n$/),
    ]);
    expect(run.stderr.split('\n')).toEqual([
      'error E_FILE: none.png: expected a readable image, found none',
      expect.stringMatching(/^error E_FORMAT: damaged\.jpg: expected an image that decodes, found: /),
      '',
    ]);
    const { status, stdout, stderr } = await start('model.onnx', 'none.png', 'red.png', '--json');
    expect([status, stderr]).toEqual([2, '']);
    const { images, latency } = JSON.parse(stdout);
    expect(images[0]).toEqual({
      image: 'none.png',
      error: { code: 'E_FILE', message: 'none.png: expected a readable image, found none' },
    });
    expect(images[1].classes).toHaveLength(4);
    expect(latency).toEqual({ first: expect.any(Number), median: expect.any(Number), runs: expect.any(Number) });
    expect(latency.runs).toBeGreaterThan(1);
    const none = await start('model.onnx', 'none.png');
    expect([none.status, none.stdout]).toEqual([2, '']);
  });

  test('names with escapes for terminals are printed without them', async () => {
    const image = 'im\u001b[2Jage.png';
    copyFileSync(join(directory, 'red.png'), join(directory, image));
    writeFileSync(join(directory, 'escapes.json'), JSON.stringify([0, 1, 2, 3].map((i) => `\u001b[31m\u009b${i}`)));
    const line = ['model.onnx', image, '--labels', 'escapes.json', '--top-k', '1'];
    const { status, stdout } = await start(...line);
    expect([status, withoutTimes(stdout)]).toEqual([
      0,
      expect.stringMatching(/^im\\x1b\[2Jage\.png\n +[\d.]+ % {2}\\x1b\[31m\\x9b\d\n\n- ms\n$/),
    ]);
    const json = await start(...line, '--json');
    expect(json.stdout).toMatch(/^[\x20-\x7e]*\n$/);
    expect(JSON.parse(json.stdout).images[0].image).toBe(image);
  });

  test('independent scores are the numbers of the network', async () => {
    const { stdout } = await start('several.onnx', 'red.png', '--top-k', '2');
    // 1 / (1 + e^-3), 1 / (1 + e^-2)
    expect(withoutTimes(stdout)).toBe('red.png\n  95.26 %  dog\n  88.08 %  cat\n\n- ms\n');
  });

  test('--labels names the classes', async () => {
    writeFileSync(join(directory, 'names.json'), '\ufeff{"0": "A", "1": "B", "2": "C", "3": "D"}');
    const { stdout } = await start('model.onnx', 'red.png', '--labels', 'names.json', '--json');
    const labels = (JSON.parse(stdout) as { images: { classes: { label: string; index: number }[] }[] }).images[0]!
      .classes;
    for (const { label, index } of labels) expect(label).toBe('ABCD'[index]);
  });

  test('classes of each image, best first', async () => {
    const { status, stdout, stderr } = await start('model.onnx', 'red.png', 'blue.jpg', '--top-k', '2');
    expect([status, stderr]).toEqual([0, '']);
    const classify = await pipeline('image-classification', join(directory, 'model.onnx'));
    const expected = await Promise.all(
      ['red.png', 'blue.jpg'].map(async (name) => {
        const classes = await classify(join(directory, name), { topK: 2 });
        const lines = classes.map(({ label, score }) => `${`${(100 * score).toFixed(2)} %`.padStart(9)}  ${label}`);
        return [name, ...lines].join('\n');
      }),
    );
    expect(withoutTimes(stdout)).toBe(`${expected.join('\n\n')}\n\n- ms\n`);
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
