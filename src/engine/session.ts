/**
 * The one adapter over ONNX Runtime: compiles an ir graph to a session on a device and runs it.
 * Nothing outside this folder knows the runtime; tensors go in and out as `ir` tensors.
 */

import type * as Ort from 'onnxruntime-node';
import { type DType, type Graph, type Tensor, TritbankError } from '../ir/index.ts';
import { writeModel } from '../onnx/index.ts';
import { freeMegabytes, loadRuntime } from './runtime.ts';

export const devices = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof devices)[number];

export interface CompileOptions {
  /** Where to run; default `cpu`. */
  readonly device?: Device;
  /** Threads inside one operator; default: the runtime's choice, one a core. */
  readonly threads?: number;
  /** Prefix of the runtime's per-operator profile file; none by default. */
  readonly profile?: string;
  /** Leave the graph as it is, for tests that look at single operators. */
  readonly optimize?: boolean;
  /** Keep memory from run to run: faster, and taken until the process ends. Default true. */
  readonly keepMemory?: boolean;
  /** Outputs that stay in the device's memory where the provider allows. */
  readonly resident?: readonly string[];
}

export type Feeds = Readonly<Record<string, Tensor>>;

/** A compiled graph. Not re-entrant: one `run` at a time. */
export interface Executable {
  readonly device: Device;
  /** Runs the graph once. Inputs by name; all graph outputs by name. */
  run(feeds: Feeds): Promise<Record<string, Tensor>>;
  /** Ends profiling, if it was asked for, and frees the session. */
  release(): Promise<void>;
}

/** @internal The raw session, shared with `program.ts`. */
export async function createSession(
  graph: Graph,
  options: CompileOptions,
): Promise<{ ort: typeof Ort; session: Ort.InferenceSession }> {
  const ort = loadRuntime();
  const device = options.device ?? 'cpu';
  const model = writeModel(graph);
  const resident = Object.fromEntries((options.resident ?? []).map((name) => [name, 'gpu-buffer' as const]));
  try {
    const session = await ort.InferenceSession.create(model, {
      executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
      graphOptimizationLevel: options.optimize === false ? 'disabled' : 'all',
      executionMode: 'sequential',
      logSeverityLevel: 3,
      // A planned block is taken beside the memory of the first run, which stays taken: 2.6 GB instead of 1.7 GB in
      // training MobileNet-V1 0.25 at 224 x 224 with 32 images a step, and no time is gained.
      enableMemPattern: false,
      enableCpuMemArena: options.keepMemory !== false,
      ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
      ...(options.profile ? { enableProfiling: true, profileFilePrefix: options.profile } : {}),
      ...(device === 'webgpu' && options.resident?.length ? { preferredOutputLocation: resident } : {}),
    });
    return { ort, session };
  } catch (cause) {
    throw deviceError(`graph '${graph.name}' on ${device}`, 'a graph that the runtime loads', cause);
  }
}

/** Turns the runtime's own error into one of ours; out of memory is told apart. */
export function deviceError(where: string, expected: string, cause: unknown): TritbankError {
  const found = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? 'no message';
  if (/alloc|out of memory/i.test(found)) {
    const free = freeMegabytes();
    const left = free === undefined ? 'too little' : `${free} MB free`;
    return new TritbankError('E_DEVICE', where, `expected enough memory, found ${left} (${found})`, { cause });
  }
  return new TritbankError('E_DEVICE', where, `expected ${expected}, found: ${found}`, { cause });
}

/** @internal */
export function toOrt(ort: typeof Ort, tensor: Tensor): Ort.Tensor {
  return new ort.Tensor(tensor.dtype as 'float32', tensor.data as Float32Array, tensor.dims);
}

/** @internal */
export function fromOrt(tensor: Ort.Tensor): Tensor {
  return { dtype: tensor.type as DType, dims: tensor.dims, data: tensor.data as Float32Array };
}

/**
 * Compiles `graph` for `device`. Throws E_DEVICE when the provider is absent or refuses the graph; a run throws it for
 * feeds that do not fit.
 *
 * @example
 * import { compile, f32, loadModel } from 'tritbank';
 *
 * const engine = await compile(await loadModel('mobilenet.onnx'));
 * const { logits } = await engine.run({ input: f32([2, 3, 32, 32]) });
 * console.log(logits!.dims, logits!.data);
 * await engine.release();
 */
export async function compile(graph: Graph, options: CompileOptions = {}): Promise<Executable> {
  const { ort, session } = await createSession(graph, options);
  return {
    device: options.device ?? 'cpu',
    async run(feeds) {
      const inputs: Record<string, Ort.Tensor> = {};
      for (const [name, tensor] of Object.entries(feeds)) inputs[name] = toOrt(ort, tensor);
      try {
        const outputs = await session.run(inputs);
        return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, fromOrt(tensor)]));
      } catch (cause) {
        throw deviceError(`graph '${graph.name}'`, 'a run without error', cause);
      }
    },
    async release() {
      if (options.profile) session.endProfiling();
      await session.release();
    },
  };
}

/**
 * Names of the execution providers that this installation of the runtime has built in; `compile` finds out whether the
 * machine has the device.
 *
 * @example
 * import { availableDevices } from 'tritbank';
 *
 * const device = availableDevices().includes('webgpu') ? 'webgpu' : 'cpu';
 * console.log(`on ${device}`);
 */
export function availableDevices(): Device[] {
  const names = new Set(
    loadRuntime()
      .listSupportedBackends()
      .map((backend) => backend.name),
  );
  return devices.filter((device) => names.has(device));
}
