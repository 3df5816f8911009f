/** WebAssembly of ONNX Runtime and of HiGHS: gzipped files of the page, unpacked when they are first needed. */

import highs from 'virtual:highs';
import onnxruntime from 'virtual:onnxruntime';
import * as ort from 'onnxruntime-web/wasm';
import { TritbankError } from '#toolkit/ir/errors.ts';

async function unpack(url: string, name: string): Promise<ArrayBuffer> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new TritbankError('E_FILE', name, `expected a part of this page, found ${String(cause)}`, { cause });
  });
  if (!response.ok || !response.body) {
    throw new TritbankError('E_FILE', name, `expected a part of this page, found status ${response.status}`);
  }
  // a server that says what the file is has had it unpacked already
  const isUnpacked = response.headers.get('content-encoding') === 'gzip';
  const body = isUnpacked ? response.body : response.body.pipeThrough(new DecompressionStream('gzip'));
  return new Response(body).arrayBuffer();
}

let runtime: Promise<void> | undefined;

/** To be awaited before a graph is run. One thread: pages share no memory unless their server says so. */
export function prepareRuntime(): Promise<void> {
  runtime ??= unpack(onnxruntime, 'ONNX Runtime').then((binary) => {
    Object.assign(ort.env.wasm, { wasmBinary: binary, numThreads: 1, proxy: false });
    ort.env.logLevel = 'error';
  });
  return runtime;
}

/** The solver's module, for the toolkit's `loadHighs`. */
export const solverBinary = (): Promise<ArrayBuffer> => unpack(highs, 'HiGHS');
