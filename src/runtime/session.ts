/**
 * Inference sessions, with the calls that users of onnxruntime know. A file is read, folded and checked when the
 * session is made; it is planned for the shape of its inputs then, or at the first run where the file leaves sizes
 * open. The images of a batch run one after the other. Calls of `run` queue up.
 */

import { type DType, type Graph, type LimitOptions, type Shape, TritbankError } from '../ir/index.ts';
import { readScores, type ScoreKind } from '../onnx/score-kind.ts';
import { createEngine, type Engine, type LayerTime } from './engine.ts';
import { type Feeds, fixedDims, type GraphInput, readBatch } from './feeds.ts';
import { deliver, type FetchOptions, readFetches } from './fetches.ts';
import { loadGraph } from './load-graph.ts';
import { type KernelKind, kernelModule } from './load-kernels.ts';
import type { FallbackSession, ModelSource, Platform } from './platform.ts';
import { prepareGraph } from './prepare-graph.ts';
import { runImages } from './run-images.ts';
import type { Tensor } from './tensor.ts';
import type { AdapterInfo } from './webgpu/index.ts';

export type DeviceKind = 'cpu' | 'webgpu';

export interface SessionOptions extends LimitOptions {
  /** Threads that run a network together, from 1 (the default) to 64; more than one need memory that can be shared. */
  readonly threads?: number;
  /** `reference`: plain TypeScript, about a hundred times slower. Default `wasm`. */
  readonly kernels?: KernelKind;
  /**
   * What computes: `webgpu` is a GPU through WebGPU, in engines that have it (E_DEVICE in others), with the layers that it
   * has no program for on one thread of the CPU. Default `cpu`.
   *
   * @example
   * import { InferenceSession } from 'tritbank/runtime';
   *
   * const session = await InferenceSession.create('hybrid.onnx', { device: 'webgpu' });
   * console.log(session.adapter?.name);
   */
  readonly device?: DeviceKind;
  /**
   * Whether kernels may use relaxed SIMD where the engine has it: integers stay the same, floats are rounded as the
   * processor does. Default true.
   */
  readonly relaxedSimd?: boolean;
  /** What runs a file with operators that this runtime does not have. Node only; by default nothing. */
  readonly fallback?: 'onnxruntime';
  /** Measure each layer, for `profile()`. */
  readonly profile?: boolean;
}

export interface ValueMetadata {
  readonly name: string;
  readonly type: DType;
  /** Sizes, and names of those that are open; undefined where the file does not say. */
  readonly shape: Shape | undefined;
}

export interface MemoryUse {
  /** Bytes of all activations, which share them by their lifetimes. */
  readonly activations: number;
  /** Bytes of weights as the kernels read them. */
  readonly weights: number;
  /** Bytes of the whole linear memory. */
  readonly total: number;
}

export interface InferenceSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly ValueMetadata[];
  readonly outputMetadata: readonly ValueMetadata[];
  /** Free-form entries of the file: normalisation, labels. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What the first output is: `independent` scores are a probability for each class, of which several may be true. */
  readonly scores: ScoreKind;
  /** Who runs the file. */
  readonly backend: 'tritbank' | 'onnxruntime';
  /** The GPU, or the software in its place; undefined for sessions on the CPU. */
  readonly adapter: AdapterInfo | undefined;
  /** The memory of the shape that ran last; undefined before the first plan, and with a fallback. */
  readonly memory: MemoryUse | undefined;
  /**
   * Runs the network; `feeds` by input name, results by output name: all of them, or those that `fetches` names.
   * E_USAGE for wrong names, E_SHAPE for tensors that do not fit, E_UNSUPPORTED where the network cannot run at this
   * size.
   */
  run(feeds: Feeds, fetches?: FetchOptions): Promise<Record<string, Tensor>>;
  /** How long the last run took, all images of its batch together; 0 before. */
  readonly lastMilliseconds: number;
  /** Mean time of each layer, for sessions made with `profile: true`. */
  profile(): LayerTime[];
  /** Frees memory and threads after the runs that are under way; later ones are E_USAGE. */
  release(): Promise<void>;
}

/** Plans that are kept, for networks that run at several sizes. */
const maxEngines = 3;
const maxThreads = 64;

function checkOptions(options: SessionOptions): void {
  const { threads = 1, kernels = 'wasm', device = 'cpu', fallback } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > maxThreads) {
    throw new TritbankError('E_USAGE', 'threads', `expected a whole number from 1 to ${maxThreads}, found ${threads}`);
  }
  if (kernels !== 'wasm' && kernels !== 'reference') {
    throw new TritbankError('E_USAGE', 'kernels', `expected 'wasm' or 'reference', found '${String(kernels)}'`);
  }
  if (device !== 'cpu' && device !== 'webgpu') {
    throw new TritbankError('E_USAGE', 'device', `expected 'cpu' or 'webgpu', found '${String(device)}'`);
  }
  for (const name of ['relaxedSimd', 'profile'] as const) {
    const value: unknown = options[name];
    if (value === undefined || typeof value === 'boolean') continue;
    throw new TritbankError('E_USAGE', name, `expected true or false, found ${JSON.stringify(value)}`);
  }
  if (fallback !== undefined && fallback !== 'onnxruntime') {
    throw new TritbankError('E_USAGE', 'fallback', `expected 'onnxruntime', found '${String(fallback)}'`);
  }
}

