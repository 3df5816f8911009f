/** Solves the planner's programs in another thread, while this one hears of signals. */

import { type Reply, settle } from '../../threads/reply.ts';
import { answerOf, startWorkers, unlessAborted } from '../../threads/worker.ts';
import type { Knapsack } from './knapsack-problem.ts';
import { type PlanSolver, solverHere } from './solver-here.ts';

export interface PlanTask {
  readonly kind: keyof PlanSolver;
  readonly knapsack: Knapsack;
}

const workerFile = new URL('./worker.js', import.meta.url);

/** Solves in another thread, where there is one; rejects with the signal's reason once it is aborted. */
export function solverAside(signal?: AbortSignal): PlanSolver {
  const ask = async <K extends keyof PlanSolver>(kind: K, knapsack: Knapsack) => {
    signal?.throwIfAborted();
    const [worker] = await startWorkers(workerFile, 1);
    if (!worker) return solverHere[kind](knapsack);
    try {
      worker.postMessage({ kind, knapsack } satisfies PlanTask);
      const answer = answerOf(worker, (said) => said as Reply<never>);
      return settle(await unlessAborted(answer, signal));
    } finally {
      await worker.terminate();
    }
  };
  return {
    best: (knapsack) => ask('best', knapsack) as ReturnType<PlanSolver['best']>,
    closest: (knapsack) => ask('closest', knapsack) as ReturnType<PlanSolver['closest']>,
  };
}
