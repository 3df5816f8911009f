/** The loss whose gradients are measured. */

import type { Batch } from '../../data/index.ts';
import { Random, type Value } from '../../ir/index.ts';
import type { Builder } from '../../ops/index.ts';
import { type LossForm, lossForms } from '../../train/loss.ts';
import type { StatisticsOptions } from './options.ts';

type Labels = NonNullable<StatisticsOptions['labels']>;

/**
 * The sum over images of a function whose gradient has the second moments of the loss's gradient. `probe` is an input,
 * `[images, classes]`: with `data`, the labels as rows of zeros and a one. With `model`, random signs e: labels drawn from
 * the model's own probabilities p would give the gradient p - onehot(label) at the scores, with the second moments
 * F = diag(p) - p p'. The vector v = diag(r) e - p (r' e), r = sqrt(p), has E[v v'] = F too, and wastes no image on a label
 * that is almost certain. Of independent scores F = diag(p (1 - p)), and v = sqrt(p (1 - p)) e.
 */
export function emitLoss(
  b: Builder,
  scores: Value,
  probe: Value,
  labels: Labels,
  form: LossForm = lossForms.classes,
): Value {
  if (labels === 'data') return b.mul(form.crossEntropy(b, scores, probe), scores.dims[0]!);
  const direction = form === lossForms.independent ? independentDirection(b, scores, probe) : direct(b, scores, probe);
  // the marker hides from differentiation that the direction depends on the scores
  return b.reduceSum(b.mul(scores, b.straightThrough(probe, direction)), [0, 1]);
}

function direct(b: Builder, scores: Value, probe: Value): Value {
  const probabilities = lossForms.classes.probabilities(b, scores);
  const drawn = b.mul(b.sqrt(probabilities), probe);
  return b.sub(drawn, b.mul(probabilities, b.reduceSum(drawn, [1], true)));
}

function independentDirection(b: Builder, scores: Value, probe: Value): Value {
  const probabilities = lossForms.independent.probabilities(b, scores);
  return b.mul(b.sqrt(b.mul(probabilities, b.sub(1, probabilities))), probe);
}

/** The probe for a batch: rows of signs that depend on the seed and the image, or rows of labels. */
export function drawProbe({ indices, labels }: Batch, classes: number, kind: Labels, seed: number): Float32Array {
  const probe = new Float32Array(indices.length * classes);
  for (const [row, index] of indices.entries()) {
    const values = probe.subarray(row * classes, (row + 1) * classes);
    if (kind === 'data') values[labels[row]!] = 1;
    else drawSigns(values, new Random(seed, 'probe', index));
  }
  return probe;
}

function drawSigns(values: Float32Array, random: Random): void {
  let bits = 0;
  for (let k = 0; k < values.length; k++) {
    if (k % 32 === 0) bits = random.next();
    values[k] = (bits >>> (k % 32)) & 1 ? 1 : -1;
  }
}
