/** Which kernels run: WebAssembly, or the reference where it is asked for. */

import type { Kernels } from './kernels/kernels.ts';
import { createReferenceKernels } from './kernels/reference.ts';
import { instantiateKernels } from './kernels/wasm/instance.ts';
import { compileKernels } from './kernels/wasm.ts';

export type KernelKind = 'wasm' | 'reference';

/** Pages that a memory needs before kernels can be made for it. */
export const kernelPages = 1;

/** Bytes at the beginning of the memory that no plan uses: constants of the module, and address 0, which means none. */
export const reservedBytes = 1024;

const modules = new Map<string, Promise<WebAssembly.Module>>();

/**
 * The kernels' module, compiled once for each kind of memory. `mayRelax`: with relaxed SIMD where the engine has it.
 * Throws E_DEVICE where it has no SIMD.
 */
export function kernelModule(shared: boolean, mayRelax: boolean): Promise<WebAssembly.Module> {
  const key = `${shared} ${mayRelax}`;
  const known = modules.get(key) ?? compileKernels({ shared, ...(!mayRelax && { relaxed: false }) });
  modules.set(key, known);
  return known;
}

/** Kernels of a kind over `memory`. */
export async function loadKernels(kind: KernelKind, memory: WebAssembly.Memory, mayRelax: boolean): Promise<Kernels> {
  if (kind === 'reference') return createReferenceKernels(memory);
  const shared = typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer;
  return instantiateKernels(await kernelModule(shared, mayRelax), memory);
}
