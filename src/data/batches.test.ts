import { expect, test } from 'vitest';
import { TritbankError } from '../ir/errors.ts';
import { type Batch, type BatchOptions, batches, stepCount } from './batches.ts';
import type { Split } from './dataset.ts';
import { failureCount } from './failures.ts';
import { MemorySplit } from './memory.ts';
import { synthetic } from './synthetic.ts';

const copy = (b: Batch) => ({
  step: b.step,
  size: b.size,
  images: b.images.slice(),
  labels: [...b.labels],
  indices: [...b.indices],
  targets: b.targets?.slice(),
});

async function collect(split: Split, options: BatchOptions) {
  const result: ReturnType<typeof copy>[] = [];
  for await (const batch of batches(split, options)) result.push(copy(batch));
  return result;
}

/** A 2 x 2 grey split in memory whose image i has the pixels 4i .. 4i + 3. */
function counting(length: number, classCount = 3): MemorySplit {
  const pixels = Uint8Array.from({ length: 4 * length }, (_, i) => i);
  const labels = Int32Array.from({ length }, (_, i) => i % classCount);
  return new MemorySplit('counting', { channels: 1, height: 2, width: 2 }, pixels, labels, classCount);
}

/** The same images behind an asynchronous `read`, as a folder has them; the indices in `bad` do not decode. */
function asynchronous(length: number, bad: readonly number[] = [], onRead?: (begun: boolean) => void): Split {
  const inner = counting(length);
  const { channels, height, width, labels, classCount } = inner;
  return {
    channels,
    height,
    width,
    labels,
    classCount,
    length,
    describe: (index) => `image ${index}`,
    async read(index, window) {
      onRead?.(true);
      // Later images are ready earlier.
      for (let i = 0; i < 7 - (index % 7); i++) await new Promise((resolve) => setImmediate(resolve));
      onRead?.(false);
      if (bad.includes(index)) throw new TritbankError('E_FORMAT', `image ${index}`, 'expected an image, found none');
      return inner.read(index, window);
    },
  };
}

const all = { crop: 2, flip: true, resizedCrop: true } as const;
const data = synthetic({ classes: 4, channels: 3, height: 12, width: 10, train: 50, test: 7, seed: 3 });

test('without shuffling, the split comes in its order, the last batch smaller', async () => {
  const result = await collect(counting(5), { batchSize: 2 });
  expect(result.map((b) => b.indices)).toEqual([[0, 1], [2, 3], [4]]);
  expect(result.map((b) => b.labels)).toEqual([[0, 1], [2, 0], [1]]);
  expect(result.map((b) => [...b.images])).toEqual([
    [0, 1, 2, 3, 4, 5, 6, 7],
    [8, 9, 10, 11, 12, 13, 14, 15],
    [16, 17, 18, 19],
  ]);
});

test('the last batch can be dropped or padded', async () => {
  const dropped = await collect(counting(5), { batchSize: 2, dropLast: true });
  expect(dropped.map((b) => b.size)).toEqual([2, 2]);
  expect(stepCount(counting(5), { batchSize: 2, dropLast: true })).toBe(2);
  expect(stepCount(counting(5), { batchSize: 2 })).toBe(3);
  const padded = await collect(counting(5), { batchSize: 3, pad: true, smoothing: 0.3 });
  const last = padded.at(-1)!;
  expect(last).toMatchObject({ size: 2, labels: [0, 1, -1], indices: [3, 4, -1] });
  expect([...last.images.subarray(8)]).toEqual([0, 0, 0, 0]);
  expect([...last.targets!.subarray(6)]).toEqual([0, 0, 0]);
});

test('every epoch visits each sample once, in another order', async () => {
  const orders = await Promise.all(
    [0, 1].map(async (epoch) => {
      const result = await collect(data.train, { batchSize: 8, shuffle: true, seed: 1, epoch });
      return result.flatMap((b) => b.indices);
    }),
  );
  const sorted = Array.from({ length: 50 }, (_, i) => i);
  for (const order of orders) expect([...order].sort((a, b) => a - b)).toEqual(sorted);
  expect(orders[0]).not.toEqual(orders[1]);
  expect(orders[0]).not.toEqual(sorted);
});

