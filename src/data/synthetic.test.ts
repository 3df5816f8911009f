import { expect, test } from 'vitest';
import { MemorySplit } from './memory.ts';
import { openDataset } from './open.ts';
import { statistics } from './statistics.ts';
import { holdOut, stratifiedSubset, subset } from './subset.ts';
import { synthetic } from './synthetic.ts';

test('is deterministic, balanced and different in its splits', async () => {
  const options = { classes: 3, channels: 1, height: 6, width: 5, train: 9, test: 6, seed: 4 } as const;
  const data = synthetic(options);
  expect(synthetic(options).train.pixels).toEqual(data.train.pixels);
  expect(synthetic({ ...options, seed: 5 }).train.pixels).not.toEqual(data.train.pixels);
  expect([...data.train.labels]).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
  expect(await data.train.read(0)).not.toEqual(await data.test.read(0));
  expect((await openDataset('synthetic', { imageSize: 6, channels: 1, classCount: 4 })).train.read(0)).toHaveLength(36);
});

test('is learnable: the nearest class mean of the training split recognises the test split', () => {
  const data = synthetic({ classes: 10, channels: 1, height: 16, width: 16, train: 300, test: 100, seed: 1 });
  const size = 256;
  const means = data.classes.map(() => new Float64Array(size));
  const { pixels, labels } = data.train;
  for (let i = 0; i < labels.length; i++) {
    for (let k = 0; k < size; k++) means[labels[i]!]![k]! += pixels![i * size + k]! / 30;
  }
  let right = 0;
  for (let i = 0; i < data.test.length; i++) {
    const image = data.test.pixels!.subarray(i * size, (i + 1) * size);
    const distances = means.map((mean) => mean.reduce((sum, m, k) => sum + (m - image[k]!) ** 2, 0));
    if (distances.indexOf(Math.min(...distances)) === data.test.labels[i]) right++;
  }
  expect(right).toBeGreaterThanOrEqual(95);
});

test('statistics are those of the definition, per channel, and are computed once', async () => {
  const data = synthetic({ classes: 2, height: 4, width: 3, train: 5, test: 0 });
  const { mean, std } = await statistics(data);
  for (let c = 0; c < 3; c++) {
    const values: number[] = [];
    for (let i = 0; i < 5; i++) values.push(...data.train.pixels!.subarray((i * 3 + c) * 12, (i * 3 + c + 1) * 12));
    const m = values.reduce((a, b) => a + b) / values.length;
    expect(mean[c]).toBeCloseTo(m, 9);
    expect(std[c]).toBeCloseTo(Math.sqrt(values.reduce((sum, v) => sum + (v - m) ** 2, 0) / values.length), 9);
  }
  expect(statistics(data)).toBe(statistics(data));
});

test('a subset has different images in order, the same ones for a seed', () => {
  const { train } = synthetic({ classes: 4, channels: 1, height: 2, width: 2, train: 40, test: 0 });
  const part = subset(train, 10, 3);
  expect(part.length).toBe(10);
  expect(part.pixels).toEqual(subset(train, 10, 3).pixels);
  expect(part.pixels).not.toEqual(subset(train, 10, 4).pixels);
  expect(subset(train, 40).pixels).toEqual(train.pixels);
  expect(() => subset(train, 41)).toThrow('subset: expected an integer in 0..40, found 41');
});

test('draws of each class in proportion, whatever the order of the images is', () => {
  const { test } = synthetic({ classes: 3, test: 60, height: 4, width: 4, train: 3 });
  // sorted by class as a folder is: 40 of class 0, 15 of class 1, 5 of class 2
  const labels = Int32Array.from({ length: 60 }, (_, i) => (i < 40 ? 0 : i < 55 ? 1 : 2));
  const sorted = new MemorySplit('sorted', test, test.pixels!, labels, 3);
  const counts = (count: number, seed?: number) => {
    const drawn = [...stratifiedSubset(sorted, count, seed).labels];
    return [0, 1, 2].map((label) => drawn.filter((l) => l === label).length);
  };
  expect(counts(12)).toEqual([8, 3, 1]);
  expect(counts(60)).toEqual([40, 15, 5]);
  for (const seed of [0, 1, 2, 3]) {
    const [first, second, third] = counts(30, seed) as [number, number, number];
    expect([first, Math.abs(second - 7.5), Math.abs(third - 2.5)]).toEqual([20, 0.5, 0.5]);
  }
  const pixels = (seed: number) => stratifiedSubset(sorted, 12, seed).pixels;
  expect(pixels(1)).toEqual(pixels(1));
  expect(pixels(1)).not.toEqual(pixels(2));
});

test('a part is held out of each class, and nothing is in both parts', () => {
  const { train } = synthetic({ classes: 3, channels: 1, height: 2, width: 2, train: 60, test: 3, seed: 4 });
  const { kept, heldOut } = holdOut(train, 0.2, 1);
  expect([kept.length, heldOut.length]).toEqual([48, 12]);
  expect([0, 1, 2].map((label) => heldOut.labels.filter((l) => l === label).length)).toEqual([4, 4, 4]);
  const key = (split: typeof train, i: number) => split.pixels!.subarray(4 * i, 4 * i + 4).join();
  const all = [...Array(48).keys()].map((i) => key(kept, i)).concat([...Array(12).keys()].map((i) => key(heldOut, i)));
  const whole = [...Array(60).keys()].map((i) => key(train, i));
  expect(all.sort()).toEqual(whole.sort());
  expect(holdOut(train, 0.2, 1).heldOut.pixels).toEqual(heldOut.pixels);
  expect(holdOut(train, 0.2, 2).heldOut.pixels).not.toEqual(heldOut.pixels);
  expect(() => holdOut(train, 1)).toThrow('validation: expected a share above 0 and below 1, found 1');
  expect(() => holdOut(train, 0.001)).toThrow('expected images on both sides of a validation split, found 0 of 60');
});
