/** The plan of least predicted loss within a budget: a knapsack whose items are candidates. */

import type { Relative } from '../../cost/index.ts';
import { type LimitName, limitsIn, type Totals } from '../../targets/index.ts';
import {
  type Budget,
  checkBudget,
  checkEachReachable,
  limited,
  namesIn,
  reachOf,
  slackOf,
  unreachable,
} from './budget.ts';
import type { Knapsack, Solution } from './knapsack-problem.ts';
import { type NetworkCosts, predictCost } from './layer-costs.ts';
import { type PlanSolver, solverHere } from './solver-here.ts';
import { excessOf, reachOnTarget, type TargetCosts, totalsOf } from './target.ts';

/** `choice` has the index of the candidate of each of `costs.layers`; `loss` is the predicted increase of the network's. */
export interface OptimizedPlan extends Solution {
  readonly relative: Relative;
  /** What is left of each given budget. Rounding errors, of 1e-12 of the budget, may make it negative. */
  readonly slack: Budget;
  /** Figures on the target, where there is one. */
  readonly totals?: Totals;
}

/** What limits of the target are multiplied by, so that what does not add up keeps them too. */
type Factors = { readonly [K in LimitName]?: number };

/** An additive cost of candidates, what is fixed of it, and the most that it may be. */
interface Constraint {
  readonly of: (layer: number, candidate: number) => number;
  readonly fixed: number;
  readonly limit: number;
}

const budgetConstraints = ({ layers, fixed, reference }: NetworkCosts, budget: Budget): Constraint[] =>
  namesIn(budget).map((name) => ({
    of: (layer, candidate) => limited[name].cost(layers[layer]!.costs[candidate]!),
    fixed: limited[name].cost(fixed),
    limit: limited[name].limit(budget[name]!, reference),
  }));

const targetConstraints = ({ target, layers, fixed, most }: TargetCosts, factors: Factors): Constraint[] =>
  target.resources.flatMap(({ limit: name }, i) => {
    const limit = most[name];
    if (limit === undefined) return [];
    return [
      {
        of: (layer: number, candidate: number) => layers[layer]![candidate]![i]!,
        fixed: fixed[i]!,
        limit: limit * (factors[name] ?? 1),
      },
    ];
  });

/** Where nothing that adds up is limited. */
const none: Constraint = { of: () => 0, fixed: 1, limit: 1 };

/** What is fixed is a layer without a choice, so that limits are those of the network. */
function toKnapsack({ layers }: NetworkCosts, given: readonly Constraint[]): Knapsack {
  const constraints = given.length > 0 ? given : [none];
  const banks = layers.map(({ candidates }, l) =>
    candidates.map(({ loss }, j) => ({ loss, costs: constraints.map(({ of }) => of(l, j)) })),
  );
  return {
    layers: [...banks, [{ loss: 0, costs: constraints.map(({ fixed }) => fixed) }]],
    limits: constraints.map(({ limit }) => limit),
  };
}

/** A limit is exceeded only as far as sums are off; it is tightened by that. */
const mostRounds = 8;

/**
 * The choice of least predicted loss within the budget, and within the limits of a target: the optimum or, where that is
 * not found soon, a choice that comes near it; `lowerBound` says how near. The same input gives the same choice.
 *
 * Rejects with E_USAGE for a budget that is none or out of reach. The error says how near one can come: to each limit
 * by itself, or, where these can be reached one by one, to all of them with the largest relative violation as small
 * as possible.
 *
 * @example
 * import { analyzeNetwork, costCandidates, loadModel, makeCandidates, normalizeNetwork, optimizePlan } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const analysis = await analyzeNetwork(graph, { ratios: [0.5, 1], threads: 1 });
 * const costs = costCandidates(graph, makeCandidates(graph, analysis));
 * const { choice, loss, lowerBound, relative } = await optimizePlan(costs, { size: 0.9, energy: 0.9 });
 * console.log(choice, loss - lowerBound, relative.size, relative.energy);
 */
