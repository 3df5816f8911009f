/** Who solves the planner's programs in a page: at once and nearly, or as well as the solver can. */

import { solveNearly } from '#toolkit/compress/planning/knapsack-nearly.ts';
import type { Solution } from '#toolkit/compress/planning/knapsack-problem.ts';
import { reachNearly } from '#toolkit/compress/planning/knapsack-reach.ts';
import { type PlanSolver, solverHere } from '#toolkit/compress/planning/solver-here.ts';

const closest: PlanSolver['closest'] = async (knapsack) =>
  knapsack.limits.length === 1 ? reachNearly(knapsack).choice : solverHere.closest(knapsack);

/** Rounding errors of a bound. */
const tolerance = 1e-9;

/**
 * While a slider moves: milliseconds. That nothing keeps the limits is mostly known at once; the solver is asked where they are
 * so tight that neither is.
 */
export const atOnce: PlanSolver = {
  async best(knapsack) {
    const found = solveNearly(knapsack);
    if (found || reachNearly(knapsack).lowerBound > 1 + tolerance) return found;
    return solverHere.best(knapsack);
  },
  closest: async (knapsack) => reachNearly(knapsack).choice,
};

/** Never the solver, for what is drawn while others wait: a plan that is hard to find is left out. */
export const nearly: PlanSolver = {
  best: async (knapsack) => solveNearly(knapsack),
  closest: atOnce.closest,
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
