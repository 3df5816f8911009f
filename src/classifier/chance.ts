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
 * the most frequent class; undefined for a better one.
 */
export function chanceWarning(what: string, top1: number, labels: ArrayLike<number>): string | undefined {
  const chance = largestShare(labels);
  const [lower] = wilsonInterval(top1 * labels.length, labels.length);
  if (labels.length === 0 || lower > chance) return undefined;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const always = `always naming the most frequent class gets ${percent(chance)} right`;
  return `${what} is right in ${percent(top1)} of ${labels.length} images, no more than chance: ${always}`;
}
