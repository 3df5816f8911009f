/** Who solves the planner's programs in a page: at once and nearly, or as well as the solver can. */

import { solveNearly } from '#toolkit/compress/planning/knapsack-nearly.ts';
import type { Knapsack, Solution } from '#toolkit/compress/planning/knapsack-problem.ts';
import { type PlanSolver, solverHere } from '#toolkit/compress/planning/solver-here.ts';

/** One limit is kept best by the cheapest item of every layer. */
const cheapest = ({ layers }: Knapsack): readonly number[] =>
  layers.map((items) => items.reduce((best, { costs }, j) => (costs[0]! < items[best]!.costs[0]! ? j : best), 0));

const closest: PlanSolver['closest'] = async (knapsack) =>
  knapsack.limits.length === 1 ? cheapest(knapsack) : solverHere.closest(knapsack);

/** While a slider moves: milliseconds; the solver where the limits are so tight that nothing was met. */
export const atOnce: PlanSolver = {
  best: async (knapsack) => solveNearly(knapsack) ?? solverHere.best(knapsack),
  closest,
};

const better = (a: Solution, b: Solution): Solution => {
  const lowerBound = Math.max(a.lowerBound, b.lowerBound);
  return { ...(b.loss < a.loss ? b : a), lowerBound };
};

/** Once it rests. */
export const thoroughly: PlanSolver = {
  async best(knapsack) {
    const found = await solverHere.best(knapsack);
    const near = solveNearly(knapsack);
    return found && near ? better(found, near) : (found ?? near);
  },
  closest,
};
