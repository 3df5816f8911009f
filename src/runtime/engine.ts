/** A network for one shape of inputs: its execution plan in a memory of its own, and what each step took. */

import type { Graph } from '../ir/index.ts';
import { TritbankError } from '../ir/index.ts';
import { runStep, whole } from './execute/run-step.ts';
import type { Kernels } from './kernels/kernels.ts';
import { freePacking } from './kernels/packing.ts';
import { type KernelKind, kernelModule, kernelPages, loadKernels, reservedBytes } from './load-kernels.ts';
import { lower } from './lower/lower.ts';
import type { Constant } from './lower/operand.ts';
import { type ExecutionPlan, planExecution } from './plan/plan.ts';
import { variantOf } from './plan/steps.ts';
import { type StartWorker, startTeam } from './threads/team.ts';

export interface Engine {
  readonly plan: ExecutionPlan;
  readonly kernels: Kernels;
  /** Outputs that the file computes from nothing. */
  readonly constants: ReadonlyMap<string, Constant>;
  /** The node that makes batches of more than one image impossible. */
  readonly mixesBatch: string | undefined;
  /** Runs all steps once. */
  run(): void;
  /** Mean milliseconds of each step; empty unless measured. */
  times(): LayerTime[];
  release(): void;
}

export interface LayerTime {
  /** The node. */
  readonly name: string;
  /** Its operator; what was fused into it is in its time. */
  readonly kind: string;
  /** The kernel that ran. */
  readonly variant: string;
  /** Mean of all runs so far, for one image. */
  readonly milliseconds: number;
  /** The least of them: what the layer takes where nothing disturbs it. */
  readonly least: number;
}

export interface EngineOptions {
  readonly kernels: KernelKind;
  readonly threads: number;
  readonly profile: boolean;
  /** How the other threads are started; needed for more than one. */
  readonly startWorker?: StartWorker;
}

const pageBytes = 65536;

/** Memory that grows to at least so many bytes. */
function growTo(memory: WebAssembly.Memory, bytes: number): void {
  const missing = Math.ceil(bytes / pageBytes) - memory.buffer.byteLength / pageBytes;
  try {
    if (missing > 0) memory.grow(missing);
  } catch (cause) {
    throw new TritbankError('E_DEVICE', 'memory', `expected room for ${bytes} bytes, found less`, { cause });
  }
}

/** Steps of one layer that run the same kernel, as one. */
function joinTimes(times: readonly LayerTime[]): LayerTime[] {
  const joined = new Map<string, LayerTime>();
  for (const time of times) {
    const key = JSON.stringify([time.name, time.variant]);
    const { milliseconds = 0, least = 0 } = joined.get(key) ?? {};
    joined.set(key, { ...time, milliseconds: milliseconds + time.milliseconds, least: least + time.least });
  }
  return [...joined.values()];
}

export async function createEngine(
  graph: Graph,
  dims: ReadonlyMap<string, readonly number[]>,
  options: EngineOptions,
): Promise<Engine> {
  const { threads, profile } = options;
  const lowered = lower(graph, dims);
  const constants = new Map(
    [...lowered.outputs].filter((entry): entry is [string, Constant] => entry[1].kind === 'constant'),
  );
  const memory = new WebAssembly.Memory(
    threads > 1 ? { initial: kernelPages, maximum: 65536 / 2, shared: true } : { initial: kernelPages },
  );
  const kernels = await loadKernels(options.kernels, memory);
  const write = (address: number, bytes: Uint8Array) => {
    growTo(memory, address + bytes.length);
    new Uint8Array(memory.buffer).set(bytes, address);
  };
  const plan = planExecution(lowered, { threads, reserved: reservedBytes, kernels, write });
  freePacking();
  growTo(memory, plan.bytes);
  const { startWorker } = options;
  const module = threads > 1 && options.kernels === 'wasm' ? await kernelModule(true) : undefined;
  const team =
    threads > 1 && startWorker ? await startTeam(kernels, module, plan.steps, threads, startWorker) : undefined;
  const totals = new Float64Array(plan.steps.length);
  const leasts = new Float64Array(plan.steps.length).fill(Number.POSITIVE_INFINITY);
  let runs = 0;
  return {
    plan,
    kernels,
    constants,
    mixesBatch: lowered.mixesBatch?.label,
    run() {
      if (team && !profile) return team.run(0, plan.steps.length);
      for (const [i, step] of plan.steps.entries()) {
        const started = profile ? performance.now() : 0;
        if (team) team.run(i, i + 1);
        else runStep(kernels, step, whole);
        if (!profile) continue;
        const took = performance.now() - started;
        totals[i]! += took;
        leasts[i] = Math.min(leasts[i]!, took);
      }
      runs++;
    },
    times() {
      if (!profile || runs === 0) return [];
      return joinTimes(
        plan.steps.map((step, i) => ({
          name: step.name,
          kind: step.op,
          variant: variantOf(step),
          milliseconds: totals[i]! / runs,
          least: leasts[i]!,
        })),
      );
    },
    release: () => team?.release(),
  };
}
