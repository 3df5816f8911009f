/**
 * Mean and standard deviation of each channel over the training split, for the normalisation inside the graph. Exact
 * (counted by value) for splits in memory; from up to 2,000 images, drawn by a fixed seed, for folders.
 */

import { TritbankError } from '../ir/errors.ts';
import type { Dataset, Split } from './dataset.ts';
import { isBadImage, recordFailure } from './failures.ts';
import { Limiter } from './prefetch.ts';
import { sampleIndices } from './subset.ts';

export interface Statistics {
  /** Per channel, 0..255. */
  readonly mean: readonly number[];
  /** Per channel, population standard deviation in the units of 0..255; at least 1 so that it can divide. */
  readonly std: readonly number[];
}

interface StatisticsOptions {
  /** Receives one line per image that does not decode. */
  readonly warn?: (message: string) => void;
}

const sampled = 2000;
const cache = new WeakMap<Split, Promise<Statistics>>();

/**
 * The statistics of the training split, or of the test split where there is no training split, per channel in units of
 * 0..255. Computed once. E_DATA for a data set without images that decode.
 *
 * @example
 * import { openDataset, statistics } from 'tritbank';
 *
 * const { mean, std } = await statistics(await openDataset('images'));
 * const normalised = (pixel: number, channel: number) => (pixel - mean[channel]!) / std[channel]!;
 */
export function statistics(dataset: Dataset, { warn }: StatisticsOptions = {}): Promise<Statistics> {
  if (dataset.statistics) return Promise.resolve(dataset.statistics);
  const split = dataset.train.length > 0 ? dataset.train : dataset.test;
  if (split.length === 0) throw new TritbankError('E_DATA', dataset.name, 'expected images, found none');
  let result = cache.get(split);
  if (!result) {
    result = measure(split, warn);
    result.catch(() => cache.delete(split));
    cache.set(split, result);
  }
  return result;
}

async function measure(split: Split, warn: StatisticsOptions['warn']): Promise<Statistics> {
  const plane = split.height * split.width;
  const counts = Array.from({ length: split.channels }, () => new Float64Array(256));
  const add = (pixels: Uint8Array) => {
    for (let at = 0, channel = 0; at < pixels.length; at += plane, channel = (channel + 1) % split.channels) {
      const histogram = counts[channel]!;
      for (let i = at; i < at + plane; i++) histogram[pixels[i]!]!++;
    }
  };
  if (split.pixels) add(split.pixels);
  else {
    const limiter = new Limiter(4);
    const readOne = async (index: number) => {
      try {
        add(await split.read(index));
      } catch (error) {
        if (!isBadImage(error)) throw error;
        recordFailure(split, index, error, warn);
      }
    };
    try {
      const indices = sampleIndices(split.length, Math.min(sampled, split.length), 0);
      await Promise.all(Array.from(indices, (index) => limiter.run(() => readOne(index))));
    } finally {
      limiter.stop();
    }
  }
  if (counts[0]!.every((n) => n === 0)) {
    throw new TritbankError('E_DATA', split.describe(0), 'expected images that decode, found none');
  }
  const moments = counts.map(momentsOf);
  return { mean: moments.map((m) => m.mean), std: moments.map((m) => m.std) };
}

function momentsOf(histogram: Float64Array): { mean: number; std: number } {
  const total = histogram.reduce((sum, n) => sum + n, 0);
  const mean = histogram.reduce((sum, n, value) => sum + n * value, 0) / total;
  const variance = histogram.reduce((sum, n, value) => sum + n * (value - mean) ** 2, 0) / total;
  return { mean, std: Math.max(1, Math.sqrt(variance)) };
}
