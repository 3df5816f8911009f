/** Which variant is chosen for a matrix. */

import { describe, expect, it } from 'vitest';
import { type MatrixShape, randomWeights } from '../../../test/kernels-layout.ts';
import type { Weights } from './kernels.ts';
import { prepareProduct } from './prepare.ts';

describe('prepareProduct', () => {
  const choose = (kind: Weights['kind'], shape: MatrixShape, activations: 'int8' | 'float32') =>
    prepareProduct(randomWeights(kind, shape, 1), activations, { pixels: shape.pixels }).variant;

  it('lists the additions of sparse matrices and looks up those of dense ones', () => {
    const shape = { rows: 256, columns: 256, pixels: 196 };
    expect(choose('ternary', { ...shape, density: 0.05 }, 'int8')).toBe('ternary_listed_int8');
    expect(choose('ternary', { ...shape, density: 0.67 }, 'int8')).toMatch(/^ternary_lookup/);
    expect(choose('ternary', { ...shape, density: 0.05 }, 'float32')).toBe('ternary_listed_float32');
    expect(choose('ternary', { ...shape, density: 0.67 }, 'float32')).toMatch(/^ternary_lookup/);
  });

  it('takes columns as lanes for single pixels', () => {
    const shape = { rows: 1000, columns: 512, pixels: 1, density: 0.5 };
    expect(choose('int8', shape, 'int8')).toBe('int8_vector_int8');
    expect(choose('float32', shape, 'float32')).toBe('float32_vector_float32');
  });

  it('refuses what no variant can compute', () => {
    const shape = { rows: 2, columns: 2, pixels: 4, density: 1 };
    expect(() => choose('float32', shape, 'int8')).toThrow('internal: no kernel for float32 weights and int8');
    const weights = randomWeights('int8', shape, 1);
    expect(() => prepareProduct(weights, 'int8', { force: 'ternary_listed_int8' })).toThrow(
      'internal: no ternary_listed_int8 for int8 weights and int8',
    );
  });
});
