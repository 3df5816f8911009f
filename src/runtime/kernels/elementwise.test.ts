/** Quantized addition, quantization and its inverse against the reference. */

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  additionCase,
  additions,
  dequantizeCase,
  quantizations,
  quantizeCase,
  specialFloats,
} from '../../../test/kernel-cases.ts';
import { compare, createPair, type Pair } from '../../../test/kernels-harness.ts';
import { createReferenceKernels } from './reference.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await createPair(1);
});

const counts = fc.integer({ min: 0, max: 70 });

describe('addInt8', () => {
  it('adds as the reference does', () => {
    const property = fc.property(additions, counts, fc.nat(), (addition, count, seed) => {
      compare(pair, seed, additionCase(addition, count));
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe('quantize and dequantize', () => {
  it('rounds halves to even, saturates, takes NaN for the least', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    new Float32Array(memory.buffer).set(specialFloats);
    createReferenceKernels(memory).quantize({ x: 0, y: 1024, count: specialFloats.length, scale: 1, zeroPoint: 0 });
    const found = Array.from(new Int8Array(memory.buffer, 1024, specialFloats.length));
    expect(found).toEqual([0, 0, 0, 2, 2, 0, -2, 127, -128, -128, 127, -128, 127, -128, 0]);
  });

  it('are those of the reference', () => {
    const floats = fc.array(fc.oneof(fc.constantFrom(...specialFloats), fc.float({ min: -600, max: 600 })), {
      maxLength: 70,
    });
    const property = fc.property(floats, quantizations, fc.nat(), (values, quantization, seed) => {
      compare(pair, seed, quantizeCase(quantization, values));
      compare(pair, seed, dequantizeCase(quantization, values.length));
    });
    fc.assert(property, { numRuns: 200 });
  });
});
