/** Who solves the planner's programs: this thread, or another one (`solver-aside.ts`). */

import { findClosest, solveKnapsack } from './knapsack.ts';
import type { Knapsack, Solution } from './knapsack-problem.ts';

export interface PlanSolver {
  /** As `solveKnapsack`. */
  best(knapsack: Knapsack): Promise<Solution | undefined>;
  /** As `findClosest`. */
  closest(knapsack: Knapsack): Promise<readonly number[]>;
}

export const solverHere: PlanSolver = { best: solveKnapsack, closest: findClosest };