test('a seed repeats everything; seed and epoch change the augmentation', async () => {
  const options = { batchSize: 16, shuffle: true, seed: 5, epoch: 2, augment: all, mixup: 0.4, smoothing: 0.1 };
  const first = await collect(data.train, options);
  expect(await collect(data.train, options)).toEqual(first);
  const fixed = { ...options, shuffle: false, mixup: 0 };
  const one = await collect(data.train, fixed);
  expect((await collect(data.train, { ...fixed, seed: 6 }))[0]!.images).not.toEqual(one[0]!.images);
  expect((await collect(data.train, { ...fixed, epoch: 3 }))[0]!.images).not.toEqual(one[0]!.images);
});

test('going on at a step gives what the whole epoch gives from there', async () => {
  const options = { batchSize: 7, shuffle: true, seed: 5, epoch: 1, augment: all, mixup: 0.4 };
  const whole = await collect(data.train, options);
  expect(await collect(data.train, { ...options, start: 3 })).toEqual(whole.slice(3));
  expect(await collect(data.train, { ...options, start: 99 })).toEqual([]);
});

test('augmentation of a sample does not depend on its batch', async () => {
  const options = { seed: 5, augment: all };
  const large = await collect(data.train, { ...options, batchSize: 50 });
  const small = await collect(data.train, { ...options, batchSize: 1 });
  expect(Buffer.concat(small.map((b) => b.images))).toEqual(Buffer.from(large[0]!.images));
});

test('a crop is a shift by at most its padding, a flip is a mirror image', async () => {
  const split = counting(60);
  const shifts = new Set<string>();
  for (const b of await collect(split, { batchSize: 1, augment: { crop: 1 } })) {
    const [a, , , d] = b.images;
    const i = b.indices[0]!;
    const all = [...b.images];
    const source = [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3];
    const candidates: number[][] = [];
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        candidates.push(
          [0, 1, 2, 3].map((k) => {
            const y = (k >> 1) - dy;
            const x = (k & 1) - dx;
            return y >= 0 && y < 2 && x >= 0 && x < 2 ? source[2 * y + x]! : 0;
          }),
        );
      }
    }
    expect(candidates).toContainEqual(all);
    shifts.add(`${a === source[0]} ${d === source[3]} ${all.indexOf(source[0]!)} ${all.indexOf(source[3]!)}`);
  }
  expect(shifts.size).toBeGreaterThanOrEqual(7);
  let flipped = 0;
  for (const b of await collect(split, { batchSize: 1, augment: { flip: true } })) {
    const i = 4 * b.indices[0]!;
    if (b.images[0] === i) expect([...b.images]).toEqual([i, i + 1, i + 2, i + 3]);
    else {
      expect([...b.images]).toEqual([i + 1, i, i + 3, i + 2]);
      flipped++;
    }
  }
  expect(flipped).toBeGreaterThan(15);
  expect(flipped).toBeLessThan(45);
});

test('a crop is padded as asked for, with the same shifts', async () => {
  const white = counting(60);
  const crops = async (padding: 'zero' | 'reflect') =>
    (await collect(white, { batchSize: 1, augment: { crop: 1, padding } })).map((b) => [...b.images]);
  const [zero, reflect] = [await crops('zero'), await crops('reflect')];
  let padded = 0;
  for (const [i, pixels] of zero.entries()) {
    // image 0 has a black pixel of its own
    if (i > 0) padded += pixels.filter((v) => v === 0).length;
    for (const [k, v] of pixels.entries()) if (v > 0) expect(reflect[i]![k]).toBe(v);
    if (i > 0) expect(reflect[i]).not.toContain(0);
  }
  expect(padded).toBeGreaterThan(30);
});

