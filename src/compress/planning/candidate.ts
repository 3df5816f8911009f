/**
 * What a layer may become, as the analysis of a network hands it to the planner: its plan, and how much that is predicted
 * to hurt. Losses add up over layers, which is all that the planner knows of them.
 */

import { TritbankError } from '../../ir/index.ts';
import { faultOf, isBank, type LayerPlan } from '../../quantize/index.ts';

export interface Candidate {
  /** The layer as it is, perhaps in few bits, or a bank. */
  readonly plan: LayerPlan;
  /** Predicted increase of the network's loss, at least 0. */
  readonly loss: number;
  /** Predicted non-zero weights of Wb and Wc together, for the count that skips zeros; none for the layer as it is. */
  readonly nonZero?: number;
}

export interface LayerCandidates {
  /** Name of the layer. */
  readonly name: string;
  /** At least one. */
  readonly candidates: readonly Candidate[];
}

/** The layer as it is. */
export const untouched: Candidate = { plan: { method: 'fp' }, loss: 0 };

/** E_USAGE for a candidate that a layer of `filters` filters cannot become. `where` names the candidate. */
export function checkCandidate({ plan, loss }: Candidate, filters: number, where: string): void {
  const fail = (expected: string, found: unknown) => {
    throw new TritbankError('E_USAGE', where, `expected ${expected}, found ${found}`);
  };
  const fault = faultOf(plan);
  if (fault) fail(fault.expected, fault.found);
  if (plan.method === 'fp' && plan.bits && plan.bits.length !== filters)
    fail(`bits of ${filters} filters`, plan.bits.length);
  if (isBank(plan)) {
    const beyond = plan.fullPrecision.find((index) => index >= filters);
    if (beyond !== undefined) fail(`indices from 0 to ${filters - 1}`, beyond);
    if (plan.fullPrecision.length === filters)
      fail(`fewer than all ${filters} filters, or the method fp`, 'all of them');
  }
  if (!(Number.isFinite(loss) && loss >= 0)) fail('a predicted loss of at least 0', loss);
}
