/**
 * Sums over everything but the channel, for batch-norm statistics. Where a channel's elements are contiguous
 * (`[1, C, ...]`), a sum of products is one dot product per channel, `[C, 1, n] [C, n, 1]`: it reads both operands once
 * and writes nothing, several times faster than a product followed by a sum, or than ReduceSumSquare.
 */

import { elementCount, i64, int, type Value } from '../ir/index.ts';
import type { Builder } from './builder.ts';

const otherAxes = (x: Value) => x.shape.map((_, i) => i).filter((i) => i !== 1);

/** `sum_i x[c, i] y[c, i]` per channel, `[C]`. Both `[N, C, ...]` with fixed sizes. */
export function channelDot(b: Builder, x: Value, y: Value): Value {
  const dims = x.dims;
  const channels = dims[1]!;
  if (dims[0] !== 1) return b.reduceSum(b.mul(x, y), otherAxes(x));
  const rows = [channels, 1, elementCount(dims) / channels];
  const product = b.matmul(b.reshape(x, rows), b.transpose(b.reshape(y, rows), [0, 2, 1]));
  return b.reshape(product, [channels]);
}

/** Means over `ranks` ranks of vectors, exchanged as one; as they are where there is one rank. */
export function overRanks(b: Builder, vectors: readonly Value[], ranks: number): readonly Value[] {
  if (ranks === 1) return vectors;
  const sizes = b.constant('sizes', i64(vectors.map(({ dims }) => dims[0]!)));
  const mean = b.mul(b.allReduce(b.concat(vectors, 0)), 1 / ranks);
  return b.node('Split', [mean, sizes], { axis: int(0) }, vectors.length).outputs.map((part) => part!);
}

/**
 * Mean and biased variance per channel, both `[C]`, as E[x] and E[x^2] - E[x]^2. The difference loses float32 digits
 * where |mean| is hundreds of times the deviation, which a convolution's output in front of a batch norm is not. With
 * several `ranks`, of the batches of all of them.
 */
export function batchStatistics(b: Builder, x: Value, ranks = 1): { mean: Value; variance: Value } {
  const count = elementCount(x.dims) / x.dims[1]!;
  const own = [b.reduceMean(x, otherAxes(x)), b.mul(channelDot(b, x, x), 1 / count)];
  const [mean, square] = overRanks(b, own, ranks) as [Value, Value];
  return { mean, variance: b.max(b.sub(square, b.mul(mean, mean)), 0) };
}
