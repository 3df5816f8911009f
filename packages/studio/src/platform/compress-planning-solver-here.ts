/**
 * In the place of the toolkit's `compress/planning/solver-here.ts`: the solver has a worker of its own, which is started when
 * it is first needed, so that sliders are answered while it searches.
 */

import type * as Node from '#toolkit/compress/planning/solver-here.ts';
import { connect } from '../rpc.ts';
import type { Solver } from '../solver/worker.ts';

const solver = connect<Solver>(() => new Worker(new URL('../solver/worker.ts', import.meta.url), { type: 'module' }));

/** A page's patience: within half a percent of the least loss. */
const effort = { gap: 0.005, nodes: 2000 } as const;

export const solverHere: typeof Node.solverHere = {
  best: (knapsack) => solver.call('best', { knapsack, effort }),
  closest: (knapsack) => solver.call('closest', knapsack),
};

/** Gives up what is being solved. */
export const stopSolving = (): void => solver.close();
