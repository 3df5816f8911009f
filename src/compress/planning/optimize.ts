/** The plan of least predicted loss within a budget: a knapsack whose items are candidates. */

import type { Relative } from '../../cost/index.ts';
import {
  type Budget,
  checkBudget,
  checkEachReachable,
  limited,
  namesIn,
  slackOf,
  unreachableTogether,
} from './budget.ts';
import type { Knapsack, Solution } from './knapsack.ts';
import { type NetworkCosts, predictCost } from './layer-costs.ts';
import { type PlanSolver, solverHere } from './solver-here.ts';

/** `choice` has the index of the candidate of each of `costs.layers`; `loss` is the predicted increase of the network's. */
export interface OptimizedPlan extends Solution {
  readonly relative: Relative;
  /** What is left of each given budget. Rounding errors, of 1e-12 of the budget, may make it negative. */
  readonly slack: Budget;
}

/** What is fixed is a layer without a choice, so that limits are those of the network. */
function toKnapsack({ layers, fixed, reference }: NetworkCosts, budget: Budget): Knapsack {
  const names = namesIn(budget);
  const banks = layers.map(({ candidates, costs }) =>
    candidates.map(({ loss }, j) => ({ loss, costs: names.map((name) => limited[name].cost(costs[j]!)) })),
  );
  return {
    layers: [...banks, [{ loss: 0, costs: names.map((name) => limited[name].cost(fixed)) }]],
    limits: names.map((name) => limited[name].limit(budget[name]!, reference)),
  };
}

/**
 * The choice of least predicted loss within the budget: the optimum or, where that is not found soon, a choice that
 * comes near it; `lowerBound` says how near. The same input gives the same choice.
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
): Promise<OptimizedPlan> {
  checkBudget(budget);
  checkEachReachable(budget, costs);
  const knapsack = toKnapsack(costs, budget);
  const solution = await solver.best(knapsack);
  if (!solution) {
    const closest = predictCost(costs, (await solver.closest(knapsack)).slice(0, -1));
    throw unreachableTogether(budget, closest.relative);
  }
  const choice = solution.choice.slice(0, -1);
  const { relative } = predictCost(costs, choice);
  return { ...solution, choice, relative, slack: slackOf(budget, relative) };
}
