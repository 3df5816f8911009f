/** What goes wrong in a training run, and how it is said: nothing is half-written, and what was there before stays. */

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random, TritbankError } from '../../src/ir/index.ts';
import { buildNetwork, NetworkBuilder } from '../../src/models/index.ts';
import { saveModel } from '../../src/onnx/index.ts';
import { inferShapes } from '../../src/passes/index.ts';
import { applyPlan, makePlan } from '../../src/quantize/index.ts';
import { loadCheckpoint } from '../../src/train/checkpoint.ts';
import { type TrainConfig, trainNetwork } from '../../src/train/index.ts';
import { quickConfig, readMetrics, writeBars } from './train-data.ts';

let directory = '';
let data = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-faults-'));
  data = writeBars(join(directory, 'bars'), { train: 64, test: 16 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const at = (name: string) => join(directory, name);

/** One epoch in full precision. */
const briefly = (changes: Partial<TrainConfig> = {}): TrainConfig => {
  const { layerKinds: _none, ...config } = quickConfig(data, { method: 'fp', epochs: 1 });
  return { ...config, ...changes };
};

async function errorOf(work: Promise<unknown>): Promise<TritbankError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof TritbankError) return error;
    throw error;
  }
  throw new Error('expected an error, found none');
}

/** Expects the run to fail before it has written anything. */
async function refused(changes: Partial<TrainConfig>): Promise<TritbankError> {
  const out = at('refused');
  const error = await errorOf(trainNetwork(briefly(changes), { out }));
  expect(existsSync(out)).toBe(false);
  return error;
}

describe('configuration', () => {
  it.each<[Partial<TrainConfig>, string]>([
    [{ method: 'hybrid', alpha: 1.01 }, 'alpha: expected a number from 0 to 1, found 1.01'],
    [{ method: 'hybrid', alpha: Number.NaN }, 'alpha: expected a number from 0 to 1, found NaN'],
    [{ learningRate: 0 }, 'learningRate: expected a number above 0, found 0'],
    [{ epochs: 1.5 }, 'epochs: expected a whole number of at least 1, found 1.5'],
    [{ width: 5 }, 'width: expected a number above 0 and at most 4, found 5'],
    [{ model: 'resnet' }, "model: expected one of mobilenet-v1, mobilenet-v2, resnet-20, ds-cnn, found 'resnet'"],
  ])('%j', async (changes, message) => {
    expect(await refused(changes)).toMatchObject({ code: 'E_USAGE', message });
  });

  it('needs alpha in 0 to 1 and layers of the chosen kinds for a plan', () => {
    const options = { inputSize: 28, channels: 1, classes: 4, firstStride: 2, seed: 1 } as const;
    const network = inferShapes(buildNetwork('mobilenet-v1', { width: 0.05, ...options }));
    expect(() => makePlan(network, { method: 'hybrid', alpha: -0.1 })).toThrow(
      expect.objectContaining({ code: 'E_USAGE', message: 'alpha: expected 0 to 1, found -0.1' }),
    );
    const builder = new NetworkBuilder('plain', 1);
    const x = builder.convBlock('a', builder.input(1, 8), { filters: 4, kernel: 3 });
    const plain = inferShapes(builder.classifier(builder.convBlock('b', x, { filters: 4, kernel: 3 }), 4));
    for (const method of ['twn', 'strassen', 'hybrid'] as const) {
      expect(() => makePlan(plain, { method, kinds: ['pointwise'] })).toThrow(
        expect.objectContaining({
          code: 'E_MODEL',
          message: "graph 'plain': expected layers of kind pointwise to compress, found none among 3 layers",
        }),
      );
    }
    expect(Object.keys(makePlan(plain, { method: 'hybrid' }).layers)).toEqual(['a', 'b', 'classifier']);
    expect(makePlan(plain, { method: 'fp' })).toEqual({ layers: {} });
    expect(() => applyPlan(plain, { layers: { c: { method: 'fp' } } }, 1)).toThrow(
      "plan layers.c: expected one of the model's layers (a, b, classifier), found another name",
    );
  });

  it('refuses a teacher of another number of classes, and then keeps the run that was there', async () => {
    const options = { width: 0.05, inputSize: 28, channels: 1, firstStride: 2, seed: 1 } as const;
    const teacher = at('teacher.onnx');
    await saveModel(buildNetwork('mobilenet-v1', { ...options, classes: 7 }), teacher);
    const detail = 'expected 4 classes as in the data set, found 7';
    expect(await refused({ teachers: [teacher] })).toMatchObject({ code: 'E_MODEL', where: teacher, detail });
    expect(await refused({ teachers: [at('none.onnx')] })).toMatchObject({ code: 'E_FILE', where: at('none.onnx') });
    const out = at('kept');
    mkdirSync(out);
    writeFileSync(join(out, 'result.json'), '{}');
    await errorOf(trainNetwork(briefly({ teachers: [teacher] }), { out }));
    expect(readdirSync(out)).toEqual(['result.json']);
  });
});

