/**
 * The kernels in WebAssembly, compiled from assembly/. Needs SIMD128, which every current engine has; relaxed SIMD is
 * used where the engine knows it. Several threads can share one compiled module and one memory, each with its own
 * instance: instances keep no state.
 */

import { TritbankError } from '../../ir/index.ts';
import type { Kernels } from './kernels.ts';
import { depthwiseScratch } from './wasm/depthwise-scratch.ts';
import { hasRelaxedSimd, hasSimd } from './wasm/detect.ts';
import type { KernelExports } from './wasm/exports.ts';
import { type ModuleOptions, readModule } from './wasm/modules.ts';
import { createWriter } from './wasm/parameters.ts';

export { hasRelaxedSimd, hasSimd } from './wasm/detect.ts';

export interface WasmKernelOptions {
  /** Default: a new one of 1 MiB that can grow. */
  readonly memory?: WebAssembly.Memory;
  /** Whether to use relaxed SIMD: default where the engine has it. */
  readonly relaxed?: boolean;
  /** What `compileKernels` returned, for a memory of the same kind, or its binary. */
  readonly bytes?: BufferSource | WebAssembly.Module;
}

/** A module to share between threads. Throws E_DEVICE where the engine has no SIMD. */
export function compileKernels(options: Partial<ModuleOptions> = {}): Promise<WebAssembly.Module> {
  if (!hasSimd()) {
    throw new TritbankError('E_DEVICE', 'WebAssembly', 'expected an engine with SIMD, found one without');
  }
  const { shared = false, relaxed = hasRelaxedSimd() } = options;
  return compile(readModule({ shared, relaxed }));
}

/**
 * In Node in place. While it waits for nothing but work in the background, Node 20 stops its event loop, and with it the
 * collections of garbage that other work in the background may wait for: one of three processes never went on.
 */
async function compile(bytes: BufferSource): Promise<WebAssembly.Module> {
  const isNode = 'process' in globalThis;
  return isNode ? new WebAssembly.Module(bytes) : WebAssembly.compile(bytes);
}

export async function createWasmKernels(options: WasmKernelOptions = {}): Promise<Kernels> {
  const { memory = new WebAssembly.Memory({ initial: 16 }), relaxed, bytes } = options;
  const shared = typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer;
  const module = await toModule(bytes ?? compileKernels({ shared, ...(relaxed !== undefined && { relaxed }) }));
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  return wrap(exports, memory);
}

async function toModule(
  source: BufferSource | WebAssembly.Module | Promise<WebAssembly.Module>,
): Promise<WebAssembly.Module> {
  const settled = await source;
  return settled instanceof WebAssembly.Module ? settled : compile(settled);
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