test('size fills up with zeros or cuts the centre', async () => {
  const [larger] = await collect(counting(1), { batchSize: 1, size: 4 });
  expect([...larger!.images]).toEqual([0, 0, 0, 0, 0, 0, 1, 0, 0, 2, 3, 0, 0, 0, 0, 0]);
  const [smaller] = await collect(data.train, { batchSize: 1, size: 6 });
  expect(smaller!.images).toHaveLength(3 * 36);
  expect(smaller!.images[0]).toBe(data.train.pixels![3 * 10 + 2]);
});

test('smoothing and mixup give distributions, and mixup blends the images by the same weight', async () => {
  const split = counting(8);
  const [smooth] = await collect(split, { batchSize: 8, smoothing: 0.3 });
  expect([...smooth!.targets!.subarray(0, 3)].map((v) => v.toFixed(4))).toEqual(['0.8000', '0.1000', '0.1000']);
  const [plain] = await collect(split, { batchSize: 8 });
  expect(plain!.targets).toBeUndefined();
  const [mixed] = await collect(split, { batchSize: 8, mixup: 1, seed: 2 });
  const weight = mixed!.targets![0]!; // row 0 has class 0, its partner, row 7, class 1
  expect(weight).toBeGreaterThan(0);
  expect(weight).toBeLessThan(1);
  expect(mixed!.targets![1]).toBeCloseTo(1 - weight, 6);
  for (let row = 0; row < 8; row++) {
    expect(mixed!.targets!.subarray(3 * row, 3 * row + 3).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    for (let k = 0; k < 4; k++) {
      const expected = weight * (4 * row + k) + (1 - weight) * (4 * (7 - row) + k);
      expect(Math.abs(mixed!.images[4 * row + k]! - expected)).toBeLessThanOrEqual(0.5 + 1e-6);
    }
  }
});

/** The batch of eight images of four bytes, in which pairs have exchanged a rectangle. */
const expectCut = ({
  images,
  targets,
}: {
  readonly images: Uint8Array;
  readonly targets: Float32Array | undefined;
}) => {
  for (let row = 0; row < 8; row++) {
    const bytes = Array.from({ length: 4 }, (_, k) => images[4 * row + k]! - k);
    const own = bytes.filter((v) => v === 4 * row).length;
    expect(own + bytes.filter((v) => v === 4 * (7 - row)).length).toBe(4);
    const [label, other] = [row % 3, (7 - row) % 3];
    expect(targets![3 * row + label]).toBeCloseTo(label === other ? 1 : own / 4, 6);
    expect(targets!.subarray(3 * row, 3 * row + 3).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  }
  return images.subarray(0, 4).some((v) => v >= 28);
};

test('CutMix exchanges a rectangle, and its share of the targets; with mixup, a batch has one or the other', async () => {
  const split = counting(8);
  const of = async (seed: number, mixup: number) =>
    (await collect(split, { batchSize: 8, cutmix: 1, mixup, seed }))[0]!;
  const seeds = Array.from({ length: 20 }, (_, i) => i);
  const cut = await Promise.all(seeds.map(async (seed) => expectCut(await of(seed, 0))));
  expect(cut.filter(Boolean).length).toBeGreaterThan(5);
  const same = await Promise.all(
    seeds.map(async (seed) => {
      const [both, plain] = [await of(seed, 1), await of(seed, 0)];
      const [mixed] = await collect(split, { batchSize: 8, mixup: 1, seed });
      const [isCut, isMixed] = [plain, mixed!].map((one) => one.images.every((v, i) => v === both.images[i]));
      expect(isCut || isMixed).toBe(true);
      return isCut;
    }),
  );
  expect(new Set(same).size).toBe(2);
});

test('splits on disk give the same batches as splits in memory', async () => {
  const options = { batchSize: 4, shuffle: true, seed: 8, augment: all, mixup: 0.3 };
  expect(await collect(asynchronous(30), options)).toEqual(await collect(counting(30), options));
});

test('memory and concurrency are bounded, and the buffers of two batches stay valid', async () => {
  let running = 0;
  let most = 0;
  let total = 0;
  const split = asynchronous(60, [], (begun) => {
    running += begun ? 1 : -1;
    total += begun ? 1 : 0;
    most = Math.max(most, running);
  });
  const buffers = new Set<ArrayBufferLike>();
  let previous: { batch: Batch; copy: ReturnType<typeof copy> } | undefined;
  for await (const batch of batches(split, { batchSize: 5, prefetch: 3, concurrency: 4 })) {
    buffers.add(batch.images.buffer);
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(total).toBeLessThanOrEqual((batch.step + 4) * 5);
    if (previous) expect(copy(previous.batch)).toEqual(previous.copy);
    previous = { batch, copy: copy(batch) };
  }
  expect(total).toBe(60);
  expect(most).toBe(4);
  expect(buffers.size).toBe(5);
});

test('leaving the loop stops reading', async () => {
  let total = 0;
  const split = asynchronous(60, [], (begun) => {
    total += begun ? 1 : 0;
  });
  for await (const batch of batches(split, { batchSize: 2, concurrency: 2, prefetch: 2 })) {
    if (batch.step === 1) break;
  }
  const after = total;
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(total).toBe(after);
  expect(total).toBeLessThanOrEqual(10);
});

test('training replaces a bad image by the next of its batch and names it once', async () => {
  const warnings: string[] = [];
  const split = asynchronous(12, [5]);
  const options = { batchSize: 4, shuffle: true, seed: 1, warn: (w: string) => warnings.push(w) };
  const good = await collect(counting(12), options);
  const result = await collect(split, options);
  for (const [step, batch] of result.entries()) {
    const order = good[step]!.indices;
    const expected = order.map((index, row) => (index === 5 ? order[(row + 1) % 4]! : index));
    expect(batch.size).toBe(4);
    expect(batch.indices).toEqual(expected);
    expect(batch.labels).toEqual(expected.map((i) => i % 3));
    expect([...batch.images]).toEqual(expected.flatMap((i) => [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3]));
  }
  await collect(split, options);
  expect(warnings).toEqual(['image 5: expected an image, found none; skipped (1 so far)']);
  expect(failureCount(split)).toBe(1);
});

test('evaluation leaves a bad image out', async () => {
  const result = await collect(asynchronous(6, [1]), { batchSize: 3, pad: true });
  expect(result[0]).toMatchObject({ size: 2, labels: [0, 2, -1], indices: [0, 2, -1] });
  expect([...result[0]!.images]).toEqual([0, 1, 2, 3, 8, 9, 10, 11, 0, 0, 0, 0]);
  const [unpadded] = await collect(asynchronous(6, [1]), { batchSize: 3 });
  expect(unpadded!.images).toHaveLength(8);
});

test('three bad images and more than 1 % are an error, as is a batch without a good one', async () => {
  const tooMany = collect(asynchronous(30, [3, 11, 20]), { batchSize: 10, shuffle: true });
  await expect(tooMany).rejects.toMatchObject({
    code: 'E_DATA',
    detail: expect.stringContaining('at most 1 % of images that do not decode, found 3 of 30'),
  });
  await expect(collect(asynchronous(4, [0, 1]), { batchSize: 2 })).rejects.toMatchObject({ code: 'E_DATA' });
});

test('a fault of the program is not taken for a bad image', async () => {
  const split = { ...asynchronous(4), read: () => Promise.reject(new Error('internal: broken')) };
  await expect(collect(split, { batchSize: 2 })).rejects.toThrow('internal: broken');
});

test('options out of range are E_USAGE at once', () => {
  const open = (options: Partial<BatchOptions>) => () => batches(data.train, { batchSize: 4, ...options });
  expect(open({ batchSize: 0 })).toThrow('batchSize: expected an integer of at least 1, found 0');
  expect(open({ start: -1 })).toThrow(TritbankError);
  expect(open({ mixup: 5 })).toThrow('mixup: expected a number in 0..4, found 5');
  expect(open({ smoothing: 1 })).toThrow(TritbankError);
  expect(open({ seed: 0.5 })).toThrow(TritbankError);
});
