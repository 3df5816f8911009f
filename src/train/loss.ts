/** Loss functions as subgraphs. Sums over classes, means over the batch; nats. */

import { int, type Value } from '../ir/index.ts';
import type { Builder } from '../ops/index.ts';

const logSoftmax = (b: Builder, x: Value) => b.op('LogSoftmax', [x], { axis: int(1) });

/** `-mean_n sum_k targets[n, k] log softmax(logits)[n, k]`; both `[B, K]`, rows of `targets` sum to 1. */
export function crossEntropy(b: Builder, logits: Value, targets: Value): Value {
  const batch = logits.dims[0]!;
  return b.mul(b.reduceSum(b.mul(targets, logSoftmax(b, logits)), [0, 1]), -1 / batch);
}

export interface Distillation {
  /** Weight of the teacher's part, in [0, 1]. */
  readonly weight: number;
  /** Softmax temperature T, above 0. */
  readonly temperature: number;
}

/**
 * `(1 - w) CE(targets) + w T^2 CE(softmax(teacher / T), student / T)` (Hinton et al., arXiv 1503.02531).
 * `teacher` are logits `[B, K]`; no gradient reaches them.
 */
export function distillationLoss(
  b: Builder,
  logits: Value,
  targets: Value,
  teacher: Value,
  { weight, temperature }: Distillation,
): Value {
  const soft = b.op('Softmax', [b.mul(teacher, 1 / temperature)], { axis: int(1) });
  const imitation = crossEntropy(b, b.mul(logits, 1 / temperature), soft);
  const truth = crossEntropy(b, logits, targets);
  return b.add(b.mul(truth, 1 - weight), b.mul(imitation, weight * temperature * temperature));
}

/** How many rows of `logits` have their largest value where `targets` have theirs; a float32 scalar. */
export function countCorrect(b: Builder, logits: Value, targets: Value): Value {
  const argmax = (x: Value) => b.op('ArgMax', [x], { axis: int(1), keepdims: int(0) });
  return b.reduceSum(b.cast(b.op('Equal', [argmax(logits), argmax(targets)]), 'float32'), [0]);
}
