import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Split } from './dataset.ts';
import { openDataset } from './open.ts';

let dir = '';
let png: Buffer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tritbank-unlabelled-'));
  png = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#284' } })
    .png()
    .toBuffer();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function put(place: string, ...names: string[]): string {
  mkdirSync(join(dir, place), { recursive: true });
  for (const name of names) writeFileSync(join(dir, place, name), png);
  return join(dir, place);
}
const ten = Array.from({ length: 10 }, (_, i) => `${i}.png`);
const filesOf = (split: Split) => Array.from({ length: split.length }, (_, i) => split.describe(i));

it('takes a flat folder, and keeps images apart to judge by', async () => {
  const data = await openDataset(put('flat', ...ten));
  expect(data.isUnlabelled).toBe(true);
  expect(data.train.length).toBe(8);
  expect(new Set([...filesOf(data.train), ...filesOf(data.test)]).size).toBe(10);
  expect([...data.test.labels]).toEqual([0, 0]);
  expect((await data.test.read(0)).length).toBe(3 * 8 * 8);
  expect(data.notes.join(' ')).toContain('2 of 10 images');
});

it('takes train/ and val/ of images as they are, and train/ alone', async () => {
  put('both/train', 'a.png', 'b.png');
  put('both/val', 'c.png');
  const both = await openDataset(join(dir, 'both'));
  expect([both.train.length, both.test.length]).toEqual([2, 1]);
  put('alone/train', ...ten);
  const alone = await openDataset(join(dir, 'alone'));
  expect([alone.train.length, alone.test.length]).toEqual([8, 2]);
});

it('takes a list, with paths relative to it', async () => {
  put('listed', 'a.png', 'b.png');
  writeFileSync(join(dir, 'list.txt'), '# mine\nlisted/a.png\n\nlisted/b.png\n');
  const data = await openDataset(join(dir, 'list.txt'));
  expect([...filesOf(data.train), ...filesOf(data.test)].sort()).toEqual([
    join(dir, 'listed', 'a.png'),
    join(dir, 'listed', 'b.png'),
  ]);
});

it('ignores folders where it is told to, and asks for two images', async () => {
  put('sorted/cat', 'a.png');
  put('sorted/dog', 'b.png', 'c.png');
  const path = join(dir, 'sorted');
  expect((await openDataset(path)).isUnlabelled).toBeUndefined();
  const data = await openDataset(path, { unlabelled: true });
  expect([data.isUnlabelled, data.train.length + data.test.length]).toEqual([true, 3]);
  await expect(openDataset(put('one', 'a.png'))).rejects.toThrow('or two images at least');
  await expect(openDataset(join(dir, 'absent.txt'))).rejects.toMatchObject({ code: 'E_DATA' });
});

it('judges by whole classes where each has one image', async () => {
  for (const name of ten) put(`single/${name.charAt(0)}`, 'only.png');
  const data = await openDataset(join(dir, 'single'));
  expect([data.train.length, data.test.length]).toEqual([9, 1]);
  expect(data.classes.length).toBe(10);
});
