/** The threads that run steps together, seen from the one that commands, which does a share itself. */

import { TritbankError } from '../../ir/index.ts';
import { runStep } from '../execute/run-step.ts';
import type { Kernels } from '../kernels/kernels.ts';
import type { Step } from '../plan/steps.ts';
import { meet, words } from './barrier.ts';
import type { Assignment } from './member.ts';

/** One worker thread: what it is told, and how it ends. */
export interface WorkerHandle {
  post(assignment: Assignment): void;
  /** Resolves with the first message, rejects where the thread fails or ends before it. */
  readonly ready: Promise<unknown>;
  terminate(): void;
}

export type StartWorker = () => WorkerHandle;

export interface Team {
  /** Runs the steps from `from` up to `to`, blocking this thread. */
  run(from: number, to: number): void;
  release(): void;
}

/** Starts `count - 1` workers over the kernels' shared memory. E_DEVICE where they do not start. */
export async function startTeam(
  kernels: Kernels,
  module: WebAssembly.Module | undefined,
  steps: readonly Step[],
  count: number,
  startWorker: StartWorker,
): Promise<Team> {
  const control = new Int32Array(new SharedArrayBuffer(4 * words.count));
  const workers: WorkerHandle[] = [];
  const terminate = () => {
    for (const worker of workers) worker.terminate();
  };
  try {
    for (let index = 1; index < count; index++) {
      const worker = startWorker();
      workers.push(worker);
      worker.post({ memory: kernels.memory, module, steps, control, index, count });
    }
    await Promise.all(workers.map(({ ready }) => ready));
  } catch (cause) {
    terminate();
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new TritbankError('E_DEVICE', 'threads', `expected ${count - 1} worker threads, found: ${found}`, { cause });
  }
  // while it looks, a thread takes the core that another one waits for
  const maySleep = 'process' in globalThis && !('document' in globalThis);
  let arrivals = 0;
  const command = () => {
    Atomics.add(control, words.generation, 1);
    Atomics.notify(control, words.generation);
  };
  return {
    run(from, to) {
      Atomics.store(control, words.from, from);
      Atomics.store(control, words.to, to);
      command();
      for (let i = from; i < to; i++) {
        runStep(kernels, steps[i]!, { index: 0, count });
        arrivals = meet(control, arrivals, count, maySleep);
      }
      if (Atomics.load(control, words.failed) !== 0) throw new Error('internal: a thread of the runtime failed');
    },
    release() {
      Atomics.store(control, words.stop, 1);
      command();
      terminate();
    },
  };
}
