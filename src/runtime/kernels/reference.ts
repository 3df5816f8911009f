/**
 * The kernels in plain TypeScript: what they mean, written to be read. Tests compare the WebAssembly kernels with them;
 * they also run a network where WebAssembly has no SIMD, a hundred times slower.
 */

import type { Kernels } from './kernels.ts';
import { addInt8, dequantize, quantize } from './reference/elementwise.ts';
import { depthwise, patches, pool } from './reference/planes.ts';
import { product } from './reference/product.ts';

/** Kernels over a memory that the caller owns. */
export function createReferenceKernels(memory: WebAssembly.Memory): Kernels {
  return {
    name: 'reference',
    memory,
    product: (prepared, call) => product(memory, prepared, call),
    depthwise: (call) => depthwise(memory, call),
    depthwiseScratch: () => 0,
    patches: (call) => patches(memory, call),
    pool: (call) => pool(memory, call),
    addInt8: (call) => addInt8(memory, call),
    quantize: (call) => quantize(memory, call),
    dequantize: (call) => dequantize(memory, call),
  };
}
