/** The worker that has the solver: its WebAssembly answers nothing else while it searches. */

import { type Effort, findClosest, solveKnapsack } from '#toolkit/compress/planning/knapsack.ts';
import type { Knapsack } from '#toolkit/compress/planning/knapsack-problem.ts';
import { serve } from '../rpc.ts';

const methods = {
  best: ({ knapsack, effort }: { readonly knapsack: Knapsack; readonly effort: Effort }) =>
    solveKnapsack(knapsack, effort),
  closest: (knapsack: Knapsack) => findClosest(knapsack),
};

export type Solver = typeof methods;

serve(methods);
