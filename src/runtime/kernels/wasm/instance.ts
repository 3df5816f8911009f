/** An instance of the compiled kernels. */

import type { Kernels } from '../kernels.ts';
import { depthwiseScratch } from './depthwise-scratch.ts';
import type { KernelExports } from './exports.ts';
import { createWriter } from './parameters.ts';

/** Of a module that was compiled for a memory of the same kind. */
export async function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Kernels> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  return wrap(exports, memory);
}

function wrap(exports: WebAssembly.Exports, memory: WebAssembly.Memory): Kernels {
  const kernels = exports as unknown as KernelExports;
  const writer = createWriter(memory);
  return {
    name: kernels.relaxed.value === 1 ? 'relaxed-simd' : 'simd',
    memory,
    product(prepared, call) {
      writer.product(prepared, call);
      kernels[prepared.variant](call.scratch);
    },
    depthwise(call) {
      writer.depthwise(call);
      kernels.depthwise(call.scratch);
    },
    depthwiseScratch,
    patches(call) {
      writer.patches(call);
      kernels[`patches_${call.type}`](call.scratch);
    },
    pool(call) {
      writer.pool(call);
      kernels[`pool_${call.quantization.type}`](call.scratch);
    },
    addInt8(call) {
      writer.addInt8(call);
      kernels.add_int8(call.scratch);
    },
    quantize: ({ x, y, count, scale, zeroPoint }) => kernels.quantize(x, y, count, scale, zeroPoint),
    dequantize: ({ x, y, count, scale, zeroPoint }) => kernels.dequantize(x, y, count, scale, zeroPoint),
  };
}
