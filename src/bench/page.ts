/** The contest in a page: `in-chromium.ts` serves this module, its libraries and the models, and calls `bench`. */

import type * as Tf from '@tensorflow/tfjs';
import type { SizeOption } from '../images/size.ts';
import * as own from '../runtime/index.ts';
import { type ContestOptions, holdContest, makeImage, type Runtime, startCold } from './contest.ts';
import type { Absence, ColdStart, Measurement, ModelForm } from './records.ts';
import { onnxRuntime, ownRuntime, tensorflowWasm } from './runtimes.ts';

interface PageTask {
  readonly channels: number;
  readonly size: SizeOption;
  /** Form and address of each model. */
  readonly models: readonly (readonly [ModelForm, string])[];
  readonly device?: 'webgpu';
}

interface Globals {
  tf?: typeof Tf & { readonly wasm: { setThreadsCount(count: number): void; setWasmPaths(prefix: string): void } };
  bench?: typeof bench;
  start?: typeof start;
}
const globals = globalThis as unknown as Globals;

const everyRuntime: readonly Runtime[] = [
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

const runtimesWith = (device: PageTask['device']) =>
  device ? [...everyRuntime, ownRuntime(own, device)] : everyRuntime;

const readModel = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());

async function bench(
  { channels, size, models, device }: PageTask,
  options: ContestOptions,
): Promise<{ measurements: Measurement[]; absent: Absence[] }> {
  const files = await Promise.all(models.map(async ([form, url]) => [form, await readModel(url)] as const));
  return holdContest(runtimesWith(device), new Map(files), makeImage(channels, size), options);
}
globals.bench = bench;

async function start(
  { channels, size, models: [model], device }: PageTask,
  runtime: string,
  threads: number,
): Promise<ColdStart> {
  const found = runtimesWith(device).find(({ name }) => name === runtime)!;
  return startCold(found, () => readModel(model![1]), makeImage(channels, size), threads);
}
globals.start = start;
