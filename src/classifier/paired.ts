/** Two evaluations of the same images, image by image: far surer of a difference than two accuracies with their intervals. */

import { TritbankError } from '../ir/index.ts';
import { type Change, differenceInterval, type Interval, testChange } from './statistics.ts';
import type { Evaluation } from './tally.ts';

/** What the second network's predictions are beside the first's. */
export interface PairedDifference extends Change {
  /** The second's top-1 accuracy less the first's, -1..1. */
  readonly difference: number;
  /** Its 95 % interval. */
  readonly interval: Interval;
  /** Share of the images with the same prediction. */
  readonly agreement: number;
}

type Predicted = Pick<Evaluation, 'labels' | 'predictions'>;

/**
 * Compares predictions of two networks on the same images in the same order, whatever sizes the networks read them in.
 * Throws E_DATA where the images or their labels differ.
 *
 * @example
 * import { compareEvaluations, evaluateModel } from 'tritbank';
 *
 * const before = await evaluateModel('mobilenet.onnx', { data: 'images' });
 * const after = await evaluateModel('small.onnx', { data: 'images' });
 * const { difference, interval, isMoreThanChance } = compareEvaluations(before, after);
 * console.log(difference, interval, isMoreThanChance);
 */
export function compareEvaluations(first: Predicted, second: Predicted): PairedDifference {
  const { labels } = first;
  const images = labels.length;
  if (images !== second.labels.length || labels.some((label, i) => label !== second.labels[i])) {
    const expected = `expected the same ${images} images, of classes that both networks number alike`;
    const found = images === second.labels.length ? 'other labels' : `${second.labels.length} images`;
    throw new TritbankError('E_DATA', 'evaluations', `${expected}, found ${found}`);
  }
  let [gained, lost, same] = [0, 0, 0];
  for (const [i, label] of labels.entries()) {
    const [before, after] = [first.predictions[i]!, second.predictions[i]!];
    if (before === after) same++;
    else if (after === label) gained++;
    else if (before === label) lost++;
  }
  return {
    ...testChange(gained, lost),
    difference: images > 0 ? (gained - lost) / images : 0,
    interval: differenceInterval({ gained, lost }, images),
    agreement: images > 0 ? same / images : 1,
  };
}
