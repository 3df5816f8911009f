/**
 * A training step that is spread over ranks, each with a part of the batch: what the ranks exchange, as sums in the graph.
 *
 * Gradients are averaged in buckets of a few megabytes, in the order in which the backward pass makes them, so that one can
 * be on its way while the next is computed (Li et al., arXiv 2006.15704, section 3.2), where `cutStages` finds that it pays.
 * Loss, count of right answers and what
 * running averages follow are one more bucket, ready after the forward pass.
 */

import type { Communicator } from '../cluster/index.ts';
import { type Graph, i64, int, TritbankError, type Value } from '../ir/index.ts';
import type { Builder } from '../ops/index.ts';
import type { Recipe } from './config.ts';

export interface Spread {
  readonly ranks: number;
  /** Batch norms normalise by the batches of all ranks; else each by its own part. */
  readonly syncBatchNorm?: boolean;
  /** How gradients travel; default `float32`. */
  readonly bucketType?: Recipe['bucketType'];
  /** Most bytes of gradients in a bucket, unless one alone has more; default 4 MiB. */
  readonly bucketBytes?: number;
}

const usualBytes = 2 ** 22;

/**
 * Gradients are multiplied by this before they are rounded: half precision has 2^-24 to 65504, they have 1e-8 to 10. What
 * is larger than 63.97 counts as that.
 */
const halfScale = 1024;
const halfMost = 65504;

/** The images of a step that are each rank's. E_USAGE for a batch that cannot be divided. */
export function localBatch({ batchSize }: Pick<Recipe, 'batchSize'>, ranks: Communicator | undefined): number {
  if (!ranks) return batchSize;
  if (batchSize % ranks.size === 0) return batchSize / ranks.size;
  const expected = `expected a multiple of the ${ranks.size} ranks, since it counts the images of all of them`;
  throw new TritbankError('E_USAGE', '--batch-size', `${expected}, found ${batchSize}`);
}

/** Recipe and ranks as the step wants them; undefined for one process. */
export function spreadOf(
  { syncBatchNorm, bucketType }: Pick<Recipe, 'syncBatchNorm' | 'bucketType'>,
  ranks: Communicator | undefined,
): Spread | undefined {
  if (!ranks) return undefined;
  return { ranks: ranks.size, ...(syncBatchNorm && { syncBatchNorm }), ...(bucketType && { bucketType }) };
}

/** The vectors in turns, each turn at most `most` elements unless one alone has more. */
export function fillBuckets<T extends { readonly length: number }>(vectors: readonly T[], most: number): T[][] {
  const buckets: T[][] = [];
  let size = 0;
  for (const vector of vectors) {
    const bucket = buckets.at(-1);
    if (bucket && size + vector.length <= most) bucket.push(vector);
    else buckets.push([vector]);
    size = buckets.at(-1)!.length === 1 ? vector.length : size + vector.length;
  }
  return buckets;
}

/** The sum over ranks by way of half precision, whose sums cannot overflow. */
function halfSum(b: Builder, flat: Value, ranks: number): Value {
  const most = halfMost / ranks;
  const scaled = b.min(b.max(b.mul(flat, halfScale / ranks), -most), most);
  const sum = b.cast(b.allReduce(b.cast(scaled, 'float16')), 'float32');
  return b.mul(sum, ranks / halfScale);
}

/** Means over ranks of vectors, which travel as one. */
function exchange(b: Builder, vectors: readonly Value[], { ranks }: Spread, isHalf: boolean): Value[] {
  const flat = b.concat(vectors, 0);
  const mean = b.mul(isHalf ? halfSum(b, flat, ranks) : b.allReduce(flat), 1 / ranks);
  if (vectors.length === 1) return [mean];
  const sizes = b.constant('sizes', i64(vectors.map(({ dims }) => dims[0]!)));
  return b.node('Split', [mean, sizes], { axis: int(0) }, vectors.length).outputs.map((part) => part!);
}

/** The gradients, by what they are of, averaged over the ranks. All are vectors. */
export function averageGradients(
  graph: Graph,
  build: (prefix: string) => Builder,
  gradients: ReadonlyMap<Value, Value>,
  spread: Spread,
): Map<Value, Value> {
  const places = new Map(graph.nodes.map((node, i) => [node, i]));
  const placeOf = ([, gradient]: readonly [Value, Value]) => places.get(gradient.producer!) ?? 0;
  const made = [...gradients].sort((x, y) => placeOf(x) - placeOf(y));
  const isHalf = spread.bucketType === 'float16';
  const most = (spread.bucketBytes ?? usualBytes) / (isHalf ? 2 : 4);
  const vectors = made.map(([parameter, gradient]) => ({ parameter, gradient, length: gradient.dims[0]! }));
  const averaged = new Map<Value, Value>();
  for (const [i, bucket] of fillBuckets(vectors, most).entries()) {
    const values = bucket.map(({ gradient }) => gradient);
    const means = exchange(build(`bucket_${i}/`), values, spread, isHalf);
    for (const [k, { parameter }] of bucket.entries()) averaged.set(parameter, means[k]!);
  }
  // in the order of before, which that of the updates follows
  return new Map([...gradients.keys()].map((parameter) => [parameter, averaged.get(parameter)!]));
}

/** What is measured in a step: the loss averaged, the count added up, statistics averaged unless all ranks have the same. */
export function averageMeasures(
  b: Builder,
  {
    loss,
    correct,
    statistics,
  }: { readonly loss: Value; readonly correct: Value; readonly statistics: readonly Value[] },
  spread: Spread,
): { readonly loss: Value; readonly correct: Value; readonly statistics: readonly Value[] } {
  const own = spread.syncBatchNorm ? [] : statistics;
  const [meanLoss, meanCorrect, ...means] = exchange(
    b,
    [b.reshape(loss, [1]), b.reshape(correct, [1]), ...own],
    spread,
    false,
  );
  return {
    loss: b.reshape(meanLoss!, []),
    correct: b.reshape(b.mul(meanCorrect!, spread.ranks), []),
    statistics: spread.syncBatchNorm ? statistics : means,
  };
}
