/** The contestants in Node. */

import { version } from 'node:process';
import { silenceTelemetry } from '../engine/telemetry.ts';
import * as own from '../runtime/node.ts';
import { type ContestOptions, holdContest, makeImage, type Runtime } from './contest.ts';
import type { Absence, BenchTask, Measurement } from './records.ts';
import { onnxRuntime, ownRuntime, tensorflowWasm } from './runtimes.ts';

/** In Node, each WebAssembly contestant on `threads` threads, onnxruntime-node too. */
const runtimes: readonly Runtime[] = [
  ownRuntime(own),
  onnxRuntime('onnxruntime-web', async (threads) => {
    const ort = await import('onnxruntime-web');
    ort.env.wasm.numThreads = threads;
    return { ort, options: { executionProviders: ['wasm'] } };
  }),
  onnxRuntime('onnxruntime-node', async (threads) => {
    silenceTelemetry();
    const ort = await import('onnxruntime-node');
    return { ort, options: { executionProviders: ['cpu'], intraOpNumThreads: threads } };
  }),
  tensorflowWasm(async (threads) => {
    const [tf, { setThreadsCount }] = await Promise.all([
      import('@tensorflow/tfjs'),
      import('@tensorflow/tfjs-backend-wasm'),
    ]);
    setThreadsCount(threads);
    if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend did not start');
    await tf.ready();
    return tf;
  }),
];

/** Those of a contest; `device` adds one. */
export const nodeRuntimes = (device?: 'webgpu'): readonly Runtime[] =>
  device ? [...runtimes, ownRuntime(own, device)] : runtimes;

export interface ContestResult {
  readonly engine: string;
  readonly measurements: Measurement[];
  readonly absent: Absence[];
}

/** All contestants in this process. */
export async function contestHere(
  { models, channels, size }: Pick<BenchTask, 'models' | 'channels' | 'size'>,
  options: ContestOptions,
  device?: 'webgpu',
): Promise<ContestResult> {
  const image = makeImage(channels, size);
  return { engine: `Node ${version}`, ...(await holdContest(nodeRuntimes(device), models, image, options)) };
}
