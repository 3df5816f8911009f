import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { batches } from './batches.ts';
import { openDataset } from './open.ts';
import { statistics } from './statistics.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tritbank-folder-'));
});
afterEach(() => rm(dir, { recursive: true }));

type Color = readonly [number, number, number];
const red: Color = [255, 0, 0];
const blue: Color = [0, 0, 255];

/** An image of `width` x `height` of one colour, in the format of the extension. */
async function paint(path: string, [r, g, b]: Color, width = 8, height = 8) {
  const file = join(dir, path);
  await mkdir(dirname(file), { recursive: true });
  await sharp({ create: { width, height, channels: 3, background: { r, g, b } } }).toFile(file);
  return file;
}

/** A PNG whose left third is red, middle green, right blue. */
async function paintStripes(path: string, width: number, height: number) {
  const colors = [red, [0, 255, 0], blue] as const;
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) pixels.set(colors[Math.floor(((i % width) * 3) / width)]!, 3 * i);
  const file = join(dir, path);
  await mkdir(dirname(file), { recursive: true });
  await sharp(pixels, { raw: { width, height, channels: 3 } }).toFile(file);
  return file;
}

const planes = (image: Uint8Array) => {
  const size = image.length / 3;
  const mean = (c: number) => image.subarray(c * size, (c + 1) * size).reduce((a, b) => a + b, 0) / size;
  return [mean(0), mean(1), mean(2)].map(Math.round);
};

test("reads ImageNet's layout in sorted order", async () => {
  await paint('train/b/2.png', blue);
  await paint('train/b/nested/1.webp', blue);
  await paint('train/a/x.JPEG.png', red);
  await paint('validation/a/v.png', red, 16, 12);
  await paint('validation/b/v.png', blue);
  await writeFile(join(dir, 'train/b/notes.txt'), 'no image');
  const data = await openDataset(dir);
  expect(data).toMatchObject({ classes: ['a', 'b'], channels: 3, height: 8, width: 8 });
  expect([...data.train.labels]).toEqual([0, 1, 1]);
  expect([0, 1, 2].map((i) => data.train.describe(i).slice(dir.length + 1))).toEqual([
    'train/a/x.JPEG.png',
    'train/b/2.png',
    'train/b/nested/1.webp',
  ]);
  expect(planes(await data.test.read(0))).toEqual([255, 0, 0]);
  expect(planes(await data.test.read(1))).toEqual([0, 0, 255]);
  expect(data.notes.join()).toContain('brought to 8 x 8');
});

test('classes.json names the classes and can number them', async () => {
  for (const wnid of ['n01', 'n02']) for (const part of ['train', 'val']) await paint(`${part}/${wnid}/1.png`, red);
  const entries = { n01: { index: 217, name: 'spaniel' }, n02: { index: 3, name: 'shark' } };
  await writeFile(join(dir, 'classes.json'), JSON.stringify(entries));
  const data = await openDataset(dir);
  expect(data.classes).toEqual(['spaniel', 'shark']);
  const indexed = await openDataset(dir, { labels: 'index', classCount: 1000 });
  expect([...indexed.test.labels]).toEqual([217, 3]);
  expect([indexed.classes.length, indexed.classes[3], indexed.classes[4]]).toEqual([1000, 'shark', 'class 4']);
  expect((await openDataset(dir, { labels: 'index' })).classes).toHaveLength(218);
  await expect(openDataset(dir, { labels: 'index', classCount: 100 })).rejects.toMatchObject({ code: 'E_USAGE' });
  await writeFile(join(dir, 'classes.json'), JSON.stringify({ n01: entries.n01 }));
  await expect(openDataset(dir, { labels: 'index' })).rejects.toThrow("expected an entry for 'n02', found none");
  for (const bad of ['{', '[]', '{"n01": {"index": -1, "name": "x"}}', '{"n01": null}']) {
    await writeFile(join(dir, 'classes.json'), bad);
    await expect(openDataset(dir)).rejects.toMatchObject({ code: 'E_FORMAT' });
  }
});

test('with class indices, some classes are to learn from and others to judge by', async () => {
  await paint('train/n02/1.png', red);
  await paint('val/n01/1.png', blue);
  await expect(openDataset(dir)).rejects.toThrow('expected the same classes in train/ and val/');
  const entries = { n01: { index: 217, name: 'spaniel' }, n02: { index: 3, name: 'shark' } };
  await writeFile(join(dir, 'classes.json'), JSON.stringify(entries));
  const { train, test: judged } = await openDataset(dir, { labels: 'index' });
  expect([[...train.labels], [...judged.labels]]).toEqual([[3], [217]]);
});

