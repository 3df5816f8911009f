/** How long lists of gaps are, before there are weights. */

import { readCosts } from './coefficients.ts';

/** A gap reaches so many columns. */
const reach = 14;

/** Columns of the matrices that `gaps` of the costs were counted in. */
export const countedColumns = 448;

/** Gaps a weight in long rows, by the share of weights of one sign. */
function gapsPerWeight(share: number): number {
  const { gaps } = readCosts();
  const above = gaps.findIndex(([at]) => at >= share);
  if (above === 0) return gaps[0]![1];
  if (above < 0) return gaps.at(-1)![1];
  const [[a, low], [b, high]] = [gaps[above - 1]!, gaps[above]!];
  return low + ((share - a) / (b - a)) * (high - low);
}

/** Gaps of both signs of a matrix whose zeros lie anywhere: about those that a drawn one has. */
export function expectedGaps(rows: number, columns: number, nonZero: number): number {
  if (nonZero === 0) return 0;
  const rests = gapsPerWeight(nonZero / (2 * rows * columns)) - 1;
  // none is needed where nothing lies further apart than a gap reaches
  const long = Math.max(0, 1 - reach / columns) / (1 - reach / countedColumns);
  // the last gap of a list is often a filler
  return nonZero * (1 + rests * long) + rows;
}
