import { expect, it } from 'vitest';
import { relativeError } from '../../test/evaluate.ts';
import { drawChange } from '../data/augment.ts';
import { type AugmentOptions, epochOrder, MemorySplit } from '../data/index.ts';
import { f32, Random, toNumbers } from '../ir/index.ts';
import { NetworkBuilder } from '../models/index.ts';
import { inferShapes } from '../passes/index.ts';
import { reestimate } from './reestimate.ts';

const [length, batchSize, size, seed] = [11, 4, 4, 5];
const channels = 3;
const plane = size * size;
const random = new Random(2);
// a channel that is dark in most images, so that the batches' means differ
const pixels = Uint8Array.from({ length: length * channels * plane }, (_, i) => {
  const [image, channel] = [Math.floor(i / (channels * plane)), Math.floor(i / plane) % channels];
  return channel === 1 && image % 3 > 0 ? random.int(20) : 20 * image + random.int(40);
});
const split = new MemorySplit('images', { channels, height: size, width: size }, pixels, new Int32Array(length), 2);
const normalisation = { mean: [100, 60, 90], std: [50, 40, 60] };

/** Batch norm, ReLU, batch norm, classifier, with scales and shifts that matter. */
function network() {
  const builder = new NetworkBuilder('norms', 1);
  const { graph, build } = builder;
  const x = builder.batchNorm('second', build.relu(builder.batchNorm('first', builder.input(channels, size))));
  builder.classifier(x, 2);
  graph.value('first_scale').constant = f32([channels], [2, -1, 0.5]);
  graph.value('first_shift').constant = f32([channels], [0.1, 0.2, -0.3]);
  return inferShapes(graph);
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: readonly number[]) => mean(values.map((v) => (v - mean(values)) ** 2));

/** Per batch and channel: the inputs of both batch norms, by hand. */
function activations(count: number): { first: number[]; second: number[] }[][] {
  const order = epochOrder(length, seed, 0, true);
  const [scale, shift] = [
    [2, -1, 0.5],
    [0.1, 0.2, -0.3],
  ];
  return Array.from({ length: count }, (_, step) =>
    Array.from({ length: channels }, (_, c) => {
      const chosen = [...order.subarray(step * batchSize, (step + 1) * batchSize)];
      const first = chosen.flatMap((image) =>
        Array.from({ length: plane }, (_, i) => {
          return (pixels[(image * channels + c) * plane + i]! - normalisation.mean[c]!) / normalisation.std[c]!;
        }),
      );
      const [m, s] = [mean(first), Math.sqrt(variance(first) + 1e-5)];
      return { first, second: first.map((v) => Math.max(0, (scale[c]! * (v - m)) / s + shift[c]!)) };
    }),
  );
}

it.each([1, 2])('measures mean and variance over the images of %i batches', async (count) => {
  const options = { batchSize, count, seed, normalisation, size };
  const found = await reestimate(network(), split, options);
  const batches = activations(count);
  expect([...found.keys()].sort()).toEqual(['first_mean', 'first_variance', 'second_mean', 'second_variance']);
  for (const norm of ['first', 'second'] as const) {
    const perChannel = Array.from({ length: channels }, (_, c) => batches.flatMap((batch) => batch[c]![norm]));
    expect(relativeError(toNumbers(found.get(`${norm}_mean`)!), perChannel.map(mean))).toBeLessThan(1e-5);
    expect(relativeError(toNumbers(found.get(`${norm}_variance`)!), perChannel.map(variance))).toBeLessThan(1e-5);
  }
});

it('sees images changed as in training', async () => {
  const white = new MemorySplit(
    'white',
    { channels, height: size, width: size },
    new Uint8Array(length * channels * plane).fill(255),
    new Int32Array(length),
    2,
  );
  const options = { batchSize, count: 2, seed, normalisation: { mean: [0, 0, 0], std: [255, 255, 255] }, size };
  const meanOf = async (augment?: AugmentOptions) => {
    const found = await reestimate(network(), white, { ...options, ...(augment && { augment }) });
    return toNumbers(found.get('first_mean')!)[0]!;
  };
  // by hand: of each shifted image, the share that is still white
  const images = epochOrder(length, seed, 0, true).subarray(0, 2 * batchSize);
  const shares = Array.from(images, (image) => {
    const { shiftX, shiftY } = drawChange({ crop: 2 }, seed, 0, image);
    return ((size - Math.abs(shiftX)) * (size - Math.abs(shiftY))) / plane;
  });
  expect(await meanOf()).toBeCloseTo(1, 6);
  expect(await meanOf({ crop: 2 })).toBeCloseTo(mean(shares), 6);
  expect(mean(shares)).toBeLessThan(0.9);
});

it('takes the batches that there are, each full', async () => {
  const options = { batchSize, seed, normalisation, size };
  const [two, all] = [
    await reestimate(network(), split, { ...options, count: 2 }),
    await reestimate(network(), split, { ...options, count: 99 }),
  ];
  expect(all).toEqual(two);
  const few = await reestimate(network(), split, { ...options, batchSize: 64, count: 1 });
  const every = Array.from({ length: channels }, (_, c) =>
    Array.from(pixels).filter((_, i) => Math.floor(i / plane) % channels === c),
  );
  const expected = every.map((v, c) => variance(v) / normalisation.std[c]! ** 2);
  expect(relativeError(toNumbers(few.get('first_variance')!), expected)).toBeLessThan(1e-5);
});

it('has nothing to do without batch norms', async () => {
  const builder = new NetworkBuilder('plain', 1);
  const graph = inferShapes(builder.classifier(builder.input(channels, size), 2));
  expect(await reestimate(graph, split, { batchSize, count: 1, seed, normalisation, size })).toEqual(new Map());
});
