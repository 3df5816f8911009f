/** ONNX Runtime as Node has it. A bundle for browsers puts another module with these functions in this one's place. */

import { createRequire } from 'node:module';
import { freemem } from 'node:os';
import type * as Ort from 'onnxruntime-node';
import { silenceTelemetry } from './telemetry.ts';

const require = createRequire(import.meta.url);
let runtime: typeof Ort | undefined;

/** Loads ONNX Runtime at first use, so that commands which run no graph start without it. */
export function loadRuntime(): typeof Ort {
  silenceTelemetry();
  runtime ??= require('onnxruntime-node') as typeof Ort;
  return runtime;
}

/** Whether a run writes into the tensors that it is given for its outputs. */
export const fillsOutputs: boolean = true;

/** Free memory of the machine; undefined where nothing tells. */
export const freeMegabytes = (): number | undefined => Math.round(freemem() / 2 ** 20);
