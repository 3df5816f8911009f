/** ONNX Runtime in WebAssembly, in the place of the toolkit's `engine/runtime.ts`. */

import * as ort from 'onnxruntime-web/wasm';
import type * as Node from '#toolkit/engine/runtime.ts';

/** The interface is that of the runtime for Node, as far as the toolkit uses it. */
export const loadRuntime: typeof Node.loadRuntime = () => ort as unknown as ReturnType<typeof Node.loadRuntime>;

/** In WebAssembly it gives such tensors back as they were (onnxruntime-web 1.30). */
export const fillsOutputs: typeof Node.fillsOutputs = false;

export const freeMegabytes: typeof Node.freeMegabytes = () => undefined;
