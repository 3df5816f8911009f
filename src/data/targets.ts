/**
 * Soft targets: label smoothing (Szegedy et al., arXiv 1512.00567) and mixup (Zhang et al., arXiv 1710.09412). Mixup
 * pairs the rows of a shuffled batch from both ends, with one weight per batch, in place.
 */

import { Random } from '../ir/random.ts';

/** Writes one-hot rows smoothed to (1 - smoothing) + smoothing / K and smoothing / K; rows of label -1 become zero. */
export function writeTargets(target: Float32Array, labels: Int32Array, classCount: number, smoothing: number): void {
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!;
    const at = row * classCount;
    target.fill(label < 0 ? 0 : smoothing / classCount, at, at + classCount);
    if (label >= 0) target[at + label] = 1 - smoothing + smoothing / classCount;
  }
}

/** Mixup's weight for a batch, from Beta(alpha, alpha) in steps of 1/256: the numerator, 0..256. */
export function drawMixup(alpha: number, seed: number, epoch: number, step: number): number {
  return Math.round(256 * new Random(seed, 'mixup', epoch, step).beta(alpha));
}

/** Replaces rows i and rows - 1 - i by w/256 of themselves plus 1 - w/256 of the other, images and targets alike. */
export function mixRows(
  images: Uint8Array,
  imageBytes: number,
  targets: Float32Array,
  classCount: number,
  rows: number,
  weight: number,
): void {
  const other = 256 - weight;
  for (let i = 0, j = rows - 1; i < j; i++, j--) {
    for (let k = 0, p = i * imageBytes, q = j * imageBytes; k < imageBytes; k++, p++, q++) {
      const a = images[p]!;
      const b = images[q]!;
      images[p] = (a * weight + b * other + 128) >> 8;
      images[q] = (b * weight + a * other + 128) >> 8;
    }
    for (let k = 0, p = i * classCount, q = j * classCount; k < classCount; k++, p++, q++) {
      const a = targets[p]!;
      const b = targets[q]!;
      targets[p] = (a * weight + b * other) / 256;
      targets[q] = (b * weight + a * other) / 256;
    }
  }
}
