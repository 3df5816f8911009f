/** What `bench planner` writes. */

import type { Budget } from '../../src/compress/planning/budget.ts';
import type { Analysis } from '../../src/compress/sensitivity.ts';
import type { Conventions, Relative } from '../../src/cost/index.ts';
import type { Environment } from '../environment.ts';

export interface SolverResult {
  readonly name: string;
  /** Of each round. */
  readonly seconds: readonly number[];
  readonly loss?: number;
  readonly lowerBound?: number;
  readonly relative?: Relative;
  /** The line that says how near one can come, where the budget is out of reach. */
  readonly error?: string;
}

export interface PlannerRow {
  readonly model: string;
  readonly layers: number;
  /** Of the first layer. */
  readonly candidates: number;
  readonly lossUnit: Analysis['lossUnit'];
  /** Name of the budget. */
  readonly task: string;
  readonly ternary: Conventions['ternary'];
  readonly budget: Budget;
  readonly solvers: readonly SolverResult[];
}

export interface PlannerReport extends Environment {
  readonly benchmark: 'planner';
  readonly seed: number;
  readonly rounds: number;
  readonly rows: readonly PlannerRow[];
}