test('without split folders, a fixed tenth of each class is the test split', async () => {
  for (let i = 0; i < 10; i++) for (const name of ['cat', 'dog']) await paint(`${name}/${i}.png`, red);
  const data = await openDataset(dir);
  expect([data.train.length, data.test.length]).toEqual([18, 2]);
  expect([...data.test.labels]).toEqual([0, 1]);
  expect(data.notes[0]).toContain(
    '2 of 20 images (a fixed 10 %, of each class where it has several) are the test split',
  );
  const again = await openDataset(dir);
  expect(again.test.describe(0)).toBe(data.test.describe(0));
  const parts = [data.train, data.test].flatMap((s) => Array.from(s.labels, (_, i) => s.describe(i)));
  expect(new Set(parts).size).toBe(20);
  const whole = await openDataset(dir, { testFraction: 1 });
  expect([whole.train.length, whole.test.length]).toEqual([0, 20]);
});

test('a folder with evaluation images only has an empty training split', async () => {
  await paint('val/a/1.png', blue);
  const data = await openDataset(dir);
  expect([data.train.length, data.test.length]).toEqual([0, 1]);
  expect((await statistics(data)).mean).toEqual([0, 0, 255]);
});

test('empty folders, empty classes and differing classes are E_DATA', async () => {
  await expect(openDataset(dir)).rejects.toMatchObject({ code: 'E_DATA', where: dir });
  await paint('loose.png', red);
  await expect(openDataset(dir)).rejects.toThrow('expected one folder per class');
  await mkdir(join(dir, 'a'));
  await expect(openDataset(dir)).rejects.toMatchObject({ code: 'E_DATA', where: join(dir, 'a') });
  await paint('train/a/1.png', red);
  await paint('test/b/1.png', red);
  await expect(openDataset(dir)).rejects.toThrow(
    "expected the same classes in train/ and test/ (or a classes.json with their indices), found 'b' in one",
  );
});

test('fits the shorter side and takes the centre; a smaller fraction of it on request', async () => {
  await paintStripes('a/wide.png', 30, 10);
  const data = await openDataset(dir, { imageSize: 20, testFraction: 1 });
  const image = await data.test.read(0);
  expect(image).toHaveLength(1200);
  expect(planes(image)[1]).toBeGreaterThan(230);
  await paintStripes('a/square.png', 30, 30);
  const narrow = await openDataset(dir, { imageSize: 20, cropFraction: 0.5, testFraction: 1 });
  const [r, g, b] = planes(await narrow.test.read(0)) as [number, number, number]; // columns 1/4 .. 3/4 of the stripes
  expect(g / (r + g + b)).toBeCloseTo(2 / 3, 1);
});

test('a window is cut before resizing', async () => {
  await paintStripes('a/1.png', 30, 30);
  const { test: split } = await openDataset(dir, { imageSize: 12, testFraction: 1 });
  const left = await split.read(0, { area: 1 / 9, ratio: 1, x: 0, y: 0.5 });
  expect(planes(left)).toEqual([255, 0, 0]);
  const right = await split.read(0, { area: 1 / 9, ratio: 1, x: 1, y: 0.5 });
  expect(planes(right)).toEqual([0, 0, 255]);
});

test('orientation, transparency, grey and 16-bit images come out as plain RGB or grey bytes', async () => {
  const stripes = await paintStripes('stripes.png', 30, 10);
  await mkdir(join(dir, 'a'));
  await sharp(stripes).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toFile(join(dir, 'a/1-turned.jpg'));
  const half = {
    create: { width: 8, height: 8, channels: 4, background: { r: 200, g: 100, b: 50, alpha: 0.5 } },
  } as const;
  await sharp(half).png().toFile(join(dir, 'a/2-alpha.png'));
  await sharp(half).removeAlpha().toColourspace('b-w').png().toFile(join(dir, 'a/3-grey.png'));
  await sharp(half).removeAlpha().toColourspace('rgb16').png().toFile(join(dir, 'a/4-deep.png'));
  const options = { imageSize: 10, testFraction: 1 };
  const { test: split } = await openDataset(dir, options);
  const read = async (i: number) => planes(await split.read(i));
  const expectColor = (found: number[], expected: Color) => {
    for (const [c, value] of expected.entries()) expect(Math.abs(found[c]! - value)).toBeLessThanOrEqual(1);
  };
  expect((await read(0))[1]).toBeGreaterThan(230);
  expectColor(await read(1), [200, 100, 50]);
  const [r, g, b] = await read(2);
  expect([g, b]).toEqual([r, r]);
  expectColor(await read(3), [200, 100, 50]);
  const grey = await openDataset(dir, { ...options, channels: 1 });
  expect(await grey.test.read(2)).toHaveLength(100);
  // 0.299 x 200 + 0.587 x 100 + 0.114 x 50
  expect((await grey.test.read(1))[0]).toBe(124);
  expect((await grey.test.read(2))[0]).toBe(r);
});