describe('the run directory', () => {
  it.skipIf(process.platform === 'win32')('must be writable', async () => {
    writeFileSync(at('file'), '');
    for (const out of [at('file'), join(at('file'), 'run'), '/proc/run']) {
      const error = await errorOf(trainNetwork(briefly(), { out }));
      expect(error.line).toMatch(/^error E_FILE: .*: expected a (writable )?directory, found E[A-Z]+: /);
    }
    expect(readFileSync(at('file'), 'utf8')).toBe('');
  });

  const disk = mkdtempSync(join(tmpdir(), 'tritbank-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', disk]).status === 0;
  afterAll(() => {
    if (mounted) spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  const full = mounted ? 'may fill up' : 'may fill up (skipped: mounting a small disk is not permitted here)';
  it.skipIf(!mounted)(full, async () => {
    const out = join(disk, 'run');
    const complete = async (resume: boolean) => trainNetwork(briefly({ epochs: 3 }), { out, resume, onProgress: fill });
    const ballast = join(disk, 'ballast');
    // after the first checkpoint, all but a little of the disk is taken
    function fill({ kind, record }: { kind: string; record?: { epoch: number } }) {
      if (kind !== 'epoch-end' || record?.epoch !== 1) return;
      spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=1k', 'count=2000']);
    }
    const error = await errorOf(complete(false));
    expect(error.line).toMatch(/^error E_FILE: .*: expected a writable file, found ENOSPC: no space left on device$/);
    expect(readdirSync(out).filter((f) => f.endsWith('.tmp'))).toEqual([]);
    expect(loadCheckpoint(join(out, 'checkpoint.safetensors'))!.position.epoch).toBe(1);
    rmSync(ballast);
    const result = await trainNetwork(briefly({ epochs: 3 }), { out, resume: true });
    expect(result.epochs).toBe(3);
    expect(readMetrics(out).map((r) => r.epoch)).toEqual([1, 2, 3]);
  });
});

describe('data', () => {
  it('labels out of range', async () => {
    const dir = writeBars(at('mislabelled'), { train: 64, test: 16, relabel: (label, i) => (i === 9 ? 200 : label) });
    expect(await refused({ data: 'mnist', dataDir: dir })).toMatchObject({
      code: 'E_DATA',
      where: join(dir, 'train-labels-idx1-ubyte'),
      detail: 'expected labels in 0..9, found 200 at index 9',
    });
  });

  it('fewer images than a batch', async () => {
    expect(await refused({ trainSamples: 20 })).toMatchObject({
      code: 'E_DATA',
      message: "data set 'bars': expected at least one batch of 32 training images (--batch-size), found 20",
    });
  });

  /** Folders of small pictures of two classes, black and white under noise; `broken` of the training ones are damaged. */
  async function writeFolders(name: string, train: number, broken: { train: number; val: number }): Promise<string> {
    const random = new Random(4, name);
    for (const [part, count] of [['train', train] as const, ['val', 12] as const]) {
      for (let i = 0; i < count; i++) {
        const folder = join(at(name), part, ['dark', 'light'][i % 2]!);
        mkdirSync(folder, { recursive: true });
        const pixels = Uint8Array.from({ length: 28 * 28 }, () => 150 * (i % 2) + random.int(100));
        const raw = { width: 28, height: 28, channels: 1 } as const;
        const bytes = await sharp(pixels, { raw }).png().toBuffer();
        const isBroken = Math.floor(i / 2) < broken[part] && i % 2 === 0;
        writeFileSync(join(folder, `${String(i).padStart(3, '0')}.png`), isBroken ? bytes.subarray(0, 60) : bytes);
      }
    }
    return at(name);
  }
  const folders = (dir: string) => briefly({ data: dir, inputSize: 28, batchSize: 16, augment: false });

  it('a class folder without images', async () => {
    const dir = await writeFolders('empty', 8, { train: 0, val: 0 });
    mkdirSync(join(dir, 'train/none'));
    mkdirSync(join(dir, 'val/none'));
    writeFileSync(join(dir, 'train/none/readme.txt'), 'no image');
    expect(await refused({ data: dir })).toMatchObject({
      code: 'E_DATA',
      message: `${join(dir, 'train/none')}: expected .jpg, .jpeg, .png or .webp images, found none`,
    });
    symlinkSync(join(dir, 'train/dark/000.png'), join(dir, 'train/none/000.png'));
    expect(await refused({ data: dir })).toMatchObject({ code: 'E_DATA', where: join(dir, 'val/none') });
  });

  it('a few images that do not decode are left out, counted and named', async () => {
    const dir = await writeFolders('damaged', 48, { train: 1, val: 1 });
    const warnings: string[] = [];
    const out = at('damaged-run');
    const result = await trainNetwork(folders(dir), { out, warn: (line) => warnings.push(line) });
    expect(result.skipped).toBe(1);
    expect(result.confusion.flat().reduce((a, b) => a + b, 0)).toBe(11);
    const test = warnings.filter((line) => line.startsWith(join(dir, 'val/dark/000.png')));
    expect(test).toHaveLength(1);
    expect(test[0]).toMatch(/: expected .*; skipped \(1 so far\)$/);
  });

  it('more than one in a hundred are too many', async () => {
    const dir = await writeFolders('ruined', 48, { train: 5, val: 0 });
    const error = await refused({ ...folders(dir) });
    expect(error).toMatchObject({ code: 'E_DATA' });
    expect(error.message).toMatch(
      /\.png: expected at most 1 % of images that do not decode, found 3 of 48, the last: expected /,
    );
  });
});

describe('a loss', () => {
  it.each(['fp', 'hybrid'] as const)('that is not a number: step, phase and layer are named (%s)', async (method) => {
    const config = quickConfig(data, { method, learningRate: 1e20, schedule: { name: 'constant', warmup: 0 } });
    const error = await errorOf(trainNetwork(config, { out: at(`nan-${method}`) }));
    expect(error.exitStatus).toBe(1);
    expect(error.line).toMatch(
      /^error E_DIVERGED: step \d+ \(epoch 1, phase full\): expected a finite loss, found NaN, first in layer '\w+'$/,
    );
    const layer = /first in layer '(\w+)'/.exec(error.line)?.[1];
    expect(layer).toMatch(/^conv/);
    expect(existsSync(join(at(`nan-${method}`), 'model.onnx'))).toBe(false);
  });

  it('that grows without bound', async () => {
    const optimizer = { name: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 } as const;
    const schedule = { name: 'constant', warmup: 0 } as const;
    const config = briefly({ epochs: 12, optimizer, learningRate: 3e3, schedule, clipNorm: 1 });
    const error = await errorOf(trainNetwork(config, { out: at('growing') }));
    expect(error).toMatchObject({ code: 'E_DIVERGED' });
    expect(error.message).toMatch(
      /^step \d+ \(epoch \d+, phase full\): expected a loss below 13\.9, found \d+\.\d on average; try a lower /,
    );
  });
});
