/** All that Tritbank does with a model: reading, rewriting, counting, running; and whether it says what a peer says. */

import * as ort from 'onnxruntime-node';
import { inspectModel } from '../../../src/compress/inspect.ts';
import { measureCost } from '../../../src/cost/index.ts';
import { elementCount, type Graph, Random, TritbankError } from '../../../src/ir/index.ts';
import { readModel, writeModel } from '../../../src/onnx/index.ts';
import { normalizeNetwork, unpackNetwork } from '../../../src/passes/index.ts';
import { InferenceSession, Tensor } from '../../../src/runtime/node.ts';
import type { Trial } from '../target.ts';

/** Larger inputs are not run: what a mutant computes is its own business. */
const maxElements = 2 ** 14;

/** Does the work; a TritbankError is an answer. */
async function attempt<T>(action: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof TritbankError) return undefined;
    throw error;
  }
}

/** Numbers for all inputs, a symbol being 1; undefined where they are no small tensors of floats or bytes. */
export function feedsOf(graph: Graph): Record<string, Tensor> | undefined {
  const random = new Random(7, 'feeds');
  const feeds: Record<string, Tensor> = {};
  for (const { name, type } of graph.inputs) {
    const dims = type?.shape?.map((d) => (typeof d === 'number' ? d : 1));
    if (!dims || elementCount(dims) > maxElements || elementCount(dims) === 0) return undefined;
    const { dtype } = type!;
    if (dtype !== 'float32' && dtype !== 'uint8' && dtype !== 'int8') return undefined;
    const length = elementCount(dims);
    const data =
      dtype === 'float32'
        ? Float32Array.from({ length }, () => random.normal())
        : new (dtype === 'uint8' ? Uint8Array : Int8Array)(Array.from({ length }, () => random.int(100)));
    feeds[name] = new Tensor(dtype, data, dims);
  }
  return feeds;
}

/** What to do with the bytes of a model; a word for what became of them. */
export async function tryModel(bytes: Uint8Array, trial: Trial, read = () => readModel(bytes)): Promise<string> {
  const graph = read();
  await attempt(() => writeModel(graph));
  await attempt(() => normalizeNetwork(graph.clone()));
  await attempt(() => unpackNetwork(graph.clone()));
  await attempt(() => inspectModel(graph.clone()));
  await attempt(() => measureCost(graph));
  const feeds = feedsOf(graph);
  if (!feeds) return 'read';
  const threads = trial.index % 20 === 0 ? 2 : 1;
  const own = await attempt(async () => {
    const session = await InferenceSession.create(bytes, { threads });
    try {
      return await session.run(feeds);
    } finally {
      await session.release();
    }
  });
  if (!own) return 'read';
  if (hasExtremes(graph)) return 'run';
  trial.leave();
  const theirs = await peerResults(bytes, feeds);
  if (!theirs) return 'run';
  for (const [name, tensor] of Object.entries(own)) compare(name, tensor, theirs[name]);
  return 'compared';
}

async function peerResults(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Readonly<Record<string, ort.Tensor>> | undefined> {
  const options = { logSeverityLevel: 4, intraOpNumThreads: 1, graphOptimizationLevel: 'basic' } as const;
  try {
    const session = await ort.InferenceSession.create(bytes, options);
    const inputs = Object.entries(feeds).map(([name, { type, data, dims }]) => {
      return [name, new ort.Tensor(type as 'float32', data as Float32Array, dims)] as const;
    });
    try {
      return (await session.run(Object.fromEntries(inputs))) as Record<string, ort.Tensor>;
    } finally {
      await session.release();
    }
  } catch {
    return undefined; // it refuses what Tritbank takes
  }
}

/** Of the largest value: sums of thousands in another order, and in half precision for what a file stores so. */
const tolerance = 2e-3;
/** Beyond this, what overflows where is chance. */
const largest = 1e15;

/** Constants with which intermediate values overflow: what 8-bit rounding makes of infinity is each machine's own. */
function hasExtremes(graph: Graph): boolean {
  return graph.initializers.some(({ constant }) => {
    return constant?.dtype === 'float32' && (constant.data as Float32Array).some((v) => !(Math.abs(v) < largest));
  });
}

function compare(name: string, own: Tensor, theirs: ort.Tensor | undefined): void {
  if (!theirs) throw new Error(`output '${name}': ONNX Runtime has none`);
  const [a, b] = [Array.from(own.data), Array.from(theirs.data as Float32Array)];
  if (own.dims.join() !== theirs.dims.join()) {
    throw new Error(`output '${name}': [${own.dims.join()}], ONNX Runtime has [${theirs.dims.join()}]`);
  }
  const scale = b.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  if (!(scale < largest)) return;
  // integers may be one apart where a value lies between two
  const allowed = own.type === 'float32' ? tolerance * scale + 1e-6 : 1;
  const at = a.findIndex((v, i) => !(Math.abs(v - b[i]!) <= allowed));
  if (at >= 0) throw new Error(`output '${name}' element ${at}: ${a[at]}, ONNX Runtime has ${b[at]}`);
}
