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
import type { GpuBackend } from './webgpu/index.ts';

export interface Engine {
  readonly plan: ExecutionPlan;
  readonly kernels: Kernels;
  /** Outputs that the file computes from nothing. */
  readonly constants: ReadonlyMap<string, Constant>;
  /** The node that makes batches of more than one image impossible. */
  readonly mixesBatch: string | undefined;
  /** Runs all steps once. */
  run(): Promise<void>;
  release(): void;
  /** Mean milliseconds of each step; empty unless measured. */
  times(): LayerTime[];
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
  /** Whether relaxed SIMD may be used where the engine has it. */
  readonly mayRelax: boolean;
  readonly profile: boolean;
  /** How the other threads are started; needed for more than one. */
  readonly startWorker?: StartWorker;
  /** What runs the steps in the place of kernels and threads. */
  readonly gpu?: GpuBackend;
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
  const { threads, profile, gpu } = options;
  const lowered = lower(graph, dims);
  const constants = new Map(
    [...lowered.outputs].filter((entry): entry is [string, Constant] => entry[1].kind === 'constant'),
  );
  const memory = new WebAssembly.Memory(
    threads > 1 ? { initial: kernelPages, maximum: 65536 / 2, shared: true } : { initial: kernelPages },
  );
  // what a device has no program for is computed by plain loops
  const kernels = await loadKernels(gpu ? 'reference' : options.kernels, memory, options.mayRelax);
  const write = (address: number, bytes: Uint8Array) => {
    growTo(memory, address + bytes.length);
    new Uint8Array(memory.buffer).set(bytes, address);
  };
  const plan = planExecution(lowered, {
    ...{ threads, reserved: reservedBytes, write },
    kernels: gpu ? { ...kernels, prepare: gpu.prepare } : kernels,
  });
  freePacking();
  growTo(memory, plan.bytes);
  const { startWorker } = options;
  const module = threads > 1 && options.kernels === 'wasm' ? await kernelModule(true, options.mayRelax) : undefined;
  const team =
    threads > 1 && startWorker ? await startTeam(kernels, module, plan.steps, threads, startWorker) : undefined;
  const device = await gpu?.start(plan, kernels);
  const runSteps = device?.run ?? team?.run ?? runHere;
  const totals = new Float64Array(plan.steps.length);
  const leasts = new Float64Array(plan.steps.length).fill(Number.POSITIVE_INFINITY);
  let runs = 0;
  function runHere(from: number, to: number): void {
    for (let i = from; i < to; i++) runStep(kernels, plan.steps[i]!, whole);
  }
  return {
    plan,
    kernels,
    constants,
    mixesBatch: lowered.mixesBatch?.label,
    async run() {
      if (!profile) return runSteps(0, plan.steps.length);
      for (let i = 0; i < plan.steps.length; i++) {
        const started = performance.now();
        await runSteps(i, i + 1);
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
          variant: device?.isOnDevice(i) ? `webgpu_${variantOf(step)}` : variantOf(step),
          milliseconds: totals[i]! / runs,
          least: leasts[i]!,
        })),
      );
    },
    release() {
      team?.release();
      device?.release();
    },
  };
}