export async function optimizePlan(
  costs: NetworkCosts,
  budget: Budget,
  solver: PlanSolver = solverHere,
  onTarget?: TargetCosts,
): Promise<OptimizedPlan> {
  const isLimited = onTarget !== undefined && limitsIn(onTarget.most).length > 0;
  if (!isLimited || namesIn(budget).length > 0) checkBudget(budget);
  checkEachReachable(budget, costs);
  if (isLimited) await checkLimitsReachable(costs, solver, onTarget);
  let factors: Factors = {};
  let lowerBound = 0;
  for (let round = 0; ; round++) {
    const targets = onTarget ? targetConstraints(onTarget, factors) : [];
    const knapsack = toKnapsack(costs, [...budgetConstraints(costs, budget), ...targets]);
    const solution = await solver.best(knapsack);
    // limits are widest in the first round
    lowerBound = round === 0 ? (solution?.lowerBound ?? 0) : lowerBound;
    const choice = (solution?.choice ?? (await solver.closest(knapsack))).slice(0, -1);
    const plan = describe(costs, budget, choice, onTarget);
    const excess = onTarget ? excessOf(onTarget, plan.totals!) : [];
    // nearest to limits that were tightened may be within those that were asked for
    const isWithin = excess.length === 0 && (solution !== undefined || (round > 0 && isKept(plan.slack)));
    if (isWithin) return { ...plan, lowerBound: Math.min(lowerBound, plan.loss) };
    if (!solution || round === mostRounds) throw outOfReach(budget, plan, onTarget);
    factors = tighten(factors, excess);
  }
}

const isKept = (slack: Budget) => namesIn(slack).every((name) => slack[name]! >= -1e-12);

const tighten = (factors: Factors, excess: ReturnType<typeof excessOf>): Factors => ({
  ...factors,
  ...Object.fromEntries(excess.map(({ name, factor }) => [name, (factors[name] ?? 1) / factor])),
});

function describe(
  costs: NetworkCosts,
  budget: Budget,
  choice: readonly number[],
  onTarget: TargetCosts | undefined,
): Omit<OptimizedPlan, 'lowerBound'> {
  const { relative } = predictCost(costs, choice);
  const loss = choice.reduce((sum, j, i) => sum + costs.layers[i]!.candidates[j]!.loss, 0);
  const totals = onTarget && totalsOf(onTarget, costs.layers, choice);
  return { choice, loss, relative, slack: slackOf(budget, relative), ...(totals && { totals }) };
}

function outOfReach(
  budget: Budget,
  { relative, totals }: Pick<OptimizedPlan, 'relative' | 'totals'>,
  onTarget: TargetCosts | undefined,
) {
  const own = reachOf(budget, relative);
  const onOther = onTarget ? reachOnTarget(onTarget, limitsIn(onTarget.most), totals!) : { found: [], closest: [] };
  return unreachable({ found: [...own.found, ...onOther.found], closest: [...own.closest, ...onOther.closest] });
}

/** E_USAGE where a limit of the target is out of reach even if all others are left out. */
async function checkLimitsReachable(costs: NetworkCosts, solver: PlanSolver, onTarget: TargetCosts): Promise<void> {
  for (const name of limitsIn(onTarget.most)) {
    const alone = { ...onTarget, most: { [name]: onTarget.most[name] } as Totals };
    const knapsack = toKnapsack(costs, targetConstraints(alone, {}));
    const choice = (await solver.closest(knapsack)).slice(0, -1);
    const totals = totalsOf(onTarget, costs.layers, choice);
    const isInSums = isSumWithin(knapsack, choice);
    const isIn = excessOf(alone, totals).length === 0;
    const isSum = onTarget.target.resources.some(({ limit }) => limit === name);
    if (isSum ? isInSums : isIn) continue;
    throw unreachable(reachOnTarget(onTarget, [name], totals));
  }
}

/** Whether a choice keeps the limits, up to rounding errors. */
const isSumWithin = ({ layers, limits }: Knapsack, choice: readonly number[]): boolean =>
  limits.every((limit, i) => {
    const used = [...choice, 0].reduce((sum, j, l) => sum + layers[l]![j]!.costs[i]!, 0);
    return used <= limit * (1 + 1e-9);
  });
