/** Quantized addition, quantization, its inverse; the modules for other engines and for shared memory. */

import { setFlagsFromString } from 'node:v8';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Kernels, parameterBytes } from '../../src/runtime/kernels/kernels.ts';
import { prepareProduct } from '../../src/runtime/kernels/prepare.ts';
import { createReferenceKernels } from '../../src/runtime/kernels/reference.ts';
import { compileKernels, createWasmKernels, hasRelaxedSimd, hasSimd } from '../../src/runtime/kernels/wasm.ts';
import { compare, createPair, type Pair, placePlanes } from './kernels-harness.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await createPair(1);
});

const int8 = fc.integer({ min: -128, max: 127 });
const scale = fc.float({ min: Math.fround(1e-3), max: 4, noNaN: true });
const counts = fc.integer({ min: 0, max: 70 });

describe('addInt8', () => {
  it('adds as the reference does', () => {
    const property = fc.property(
      fc.tuple(scale, scale, scale),
      fc.tuple(int8, int8, int8),
      fc.tuple(int8, int8),
      counts,
      fc.nat(),
      (scales, zeroPoints, bounds, count, seed) => {
        compare(pair, seed, (layout, random) => {
          const a = placePlanes(layout, random, { type: 'int8', planes: 1, stride: count });
          const b = placePlanes(layout, random, { type: 'int8', planes: 1, stride: count });
          const y = layout.reserve(count);
          const scratch = layout.scratch(parameterBytes);
          const [lower, upper] = [Math.min(...bounds), Math.max(...bounds)];
          return {
            output: { type: 'int8', address: y, planes: 1, pixels: count, stride: count },
            call: (kernels) => kernels.addInt8({ a, b, y, count, scratch, scales, zeroPoints, lower, upper }),
          };
        });
      },
    );
    fc.assert(property, { numRuns: 200 });
  });
});

describe('quantize and dequantize', () => {
  const special = [
    0,
    -0,
    0.5,
    1.5,
    2.5,
    -0.5,
    -1.5,
    1e30,
    -1e30,
    Number.NaN,
    Infinity,
    -Infinity,
    127.5,
    -128.5,
    1e-40,
  ];

  it('rounds halves to even, saturates, takes NaN for the least', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    new Float32Array(memory.buffer).set(special);
    createReferenceKernels(memory).quantize({ x: 0, y: 1024, count: special.length, scale: 1, zeroPoint: 0 });
    const found = Array.from(new Int8Array(memory.buffer, 1024, special.length));
    expect(found).toEqual([0, 0, 0, 2, 2, 0, -2, 127, -128, -128, 127, -128, 127, -128, 0]);
  });

  it('are those of the reference', () => {
    const floats = fc.array(fc.oneof(fc.constantFrom(...special), fc.float({ min: -600, max: 600 })), {
      maxLength: 70,
    });
    const property = fc.property(floats, scale, int8, fc.nat(), (values, s, zeroPoint, seed) => {
      const count = values.length;
      compare(pair, seed, (layout) => {
        const x = layout.place(Float32Array.from(values));
        const y = layout.reserve(count);
        return {
          output: { type: 'int8', address: y, planes: 1, pixels: count, stride: count },
          call: (kernels) => kernels.quantize({ x, y, count, scale: s, zeroPoint }),
        };
      });
      compare(pair, seed, (layout, random) => {
        const x = placePlanes(layout, random, { type: 'int8', planes: 1, stride: count });
        const y = layout.reserve(4 * count);
        return {
          output: { type: 'float32', address: y, planes: 1, pixels: count, stride: count, tolerance: () => 0 },
          call: (kernels) => kernels.dequantize({ x, y, count, scale: s, zeroPoint }),
        };
      });
    });
    fc.assert(property, { numRuns: 200 });
  });
});

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
    const instances = [await createWasmKernels({ memory, bytes: module }), await createWasmKernels({ memory })];
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
    setFlagsFromString('--experimental-wasm-relaxed-simd');
    if (!hasRelaxedSimd()) return;
    const kernels = await createWasmKernels({ relaxed: true });
    expect(kernels.name).toBe('relaxed-simd');
    expectClose(multiply(kernels));
  });
});
