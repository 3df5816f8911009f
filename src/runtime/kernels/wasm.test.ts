/** The modules for other engines and for shared memory. */

import { describe, expect, it } from 'vitest';
import type { Kernels } from './kernels.ts';
import { prepareProduct } from './prepare.ts';
import { createReferenceKernels } from './reference.ts';
import { compileKernels, createWasmKernels, hasRelaxedSimd, hasSimd } from './wasm.ts';

describe('modules', () => {
  /** A product of 5 x 7 float32 weights by 3 pixels. */
  function multiply(kernels: Kernels): number[] {
    const values = Float32Array.from({ length: 35 }, (_, i) => Math.sin(i));
    const prepared = prepareProduct({ kind: 'float32', rows: 5, columns: 7, values }, 'float32', {
      force: 'float32_dense_float32',
    });
    const { buffer } = kernels.memory;
    new Uint8Array(buffer, 8192, prepared.data.length).set(prepared.data);
    new Float32Array(buffer, 1024, 7 * 32).forEach((_, i, x) => {
      x[i] = Math.cos(i);
    });
    const epilogue = { type: 'float32', biases: 512, multipliers: 0, lower: -Infinity, upper: Infinity } as const;
    const place = { data: 8192, scratch: 16_384, x: 1024, xStride: 32, y: 4096, yStride: 32 };
    kernels.product(prepared, { ...place, from: 0, to: 3, epilogue });
    return Array.from({ length: 15 }, (_, i) => new Float32Array(buffer, 4096)[Math.floor(i / 3) * 32 + (i % 3)]!);
  }
  const expected = multiply(createReferenceKernels(new WebAssembly.Memory({ initial: 16 })));
  const expectClose = (found: number[]) => {
    for (const [i, y] of found.entries()) expect(y).toBeCloseTo(expected[i]!, 5);
  };

  it('is there with SIMD in every engine that runs these tests', async () => {
    expect(hasSimd()).toBe(true);
    const kernels = await createWasmKernels({ relaxed: false });
    expect(kernels.name).toBe('simd');
    expectClose(multiply(kernels));
  });

  it('runs several instances of one module in one shared memory', async () => {
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 1024, shared: true });
    const module = await compileKernels({ shared: true });
    const instances = [await createWasmKernels({ memory, module }), await createWasmKernels({ memory })];
    for (const kernels of instances) {
      new Uint8Array(memory.buffer).fill(0);
      expectClose(multiply(kernels));
    }
  });

  it('goes on after its memory has grown', async () => {
    const kernels = await createWasmKernels({ memory: new WebAssembly.Memory({ initial: 1 }) });
    kernels.memory.grow(10);
    expectClose(multiply(kernels));
  });

  it('uses relaxed SIMD where the engine has it', async () => {
    if (!hasRelaxedSimd()) return;
    const kernels = await createWasmKernels({ relaxed: true });
    expect(kernels.name).toBe('relaxed-simd');
    expectClose(multiply(kernels));
  });
});
