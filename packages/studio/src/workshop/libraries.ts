/** WebAssembly of ONNX Runtime: a gzipped file of the page, unpacked when it is first needed. */

import onnxruntime from 'virtual:onnxruntime';
import * as ort from 'onnxruntime-web/wasm';
import { unpack } from './unpack.ts';

let runtime: Promise<void> | undefined;

/** To be awaited before a graph is run. One thread: pages share no memory unless their server says so. */
export function prepareRuntime(): Promise<void> {
  runtime ??= unpack(onnxruntime, 'ONNX Runtime').then((binary) => {
    Object.assign(ort.env.wasm, { wasmBinary: binary, numThreads: 1, proxy: false });
    ort.env.logLevel = 'error';
  });
  return runtime;
}
