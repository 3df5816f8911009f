/** One worker of a team: told once what the steps are, it then runs its share of whatever range is commanded. */

import { runStep } from '../execute/run-step.ts';
import { createReferenceKernels } from '../kernels/reference.ts';
import { instantiateKernels } from '../kernels/wasm/instance.ts';
import type { Step } from '../plan/steps.ts';
import { awaitAtLeast, meet, words } from './barrier.ts';

/** What a worker is started with. */
export interface Assignment {
  readonly memory: WebAssembly.Memory;
  /** Undefined for the reference kernels. */
  readonly module: WebAssembly.Module | undefined;
  readonly steps: readonly Step[];
  readonly control: Int32Array;
  readonly index: number;
  readonly count: number;
}

/** Works until it is told to stop, blocking its thread. `onReady` is called when commands will be seen. */
export async function join(assignment: Assignment, onReady: () => void): Promise<void> {
  const { memory, module, steps, control, index, count } = assignment;
  const kernels = module ? await instantiateKernels(module, memory) : createReferenceKernels(memory);
  let generation = 0;
  let arrivals = 0;
  onReady();
  for (;;) {
    generation = (generation + 1) | 0;
    awaitAtLeast(control, words.generation, generation, true);
    if (Atomics.load(control, words.stop) !== 0) return;
    const to = Atomics.load(control, words.to);
    for (let i = Atomics.load(control, words.from); i < to; i++) {
      try {
        runStep(kernels, steps[i]!, { index, count });
      } catch {
        Atomics.store(control, words.failed, 1);
      }
      arrivals = meet(control, arrivals, count, true);
    }
  }
}
