/**
 * What a layer may become, as the analysis of a network hands it to the planner: which filters stay in full precision,
 * how many hidden units the others share, and how much that is predicted to hurt. Losses add up over layers, which is
 * all that the planner knows of them.
 */

import { TritbankError } from '../../ir/index.ts';
import type { LayerPlan } from '../../quantize/index.ts';

export interface Candidate {
  /** Indices of the filters kept in full precision, ascending. All of them: the layer stays as it is. */
  readonly fullPrecision: readonly number[];
  /** Hidden units r of the strassenified part; 0 where all filters stay in full precision. */
  readonly hidden: number;
  /** Predicted increase of the network's loss, at least 0. */
  readonly loss: number;
  /** Predicted non-zero weights of Wb and Wc together, for the count that skips zeros. */
  readonly nonZero?: number;
  /** Of the decomposition, as in `DecomposeOptions`; default 0. */
  readonly sparsity?: number;
}

export interface LayerCandidates {
  /** Name of the layer. */
  readonly name: string;
  /** At least one. */
  readonly candidates: readonly Candidate[];
}

/** The sizes of a bank, which is all that its costs depend on. */
export type Bank = Pick<Candidate, 'fullPrecision' | 'hidden'>;

/** The plan of a layer of `filters` filters; its full-precision filters have to come first. */
export function toLayerPlan({ fullPrecision, hidden }: Bank, filters: number): Exclude<LayerPlan, { method: 'twn' }> {
  if (fullPrecision.length === filters) return { method: 'fp' };
  const method = fullPrecision.length > 0 ? 'hybrid' : 'strassen';
  return { method, fullPrecision: fullPrecision.length, hidden };
}

/** True for integers that ascend from 0 or more to less than `end`. */
export function isAscending(indices: readonly number[], end: number): boolean {
  return indices.every((index, i) => Number.isInteger(index) && index > (indices[i - 1] ?? -1) && index < end);
}

/** E_USAGE for a candidate that a layer of `filters` filters cannot become. `where` names the candidate. */
export function checkCandidate({ fullPrecision, hidden, loss }: Candidate, filters: number, where: string): void {
  const check = (good: boolean, expected: string, found: unknown) => {
    if (!good) throw new TritbankError('E_USAGE', where, `expected ${expected}, found ${found}`);
  };
  const range = `filters from 0 to ${filters - 1} in ascending order`;
  check(isAscending(fullPrecision, filters), range, `[${fullPrecision.join(', ')}]`);
  const isWhole = fullPrecision.length === filters;
  check(!isWhole || hidden === 0, 'no hidden units where all filters are full-precision', hidden);
  check(isWhole || (Number.isInteger(hidden) && hidden >= 1), 'a whole number of hidden units of at least 1', hidden);
  check(Number.isFinite(loss) && loss >= 0, 'a predicted loss of at least 0', loss);
}