test('streams augmented batches that repeat for a seed, whatever the concurrency', async () => {
  for (let i = 0; i < 12; i++) await paintStripes(`train/${i % 2 ? 'odd' : 'even'}/${i}.png`, 20 + i, 16);
  await paint('val/odd/1.png', red);
  await paint('val/even/1.png', red);
  const data = await openDataset(dir, { imageSize: 8 });
  const run = async (concurrency: number, start = 0) => {
    const result: Buffer[] = [];
    const options = { batchSize: 4, shuffle: true, seed: 3, augment: data.augment, concurrency, start };
    for await (const batch of batches(data.train, options)) result.push(Buffer.from(batch.images));
    return result;
  };
  const first = await run(1);
  expect(first).toHaveLength(3);
  expect(await run(4)).toEqual(first);
  expect(await run(2, 2)).toEqual(first.slice(2));
});

test('a file that does not decode is named, and skipped by batches', async () => {
  for (let i = 0; i < 4; i++) await paint(`val/a/${i}.jpg`, red);
  const whole = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  await writeFile(join(dir, 'val/a/1.jpg'), whole.subarray(0, whole.length >> 1));
  await writeFile(join(dir, 'val/a/2.jpg'), 'no image');
  const { test: split } = await openDataset(dir, { imageSize: 8 });
  await expect(split.read(1)).rejects.toMatchObject({ code: 'E_FORMAT', where: join(dir, 'val/a/1.jpg') });
  await expect(split.read(2)).rejects.toMatchObject({ code: 'E_FORMAT', where: join(dir, 'val/a/2.jpg') });
  await rm(join(dir, 'val/a/3.jpg'));
  await expect(split.read(3)).rejects.toMatchObject({ code: 'E_FILE', where: join(dir, 'val/a/3.jpg') });
  await paint('val/a/3.jpg', red);
  const warnings: string[] = [];
  for await (const batch of batches(split, { batchSize: 4, warn: (w) => warnings.push(w) })) {
    expect([...batch.indices]).toEqual([0, 3]);
  }
  expect(warnings).toHaveLength(2);
  expect(warnings.join()).toContain('1.jpg: expected an image that decodes, found: ');
});

test('a file that does not decode is reported although the statistics met it first', async () => {
  for (let i = 0; i < 3; i++) await paint(`train/a/${i}.jpg`, red);
  await paint('val/a/0.jpg', red);
  await writeFile(join(dir, 'train/a/1.jpg'), 'no image');
  const data = await openDataset(dir, { imageSize: 8 });
  const warnings: string[] = [];
  const warn = (line: string) => warnings.push(line);
  await statistics(data);
  const read = async () => {
    for await (const batch of batches(data.train, { batchSize: 3, shuffle: true, warn })) expect(batch.size).toBe(3);
  };
  await read();
  await read();
  expect(warnings).toEqual([expect.stringContaining('1.jpg: expected an image that decodes')]);
  const again = await openDataset(dir, { imageSize: 8 });
  await statistics(again, { warn });
  expect(warnings).toHaveLength(2);
});

test('a folder in the place of an image is no format', async () => {
  await paint('val/a/0.jpg', red);
  const { test: split } = await openDataset(dir, { imageSize: 8 });
  await rm(join(dir, 'val/a/0.jpg'));
  await mkdir(join(dir, 'val/a/0.jpg'));
  await expect(split.read(0)).rejects.toMatchObject({
    code: 'E_FILE',
    detail: 'expected a readable image, found a folder',
  });
});

test.each<[string, readonly string[], string]>([
  ['splits in capitals', ['Train/a', 'Train/b', 'Val/a', 'Val/b'], 'Train/, Val/'],
  ['a test split without classes', ['train/a', 'train/b', 'val'], 'val/'],
  ['other names of splits', ['training/a', 'valid/a'], 'training/, valid/'],
])('%s are no classes', async (_, folders, odd) => {
  for (const folder of folders) await paint(`${folder}/1.png`, red);
  await expect(openDataset(dir)).rejects.toMatchObject({
    code: 'E_DATA',
    detail: expect.stringMatching(`found ${odd}$`),
  });
});

test('classes that are called like splits stay classes; what is beside whole splits is ignored with a warning', async () => {
  for (const folder of ['test', 'Train', 'car'])
    for (const name of ['1', '2']) await paint(`${folder}/${name}.png`, red);
  expect((await openDataset(dir)).classes).toEqual(['Train', 'car', 'test']);
  await rm(dir, { recursive: true });
  for (const folder of ['train/a', 'val/a', 'test', 'extra']) await paint(`${folder}/1.png`, red);
  const warnings: string[] = [];
  const { classes, notes } = await openDataset(dir, { warn: (line) => warnings.push(line) });
  expect([classes, warnings]).toEqual([['a'], [expect.stringContaining('extra/, test/ beside the splits is ignored')]]);
  expect(notes).toContain(warnings[0]);
});
