/**
 * The runtimes that can take part, each behind the same small interface. Libraries are loaded when they are asked for, and
 * what is not installed does not take part. Left out: LiteRT.js, which reads .tflite files only.
 */

import type * as Ort from 'onnxruntime-common';
import type { SessionFactory } from '../runtime/api.ts';
import type { Tensor } from '../runtime/exports.ts';
import type { InferenceSession } from '../runtime/session.ts';
import type { Runtime } from './contest.ts';
import { loadTensorflow, type Tensorflow } from './tensorflow.ts';

const everyForm = ['hybrid', 'hybrid-fast', 'hybrid-float', 'int8', 'int4', 'fp32'] as const;

export interface OwnRuntime {
  readonly InferenceSession: SessionFactory;
  readonly Tensor: typeof Tensor;
}

/** `device`: a row of its own beside that of the CPU. */
export function ownRuntime({ InferenceSession: factory, Tensor: Own }: OwnRuntime, device?: 'webgpu'): Runtime {
  return {
    name: device ? `tritbank ${device}` : 'tritbank',
    forms: everyForm,
    async load(model, { data, dims }, threads) {
      const session: InferenceSession = await factory.create(model, { threads, ...(device && { device }) });
      const feeds = { [session.inputNames[0]!]: new Own('float32', data, dims) };
      const output = session.outputNames[0]!;
      const { memory, adapter } = session;
      return {
        ...(memory && { memory }),
        ...(adapter && { adapter }),
        run: async () => (await session.run(feeds))[output]!.data as Float32Array,
        release: () => session.release(),
      };
    },
  };
}

/** onnxruntime-web or onnxruntime-node: `open` imports the library and sets the number of threads. */
export function onnxRuntime(
  name: string,
  open: (threads: number) => Promise<{ ort: typeof Ort; options: Ort.InferenceSession.SessionOptions }>,
): Runtime {
  return {
    name,
    forms: everyForm,
    open,
    async load(model, { data, dims }, threads) {
      const { ort, options } = await open(threads);
      const session = await ort.InferenceSession.create(model, { ...options, logSeverityLevel: 3 });
      const feeds = { [session.inputNames[0]!]: new ort.Tensor('float32', data, dims) };
      const output = session.outputNames[0]!;
      return {
        run: async () => (await session.run(feeds))[output]!.data as Float32Array,
        release: () => session.release(),
      };
    },
  };
}

/** TensorFlow.js with its WebAssembly backend, on the network in full precision. */
export function tensorflowWasm(open: (threads: number) => Promise<Tensorflow>): Runtime {
  return {
    name: 'tfjs-wasm',
    forms: ['fp32'],
    open,
    async load(model, image, threads) {
      return loadTensorflow(await open(threads), model, image);
    },
  };
}
