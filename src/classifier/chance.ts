/** Whether a classifier knows more of the images than how frequent their classes are. */

import { wilsonInterval } from './statistics.ts';

/** The share of images of the most frequent class, 0..1: what always naming that class gets right. */
export function largestShare(labels: ArrayLike<number>): number {
  const counts = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) counts.set(labels[i]!, (counts.get(labels[i]!) ?? 0) + 1);
  return labels.length === 0 ? 0 : Math.max(...counts.values()) / labels.length;
}

/**
 * A line for an accuracy `top1` (0..1) on images with these labels whose 95 % interval reaches down to that of always naming
 * the most frequent class; undefined for a better one. Where it is above that all the same, there are too few images.
 */
export function chanceWarning(what: string, top1: number, labels: ArrayLike<number>): string | undefined {
  const images = labels.length;
  const chance = largestShare(labels);
  const right = Math.round(top1 * images);
  const [lower, upper] = wilsonInterval(right, images);
  if (images === 0 || lower > chance) return undefined;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const found = `${what} is right in ${right} of ${images} images, ${percent(top1)}`;
  const interval = `95 % interval ${(100 * lower).toFixed(1)}–${percent(upper)}`;
  const always = `always naming the most frequent class, which is right in ${percent(chance)}`;
  return right > chance * images
    ? `${found} (${interval}): too few to tell it from ${always}`
    : `${found} (${interval}): no more than ${always}`;
}
