/**
 * The kernels in WebAssembly, compiled from assembly/. Needs SIMD128, which every current engine has; relaxed SIMD is
 * used where the engine knows it. Several threads can share one compiled module and one memory, each with its own
 * instance: instances keep no state.
 */

import { TritbankError } from '../../ir/index.ts';
import type { Kernels } from './kernels.ts';
import { hasRelaxedSimd, hasSimd } from './wasm/detect.ts';
import { instantiateKernels } from './wasm/instance.ts';
import { type ModuleOptions, readModule } from './wasm/modules.ts';

export { dotOffset, hasRelaxedSimd, hasSimd } from './wasm/detect.ts';

export interface WasmKernelOptions {
  /** Default: a new one of 1 MiB that can grow. */
  readonly memory?: WebAssembly.Memory;
  /** Whether to use relaxed SIMD: default where the engine has it. */
  readonly relaxed?: boolean;
  /** What `compileKernels` returned, for a memory of the same kind. */
  readonly module?: WebAssembly.Module;
}

/** A module to share between threads. Throws E_DEVICE where the engine has no SIMD. */
export async function compileKernels(options: Partial<ModuleOptions> = {}): Promise<WebAssembly.Module> {
  if (!hasSimd()) {
    throw new TritbankError('E_DEVICE', 'WebAssembly', 'expected an engine with SIMD, found one without');
  }
  const { shared = false, relaxed = hasRelaxedSimd() } = options;
  return compile(await readModule({ shared, relaxed }));
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
  const { memory = new WebAssembly.Memory({ initial: 16 }), relaxed, module } = options;
  const shared = typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer;
  const compiled = module ?? (await compileKernels({ shared, ...(relaxed !== undefined && { relaxed }) }));
  return instantiateKernels(compiled, memory);
}
