/** Runs kernel calls twice, by the reference and in WebAssembly, and compares. */

import { expect } from 'vitest';
import type { Kernels } from '../src/runtime/kernels/kernels.ts';
import { createReferenceKernels } from '../src/runtime/kernels/reference.ts';
import { createWasmKernels } from '../src/runtime/kernels/wasm.ts';
import { differenceIn, type KernelCase, placeCase } from './kernels-layout.ts';

export interface Pair {
  readonly reference: Kernels;
  readonly wasm: Kernels;
}

/** Memories of so many 64 KiB: small ones make fast tests. */
/** `relaxed`: whether with relaxed SIMD; by default where the engine has it. */
export async function createPair(pages: number, relaxed?: boolean): Promise<Pair> {
  return {
    reference: createReferenceKernels(new WebAssembly.Memory({ initial: pages })),
    wasm: await createWasmKernels({
      memory: new WebAssembly.Memory({ initial: pages }),
      ...(relaxed !== undefined && { relaxed }),
    }),
  };
}

export function compare({ reference, wasm }: Pair, seed: number, prepare: KernelCase): void {
  const placed = placeCase(reference, wasm, seed, prepare);
  placed.call(reference);
  placed.call(wasm);
  const difference = differenceIn(reference, wasm, placed);
  if (difference) expect.fail(difference);
}
