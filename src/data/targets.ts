/**
 * Soft targets: label smoothing (Szegedy et al., arXiv 1512.00567), mixup (Zhang et al., arXiv 1710.09412) and CutMix (Yun
 * et al., arXiv 1905.04899). The latter two pair the rows of a shuffled batch from both ends, with one weight or rectangle
 * per batch, in place.
 */

import { Random } from '../ir/random.ts';
import type { ImageShape, Rectangle } from './image.ts';

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
  }
  mixTargets(targets, classCount, rows, weight / 256);
}

/** Replaces the targets of rows i and rows - 1 - i by `share` of themselves plus 1 - `share` of the other's. */
function mixTargets(targets: Float32Array, classCount: number, rows: number, share: number): void {
  for (let i = 0, j = rows - 1; i < j; i++, j--) {
    for (let k = 0, p = i * classCount, q = j * classCount; k < classCount; k++, p++, q++) {
      const a = targets[p]!;
      const b = targets[q]!;
      targets[p] = a * share + b * (1 - share);
      targets[q] = b * share + a * (1 - share);
    }
  }
}

/**
 * CutMix's rectangle for a batch: of 1 - w of the area with w from Beta(alpha, alpha) and the shape of the image, its centre
 * anywhere, without what lies outside of the image. It may be empty.
 */
export function drawCutmix(
  alpha: number,
  { height, width }: Pick<ImageShape, 'height' | 'width'>,
  seed: number,
  epoch: number,
  step: number,
): Rectangle {
  const random = new Random(seed, 'cutmix', epoch, step);
  const side = Math.sqrt(1 - random.beta(alpha));
  const span = (size: number) => {
    const length = Math.round(size * side);
    const from = random.int(size) - (length >> 1);
    return [Math.max(0, from), Math.min(size, from + length)] as const;
  };
  const [top, bottom] = span(height);
  const [left, right] = span(width);
  return { left, top, width: right - left, height: bottom - top };
}

/** Whether a batch that may have both, mixup or CutMix, has CutMix: every other one, at random. */
export const drawsCutmix = (seed: number, epoch: number, step: number): boolean =>
  new Random(seed, 'mix', epoch, step).next() >= 2 ** 31;

/** Exchanges what rows i and rows - 1 - i have in `rectangle`, and the share of it in their targets. */
export function cutRows(
  images: Uint8Array,
  { channels, height, width }: ImageShape,
  targets: Float32Array,
  classCount: number,
  rows: number,
  rectangle: Rectangle,
): void {
  const bytes = channels * height * width;
  const right = rectangle.left + rectangle.width;
  for (let i = 0, j = rows - 1; i < j; i++, j--) {
    for (let c = 0; c < channels; c++) {
      for (let y = rectangle.top; y < rectangle.top + rectangle.height; y++) {
        const line = (c * height + y) * width;
        for (let x = line + rectangle.left; x < line + right; x++) {
          const kept = images[i * bytes + x]!;
          images[i * bytes + x] = images[j * bytes + x]!;
          images[j * bytes + x] = kept;
        }
      }
    }
  }
  mixTargets(targets, classCount, rows, 1 - (rectangle.width * rectangle.height) / (width * height));
}
