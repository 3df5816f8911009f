/** The contest in a page: `in-chromium.ts` serves this module, its libraries and the models, and calls `bench`. */

import type * as Tf from '@tensorflow/tfjs';
import type { SizeOption } from '../images/size.ts';
import * as own from '../runtime/index.ts';
import { type ContestOptions, holdContest, makeImage, type Runtime } from './contest.ts';
import type { Absence, Measurement, ModelForm } from './records.ts';
import { onnxRuntime, ownRuntime, tensorflowWasm } from './runtimes.ts';

interface PageTask {
  readonly channels: number;
  readonly size: SizeOption;
  /** Form and address of each model. */
  readonly models: readonly (readonly [ModelForm, string])[];
}

interface Globals {
  tf?: typeof Tf & { readonly wasm: { setThreadsCount(count: number): void; setWasmPaths(prefix: string): void } };
  bench?: typeof bench;
}
const globals = globalThis as unknown as Globals;

const runtimes: readonly Runtime[] = [
  ownRuntime(own),
  onnxRuntime('onnxruntime-web', async (threads) => {
    const ort = await import('onnxruntime-web');
    ort.env.wasm.numThreads = threads;
    ort.env.wasm.wasmPaths = '/packages/onnxruntime-web/dist/';
    return { ort, options: { executionProviders: ['wasm'] } };
  }),
  tensorflowWasm(async (threads) => {
    const { tf } = globals;
    if (!tf?.wasm) throw new Error('@tensorflow/tfjs is not installed');
    tf.wasm.setWasmPaths('/packages/@tensorflow/tfjs-backend-wasm/dist/');
    tf.wasm.setThreadsCount(threads);
    if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend did not start');
    await tf.ready();
    return tf;
  }),
];

async function bench(
  { channels, size, models }: PageTask,
  options: ContestOptions,
): Promise<{ measurements: Measurement[]; absent: Absence[] }> {
  const files = await Promise.all(
    models.map(async ([form, url]) => [form, new Uint8Array(await (await fetch(url)).arrayBuffer())] as const),
  );
  return holdContest(runtimes, new Map(files), makeImage(channels, size), options);
}
globals.bench = bench;
