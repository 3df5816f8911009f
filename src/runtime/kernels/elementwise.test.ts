/** Quantized addition, quantization and its inverse against the reference. */

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { compare, createPair, type Pair, placePlanes } from '../../../test/kernels-harness.ts';
import { parameterBytes } from './kernels.ts';
import { createReferenceKernels } from './reference.ts';

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
