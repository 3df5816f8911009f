import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openIdx, parseIdx } from './idx.ts';
import { type idxFiles, mnist } from './known.ts';
import { openDataset } from './open.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tritbank-idx-'));
});
afterEach(() => rm(dir, { recursive: true }));

function idx(dims: readonly number[], data: readonly number[], magic = 0x0800 + dims.length): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * dims.length + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  for (const [i, d] of dims.entries()) view.setUint32(4 + 4 * i, d);
  bytes.set(data, 4 + 4 * dims.length);
  return bytes;
}

const pixels = (count: number) => Array.from({ length: count * 6 }, (_, i) => i % 256);

async function writeSet(changes: Partial<Record<(typeof idxFiles)[number], Uint8Array>> = {}, zip = false) {
  const contents: Record<string, Uint8Array> = {
    'train-images-idx3-ubyte': idx([4, 2, 3], pixels(4)),
    'train-labels-idx1-ubyte': idx([4], [0, 1, 2, 1]),
    't10k-images-idx3-ubyte': idx([2, 2, 3], pixels(2)),
    't10k-labels-idx1-ubyte': idx([2], [2, 0]),
    ...changes,
  };
  for (const [name, bytes] of Object.entries(contents)) {
    await writeFile(join(dir, zip ? `${name}.gz` : name), zip ? gzipSync(bytes) : bytes);
  }
}

test.each([false, true])('reads the four files, gzip: %s', async (zip) => {
  await writeSet({}, zip);
  const data = await openDataset(dir);
  expect(data).toMatchObject({ channels: 1, height: 2, width: 3, classes: ['0', '1', '2'], notes: [] });
  expect([...data.train.labels]).toEqual([0, 1, 2, 1]);
  expect([...data.test.labels]).toEqual([2, 0]);
  expect([...(await data.train.read(1))]).toEqual([6, 7, 8, 9, 10, 11]);
  expect(data.train.describe(1)).toMatch(/ train\[1\]$/);
});

test('fills images up to imageSize with zeros around them', async () => {
  await writeSet();
  const data = await openDataset(dir, { imageSize: 4 });
  expect([data.height, data.width]).toEqual([4, 4]);
  expect([...(await data.train.read(1))]).toEqual([0, 0, 0, 0, 6, 7, 8, 0, 9, 10, 11, 0, 0, 0, 0, 0]);
  await expect(openDataset(dir, { imageSize: 2 })).rejects.toMatchObject({ code: 'E_USAGE' });
});

test('repeats the grey channel for networks that take colour', async () => {
  await writeSet();
  const data = await openDataset(dir, { channels: 3, imageSize: { height: 2, width: 4 } });
  expect(data).toMatchObject({ channels: 3, height: 2, width: 4, train: { channels: 3, length: 4 } });
  expect(data.notes).toEqual(['images are grey: their one channel stands for red, green and blue']);
  const plane = [6, 7, 8, 0, 9, 10, 11, 0];
  expect([...(await data.train.read(1))]).toEqual([...plane, ...plane, ...plane]);
  const window = { area: 0.5, ratio: 1, x: 0, y: 0 };
  const part = [...(await data.train.read(1, window))];
  expect(part).toHaveLength(24);
  expect(part.slice(8, 16)).toEqual(part.slice(0, 8));
  expect(data.test.describe(1)).toMatch(/ test\[1\]$/);
  const enlarged = await openDataset(dir, { channels: 3, imageSize: { height: 4, width: 12 } });
  expect([...(await enlarged.train.read(1))]).toHaveLength(3 * 48);
  expect((await openDataset(dir, { channels: 1 })).channels).toBe(1);
});

