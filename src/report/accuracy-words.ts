/** Accuracies in words: a share with its interval, and what a change of it means. */

import type { PairedDifference } from '../classifier/paired.ts';
import { type Change, type Interval, wilsonInterval } from '../classifier/statistics.ts';
import type { RunResult } from '../train/records.ts';
import { formatSigned } from './format.ts';

/** `60.2–66.1`, in per cent. */
export function formatInterval(interval: Interval): string {
  return interval.every(Number.isFinite) ? interval.map((end) => (100 * end).toFixed(1)).join('–') : '–';
}

/** `63.20 % (60.2–66.1)`: with the 95 % interval, where it is known. */
export const printShare = (share: number, interval?: Interval): string =>
  `${(100 * share).toFixed(2)} %${interval ? ` (${formatInterval(interval)})` : ''}`;

/** `12 images gained, 31 lost: more than chance (McNemar, p = 0.005)`. */
export function printChange({ gained, lost, p, isMoreThanChance }: Change): string {
  const odds = p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`;
  const verdict = isMoreThanChance ? 'more than chance' : 'no more than chance';
  return `${gained} images gained, ${lost} lost: ${verdict} (McNemar, ${odds})`;
}

/** `+1.20 points (−0.7 to +3.1)`: of the top-1 accuracy, with its 95 % interval. */
export function printDifference({ difference, interval }: Pick<PairedDifference, 'difference' | 'interval'>): string {
  const [from, to] = interval.map((end) => formatSigned(100 * end, 1));
  return `${formatSigned(100 * difference)} points (${from} to ${to})`;
}

/** Of the top-1 accuracy of a run, whose confusion matrix counts its test images. */
export function intervalOf({ top1, confusion }: Pick<RunResult, 'top1' | 'confusion'>): Interval {
  const images = confusion.flat().reduce((sum, count) => sum + count, 0);
  return wilsonInterval(top1 * images, images);
}
