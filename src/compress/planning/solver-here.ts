/** Who solves the planner's programs: this thread, or another one (`solver-aside.ts`). */

import { findClosest, type Knapsack, type Solution, solveKnapsack } from './knapsack.ts';

export interface PlanSolver {
  /** As `solveKnapsack`. */
  best(knapsack: Knapsack): Promise<Solution | undefined>;
  /** As `findClosest`. */
  closest(knapsack: Knapsack): Promise<readonly number[]>;
}

export const solverHere: PlanSolver = { best: solveKnapsack, closest: findClosest };
