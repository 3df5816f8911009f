/** `convert` and `zoo`, and other commands with what they are about. */

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/onnx/index.ts';
import { network } from '../fixtures/tflite-cases.ts';
import { writeTflite } from '../fixtures/tflite-writer.ts';
import { startProgram } from '../program.ts';

const root = join(import.meta.dirname, '../..');
let directory = '';
const at = (...names: string[]) => join(directory, ...names);
const start = (line: string) => startProgram(line.split(' '), directory);
const model = 'mobilenet-v1-0.5-cifar10-quarter';
const before = process.env.TRITBANK_ZOO;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-formats-'));
  writeFileSync(at('stored.tflite'), writeTflite(network('8 bits per filter')));
  // names do not tell
  writeFileSync(at('float.onnx'), writeTflite(network('float')));
  writeFileSync(at('cut.tflite'), writeTflite(network('float')).slice(0, 999));
  mkdirSync(at('saved'));
  writeFileSync(at('saved', 'saved_model.pb'), 'x');
  await sharp({ create: { width: 32, height: 32, channels: 3, background: '#8af' } }).toFile(at('photo.png'));
  mkdirSync(at('zoo', 'models'), { recursive: true });
  copyFileSync(join(root, 'packages/zoo/index.json'), at('zoo', 'index.json'));
  const stored = join(root, 'results/cifar10/mobilenet-v1-0.5/size-25-1/model.onnx');
  copyFileSync(stored, at('zoo', 'models', `${model}.onnx`));
  process.env.TRITBANK_ZOO = at('zoo');
});
afterAll(() => {
  if (before === undefined) delete process.env.TRITBANK_ZOO;
  else process.env.TRITBANK_ZOO = before;
  rmSync(directory, { recursive: true, force: true });
});

describe('convert', () => {
  test('writes an ONNX file that says how pixels are normalised', async () => {
    const { status, stdout, stderr } = await start('convert stored.tflite --out converted.onnx --json');
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      format: 'tflite',
      inputs: [{ name: 'image', shape: ['N', 3, 8, 8] }],
      outputs: [{ name: 'y', shape: ['N', 5] }],
      metadata: { input_mean: '128', input_std: '128' },
    });
    const graph = await loadModel(at('converted.onnx'));
    expect(graph.nodes.map(({ op }) => op)).not.toContain('QuantizeLinear');
  });

  test('keeps the steps of stored numbers where asked for', async () => {
    expect((await start('convert stored.tflite --activations stored --out steps.onnx')).status).toBe(0);
    const graph = await loadModel(at('steps.onnx'));
    expect(graph.nodes.map(({ op }) => op)).toContain('QuantizeLinear');
  });

  test.each([
    [
      'convert cut.tflite --out x.onnx',
      /^error E_FORMAT: cut.tflite: .*expected a whole TensorFlow Lite file .*, found .*\n$/,
    ],
    ['convert none.tflite --out x.onnx', /^error E_FILE: none.tflite: /],
    ['convert saved --out x.onnx', /^error E_FORMAT: saved: .*--saved-model saved /],
    ['convert stored.tflite --out stored.tflite --force', /^error E_USAGE: --out: /],
  ])('%s', async (line, message) => {
    const { status, stdout, stderr } = await start(line);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(existsSync(at('x.onnx'))).toBe(false);
  });
});

describe('other commands take such a file', () => {
  test.each([
    'inspect float.onnx',
    'cost stored.tflite',
    'run stored.tflite photo.png',
    'export float.onnx --out packed.onnx',
    'compress stored.tflite --no-training --uniform 0.5,1 --ratios 1 --out run',
  ])('%s', async (line) => {
    const { status, stdout } = await start(line);
    expect(stdout).not.toBe('');
    expect(status).toBe(0);
  });
});

describe('zoo', () => {
  test('lists cards', async () => {
    const { status, stdout, stderr } = await start('zoo list --json');
    expect([status, stderr]).toEqual([0, '']);
    const { models } = JSON.parse(stdout) as { models: { name: string }[] };
    expect(models.map(({ name }) => name)).toContain(model);
    expect((await start('zoo list')).stdout).toContain(`${model} `);
  });

  test('gives a copy, its content checked', async () => {
    const { status, stdout } = await start(`zoo get ${model} --out mine.onnx`);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^file +mine\.onnx$/m);
    expect(readFileSync(at('mine.onnx')).equals(readFileSync(at('zoo', 'models', `${model}.onnx`)))).toBe(true);
    expect(await start(`zoo get ${model} --out mine.onnx`)).toMatchObject({ status: 2 });
  });

  test('a name stands for its file', async () => {
    const { status, stdout } = await start(`run tritbank/${model} photo.png --top-k 1 --json`);
    expect(status).toBe(0);
    const { images } = JSON.parse(stdout) as { images: { classes: { label: string }[] }[] };
    expect(images[0]!.classes[0]!.label).toMatch(/^[a-z]+$/);
    const wrong = await start('inspect tritbank/none');
    expect(wrong).toMatchObject({ status: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/^error E_USAGE: tritbank\/none: expected one of /);
  });
});