test('enlarges images to what is more than 8 pixels above their size', async () => {
  await writeSet();
  const { train, ...data } = await openDataset(dir, { imageSize: { height: 4, width: 12 } });
  expect(data).toMatchObject({ height: 4, width: 12, augment: { crop: 4 } });
  expect(data.notes).toEqual(['images of 2x3 are enlarged to 4x12']);
  // its pixels are 6 + x + 3 y, which is what lies between them, too
  const at = (i: number, scale: number, last: number) => Math.min(Math.max((i + 0.5) / scale - 0.5, 0), last);
  const plane = Array.from({ length: 48 }, (_, i) =>
    Math.round(6 + at(i % 12, 4, 2) + 3 * at(Math.floor(i / 12), 2, 1)),
  );
  expect([...(await train.read(1))]).toEqual(plane);
  expect(train.describe(1)).toMatch(/ train\[1\]$/);
  // the last pixel of the upper row
  expect(new Set(await train.read(1, { area: 1 / 6, ratio: 1, x: 1, y: 0 }))).toEqual(new Set([8]));
  await expect(openDataset(dir, { imageSize: 1025 })).rejects.toMatchObject({ code: 'E_USAGE' });
});

test('under an official name, other content is a warning and the official classes apply', async () => {
  await writeSet();
  const warnings: string[] = [];
  const data = await openDataset('fashion-mnist', { dir, warn: (w) => warnings.push(w) });
  expect(data.classes[9]).toBe('Ankle boot');
  expect(warnings).toEqual(data.notes);
  expect(warnings.join()).toContain('not the official Fashion-MNIST: train-images-idx3-ubyte');
});

test('a label out of range names file and index', async () => {
  await writeSet({ 'train-labels-idx1-ubyte': idx([4], [0, 1, 10, 1]) });
  await expect(openIdx(dir, mnist)).rejects.toMatchObject({
    code: 'E_DATA',
    message: `${join(dir, 'train-labels-idx1-ubyte')}: expected labels in 0..9, found 10 at index 2`,
  });
  await writeSet({ 't10k-labels-idx1-ubyte': idx([2], [0, 3]) });
  await expect(openDataset(dir)).rejects.toMatchObject({ code: 'E_DATA', detail: expect.stringContaining('index 1') });
});

test('damaged files are E_FORMAT and say what is wrong', () => {
  const whole = idx([2], [0, 1]);
  expect(parseIdx('f', whole, 1).dims).toEqual([2]);
  expect(() => parseIdx('f', whole.subarray(0, 9), 1)).toThrow('f: expected 10 bytes for 2, found 9 (truncated');
  expect(() => parseIdx('f', whole.subarray(0, 5), 1)).toThrow('expected an IDX header of 8 bytes, found 5 bytes');
  expect(() => parseIdx('f', whole, 3)).toThrow('expected an IDX header of 16 bytes');
  expect(() => parseIdx('f', idx([2], [0, 1], 0x0d01), 1)).toThrow('expected IDX magic 0x00000801, found 0x00000d01');
});

test('a cut gzip file is E_FORMAT', async () => {
  await writeSet({}, true);
  const path = join(dir, 'train-images-idx3-ubyte.gz');
  await writeFile(path, gzipSync(idx([4, 2, 3], pixels(4))).subarray(0, 30));
  await expect(openDataset(dir)).rejects.toMatchObject({ code: 'E_FORMAT', where: path });
});

test('counts, sizes and files must agree', async () => {
  await writeSet({ 'train-labels-idx1-ubyte': idx([3], [0, 1, 2]) });
  await expect(openDataset(dir)).rejects.toMatchObject({
    code: 'E_DATA',
    detail: 'expected 4 labels, one for each image in train-images-idx3-ubyte, found 3',
  });
  await writeSet({ 't10k-images-idx3-ubyte': idx([2, 3, 2], pixels(2)) });
  await expect(openDataset(dir)).rejects.toThrow('expected one image size in both splits, found 2 x 3 and 3 x 2');
  await rm(join(dir, 't10k-labels-idx1-ubyte'));
  await expect(openDataset(dir)).rejects.toThrow('found no t10k-labels-idx1-ubyte (nor .gz)');
  await mkdir(join(dir, 't10k-labels-idx1-ubyte'));
  await expect(openDataset(dir)).rejects.toThrow('found no t10k-labels-idx1-ubyte (nor .gz)');
});