const metadataOf = (values: Graph['inputs']): ValueMetadata[] =>
  values.map(({ name, dtype, type }) => ({ name, type: dtype, shape: type?.shape }));

/** Makes a session. Errors are those of reading a file, and E_UNSUPPORTED for what the runtime cannot run. */
export async function createSession(
  source: ModelSource,
  options: SessionOptions,
  platform: Platform,
): Promise<InferenceSession> {
  checkOptions(options);
  const isGpu = options.device === 'webgpu';
  const mayRelax = options.relaxedSimd ?? true;
  const threads = platform.canShareMemory() && !isGpu ? (options.threads ?? 1) : 1;
  // compiled while the file is read; a failure is reported where the kernels are needed
  if (options.kernels !== 'reference' && !isGpu) kernelModule(threads > 1, mayRelax).catch(() => undefined);
  const loaded = await loadGraph(source, platform, options);
  const { graph, name } = loaded;
  const { metadata } = graph;
  const inputs = graph.inputs.map(({ name: own, dtype, type }): GraphInput => ({ name: own, dtype, type }));
  /** What other sizes are planned from; where the file fixes them, nothing is left of it but the plan. */
  const unplanned: { graph?: Graph } = { graph };
  const fallbackBytes = options.fallback ? loaded.bytes : undefined;
  const [inputMetadata, outputMetadata] = [metadataOf(graph.inputs), metadataOf(graph.outputs)];
  const outputNames = outputMetadata.map((value) => value.name);
  const { kind: scores } = readScores(graph);
  const openFallback = options.fallback && platform.openFallback;
  if (options.fallback && !openFallback) {
    throw new TritbankError('E_USAGE', 'fallback', `expected none in a ${platform.name}, found '${options.fallback}'`);
  }
  const gpu = isGpu ? await (await import('./webgpu/index.ts')).openGpu(platform.findGpu) : undefined;
  const engineOptions = {
    ...{ kernels: options.kernels ?? 'wasm', threads, mayRelax, profile: options.profile ?? false },
    ...(threads > 1 && { startWorker: platform.startWorker }),
    ...(gpu && { gpu }),
  };
  const engines = new Map<string, Engine>();
  let current: Engine | undefined;
  let fallback: FallbackSession | undefined;
  let lastMilliseconds = 0;
  let isReleased = false;
  let queue: Promise<unknown> = Promise.resolve();

  const inPlace = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof TritbankError
        ? new TritbankError(error.code, `${name}: ${error.where}`, error.detail, { cause: error.cause })
        : error;
    }
  };
  const orFallback = async (work: () => Promise<void>): Promise<void> => {
    try {
      await inPlace(work);
    } catch (error) {
      if (!openFallback || !(error instanceof TritbankError) || error.code !== 'E_UNSUPPORTED') throw error;
      fallback = await openFallback(fallbackBytes!);
    }
  };
  const engineFor = async (dims: ReadonlyMap<string, readonly number[]>): Promise<Engine> => {
    const key = JSON.stringify([...dims.values()]);
    const known = engines.get(key);
    engines.delete(key);
    const engine = known ?? (await createEngine(unplanned.graph!, dims, engineOptions));
    engines.set(key, engine);
    for (const [oldest, other] of engines) {
      if (engines.size <= maxEngines) break;
      other.release();
      engines.delete(oldest);
    }
    return engine;
  };
  const runBatch = async (feeds: Feeds, options: FetchOptions | undefined): Promise<Record<string, Tensor>> => {
    if (isReleased) throw new TritbankError('E_USAGE', name, 'expected a session in use, found one that was released');
    const batch = readBatch(inputs, feeds);
    const fetches = readFetches(outputNames, options);
    if (!fallback) {
      await orFallback(async () => {
        current = await engineFor(batch.dims);
      });
    }
    const started = performance.now();
    const other = fallback;
    const results = other
      ? new Map(Object.entries(await other.run(feeds)))
      : await inPlace(() => runImages(current!, feeds, fetches, batch));
    lastMilliseconds = performance.now() - started;
    return deliver(results, fetches);
  };

  try {
    await orFallback(async () => {
      prepareGraph(unplanned.graph!);
      const dims = fixedDims(inputs);
      if (!dims) return;
      current = await engineFor(dims);
      delete unplanned.graph;
    });
  } catch (error) {
    gpu?.release();
    throw error;
  }

  return {
    inputNames: inputMetadata.map((value) => value.name),
    outputNames,
    inputMetadata,
    outputMetadata,
    metadata,
    scores,
    adapter: gpu?.adapter,
    get backend() {
      return fallback ? ('onnxruntime' as const) : ('tritbank' as const);
    },
    get memory() {
      if (!current || fallback) return undefined;
      const { activationBytes, weightBytes, bytes: total } = current.plan;
      return { activations: activationBytes, weights: weightBytes, total };
    },
    run(feeds, fetches) {
      const result = queue.then(() => runBatch(feeds, fetches));
      queue = result.catch(() => undefined);
      return result;
    },
    get lastMilliseconds() {
      return lastMilliseconds;
    },
    profile: () => current?.times() ?? [],
    async release() {
      await queue;
      if (isReleased) return;
      isReleased = true;
      for (const engine of engines.values()) engine.release();
      engines.clear();
      current = undefined;
      gpu?.release();
      await fallback?.release();
    },
  };
}
