/**
 * Candidates on a target: what each takes of each of its resources, and limits on these beside those of the budget. What
 * a limit is about need not add up: resources only bound it from below, and a choice that keeps the limits as sums may
 * yet exceed them (`optimize.ts` then tightens them).
 */

import { TritbankError } from '../../ir/index.ts';
import { isBank } from '../../quantize/index.ts';
import {
  type BankShape,
  figureOf,
  isShare,
  type LimitName,
  type Limits,
  limitsIn,
  limitUnits,
  type PlanningTarget,
  type Totals,
} from '../../targets/index.ts';
import type { Reach } from './budget.ts';
import type { Candidate } from './candidate.ts';
import type { CostedLayer } from './layer-costs.ts';
import { roundUp } from './round.ts';

export interface TargetCosts {
  readonly target: PlanningTarget;
  /** As they were asked for. */
  readonly limits: Limits;
  /** The same as figures. */
  readonly most: Totals;
  /** Figures of the uncompressed network in 8 bits. */
  readonly control: Totals;
  /** Of each layer, of each candidate, of each resource. */
  readonly layers: readonly (readonly (readonly number[])[])[];
  /** What all other layers take of each resource. */
  readonly fixed: readonly number[];
}

const shapeOf = ({ plan, nonZero }: Candidate, filters: number): BankShape | undefined =>
  isBank(plan)
    ? {
        fullPrecision: plan.fullPrecision.length,
        ternary: filters - plan.fullPrecision.length,
        hidden: plan.hidden,
        nonZero,
      }
    : undefined;

/**
 * What candidates take on a target. E_USAGE for limits that the target does not have, and for candidates without
 * non-zeros where these count; E_UNSUPPORTED for layers that the target does not have.
 */
export function costOnTarget(
  target: PlanningTarget,
  limits: Limits,
  layers: readonly Pick<CostedLayer, 'name' | 'candidates' | 'filters'>[],
): TargetCosts {
  const control = target.totals(new Map());
  const known = limitsIn(control);
  const strange = limitsIn(limits).find((name) => !known.includes(name));
  if (strange) {
    const expected = `expected limits on ${known.join(', ')}, found one on ${strange}`;
    throw new TritbankError('E_USAGE', `target '${target.name}'`, expected);
  }
  const most = Object.fromEntries(
    limitsIn(limits).map((name) => [name, figureOf(name, limits[name]!, control[name]!)]),
  );
  const costs = layers.map(({ name, candidates, filters }) =>
    candidates.map((candidate) => target.cost(name, shapeOf(candidate, filters))),
  );
  const fixed = target.whole.map((sum, i) => layers.reduce((left, { name }) => left - target.cost(name)[i]!, sum));
  return { target, limits, most, control, layers: costs, fixed };
}

/** Figures of the network with candidate `choice[i]` for layer i. */
export function totalsOf({ target }: TargetCosts, layers: readonly CostedLayer[], choice: readonly number[]): Totals {
  const banks = new Map<string, BankShape>();
  for (const [i, { name, candidates, filters }] of layers.entries()) {
    const shape = shapeOf(candidates[choice[i]!]!, filters);
    if (shape) banks.set(name, shape);
  }
  return target.totals(banks);
}

/** Rounding errors, as a fraction of a limit. */
const tolerance = 1e-9;

/** The limits that figures exceed, each with the factor. */
export function excessOf({ most }: TargetCosts, totals: Totals): { name: LimitName; factor: number }[] {
  return limitsIn(most)
    .map((name) => ({ name, factor: totals[name]! / most[name]! }))
    .filter(({ factor }) => factor > 1 + tolerance);
}

/** A figure as the limit was given, rounded to the side on which it can be kept. */
function describeFigure({ limits, control }: TargetCosts, name: LimitName, figure: number): string {
  if (isShare(limits[name]!)) return `${name} ${roundUp(figure / control[name]!)}`;
  const unit = limitUnits[name];
  return `${name} ${Math.ceil(figure * (1 - tolerance))} ${unit === name ? '' : unit}`.trimEnd();
}

/** Limits of these names as they were asked for, and figures in the same units. */
export const reachOnTarget = (costs: TargetCosts, names: readonly LimitName[], totals: Totals): Reach => ({
  found: names.map((name) => `${name} ${costs.limits[name]}`),
  closest: names.map((name) => describeFigure(costs, name, totals[name]!)),
});
