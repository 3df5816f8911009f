/** Loss functions as subgraphs. Sums over classes, means over the batch; nats. */

import type { ScoreKind } from '../classifier/index.ts';
import { int, type Value } from '../ir/index.ts';
import type { Builder } from '../ops/index.ts';

const logSoftmax = (b: Builder, x: Value) => b.op('LogSoftmax', [x], { axis: int(1) });

/** `-mean_n sum_k targets[n, k] log softmax(logits)[n, k]`; both `[B, K]`, rows of `targets` sum to 1. */
export function crossEntropy(b: Builder, logits: Value, targets: Value): Value {
  const batch = logits.dims[0]!;
  return b.mul(b.reduceSum(b.mul(targets, logSoftmax(b, logits)), [0, 1]), -1 / batch);
}

/**
 * Of independent scores, sigmoids of `logits`: `mean_n sum_k [softplus(z) - t z]`, the binary cross-entropy of each class;
 * both `[B, K]`, targets in 0..1.
 */
export function binaryCrossEntropy(b: Builder, logits: Value, targets: Value): Value {
  const batch = logits.dims[0]!;
  const each = b.sub(b.op('Softplus', [logits]), b.mul(targets, logits));
  return b.mul(b.reduceSum(each, [0, 1]), 1 / batch);
}

/** How logits `[B, K]` become probabilities, and the loss of these. */
export interface LossForm {
  readonly crossEntropy: (b: Builder, logits: Value, targets: Value) => Value;
  readonly probabilities: (b: Builder, logits: Value) => Value;
}

export const lossForms: { readonly [K in 'classes' | 'independent']: LossForm } = {
  classes: { crossEntropy, probabilities: (b, logits) => b.op('Softmax', [logits], { axis: int(1) }) },
  independent: { crossEntropy: binaryCrossEntropy, probabilities: (b, logits) => b.op('Sigmoid', [logits]) },
};

/** The form for scores of this kind. */
export const lossFormOf = (kind: ScoreKind): LossForm =>
  kind === 'independent' ? lossForms.independent : lossForms.classes;

export const distillationKinds = ['kd', 'dist'] as const;

export interface Distillation {
  /** `kd` (default): the teacher's probabilities as soft targets; `dist`: their correlations, see `distLoss`. */
  readonly kind?: (typeof distillationKinds)[number];
  /** Weight of the teacher's part, in [0, 1]. */
  readonly weight: number;
  /** Softmax temperature T, above 0. */
  readonly temperature: number;
  /** The teacher sees every other batch mirrored left to right, see `loadTeacher`. Default false. */
  readonly mirror?: boolean;
}

/**
 * `(1 - w) CE(targets) + w T^2 I`, where I measures how far the student's softmax at temperature T is from the
 * teacher's: their cross-entropy (Hinton et al., arXiv 1503.02531), or `distLoss`.
 * `teacher` are logits `[B, K]`; no gradient reaches them. Of independent scores, sigmoids take the softmax's place.
 */
export function distillationLoss(
  b: Builder,
  logits: Value,
  targets: Value,
  teacher: Value,
  { kind = 'kd', weight, temperature }: Distillation,
  form: LossForm = lossForms.classes,
): Value {
  const soften = (x: Value) => b.mul(x, 1 / temperature);
  const probabilities = (x: Value) => form.probabilities(b, soften(x));
  const imitation =
    kind === 'kd'
      ? form.crossEntropy(b, soften(logits), probabilities(teacher))
      : distLoss(b, probabilities(logits), probabilities(teacher));
  const truth = form.crossEntropy(b, logits, targets);
  return b.add(b.mul(truth, 1 - weight), b.mul(imitation, weight * temperature * temperature));
}

/** Added to sums of squares: rows and columns of next to no variation are not amplified, and the root is smooth. */
const squareFloor = 1e-8;

/** The mean over rows (axis 1) or columns (axis 0) of Pearson's correlation of two matrices. */
function meanCorrelation(b: Builder, x: Value, y: Value, axis: 0 | 1): Value {
  const centred = (v: Value) => b.sub(v, b.reduceMean(v, [axis], true));
  const [p, q] = [centred(x), centred(y)];
  const norm = (v: Value) => b.sqrt(b.add(b.reduceSum(b.mul(v, v), [axis]), squareFloor));
  const correlation = b.div(b.reduceSum(b.mul(p, q), [axis]), b.mul(norm(p), norm(q)));
  return b.reduceMean(correlation, [0]);
}

/**
 * DIST (Huang et al., arXiv 2205.10536, equations 8 to 10, both weights 1): of probabilities `[B, K]`, 1 - correlation
 * over the classes of an image, averaged over images, plus 1 - correlation over the images of a class, averaged over
 * classes. It asks for the teacher's preferences, not for its confidence, which a weaker student does not reach.
 */
export function distLoss(b: Builder, student: Value, teacher: Value): Value {
  const [between, within] = [meanCorrelation(b, student, teacher, 1), meanCorrelation(b, student, teacher, 0)];
  return b.sub(2, b.add(between, within));
}

/** How many rows of `logits` have their largest value where `targets` have theirs; a float32 scalar. */
export function countCorrect(b: Builder, logits: Value, targets: Value): Value {
  const argmax = (x: Value) => b.op('ArgMax', [x], { axis: int(1), keepdims: int(0) });
  return b.reduceSum(b.cast(b.op('Equal', [argmax(logits), argmax(targets)]), 'float32'), [0]);
}
