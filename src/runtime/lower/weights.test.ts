import { describe, expect, it } from 'vitest';
import { f32, Graph, type Tensor } from '../../ir/index.ts';
import { type Constant, constantOf } from './operand.ts';
import { rowWeights } from './weights.ts';

const node = new Graph().add('Conv', [], {}, { name: 'n' });

const int8 = (dims: number[], ...values: number[]): Tensor => ({ dtype: 'int8', dims, data: Int8Array.from(values) });

/** Integers with scales, and zero points, along an axis. */
function quantized(values: Tensor, scales: number[], axis = 0, zeroPoints?: number[]): Constant {
  const tensor = () => f32(values.dims, values.data as Int8Array);
  return {
    kind: 'constant',
    dims: values.dims,
    isFromShape: false,
    quantized: { values, scales, zeroPoints, axis },
    tensor,
  };
}

describe('floats', () => {
  it('are ternary where they are trits', () => {
    const { weights, scales } = rowWeights(node, constantOf(f32([2, 2], [1, 0, -1, -0])), 2);
    expect(weights).toEqual({ kind: 'ternary', values: Int8Array.of(1, 0, -1, 0) });
    expect(scales).toBeUndefined();
  });

  it('stay floats otherwise, without a copy', () => {
    const tensor = f32([2, 2], [1, 0, -1, 0.5]);
    const { weights } = rowWeights(node, constantOf(tensor), 2);
    expect(weights.kind).toBe('float32');
    expect(weights.values).toBe(tensor.data);
  });

  it('have filters as rows', () => {
    const { weights } = rowWeights(node, constantOf(f32([2, 3], [1, 2, 3, 4, 5, 6])), 3, true);
    expect([...(weights.values as Float32Array)]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it('are not of other types', () => {
    const half: Tensor = { dtype: 'float16', dims: [1, 1], data: Uint16Array.of(0x3c00) };
    expect(() => rowWeights(node, constantOf(half), 1)).toThrow(
      expect.objectContaining({ code: 'E_UNSUPPORTED', detail: 'expected float32 weights, found float16' }),
    );
  });
});

describe('integers', () => {
  it('keep a scale for each row', () => {
    const result = rowWeights(node, quantized(int8([2, 2], 3, -128, 0, 127), [0.5, 0.25]), 2);
    expect(result.weights).toEqual({ kind: 'int8', values: Int8Array.of(3, -128, 0, 127) });
    expect(result.scales).toEqual(Float32Array.of(0.5, 0.25));
  });

  it('are ternary where they are trits; one scale is that of all rows', () => {
    const result = rowWeights(node, quantized(int8([2, 2], 1, -1, 0, 1), [0.5]), 2);
    expect(result.weights.kind).toBe('ternary');
    expect(result.scales).toEqual(Float32Array.of(0.5, 0.5));
  });

  it('lose their zero points', () => {
    const bytes: Tensor = { dtype: 'uint8', dims: [2, 2], data: Uint8Array.of(128, 130, 10, 9) };
    const { weights } = rowWeights(node, quantized(bytes, [1, 1], 0, [128, 10]), 2);
    expect([...(weights.values as Int8Array)]).toEqual([0, 2, 0, -1]);
    const columns = rowWeights(node, quantized(bytes, [1, 1], 1, [128, 9]), 2, true);
    expect([...(columns.weights.values as Float32Array)]).toEqual([0, -118, 121, 0]);
  });

  it('become floats where they do not fit, or scales are not those of rows', () => {
    const bytes: Tensor = { dtype: 'uint8', dims: [1, 2], data: Uint8Array.of(0, 255) };
    expect(rowWeights(node, quantized(bytes, [1], 0, [100]), 1).weights.kind).toBe('float32');
    expect(rowWeights(node, quantized(int8([2, 2], 3, 4, 5, 6), [1, 2], 1), 2).weights.kind).toBe('float32');
    expect(() => rowWeights(node, quantized(int8([2, 2], 3, 4, 5, 6), [1, 2, 3]), 2)).toThrow(
      expect.objectContaining({ code: 'E_SHAPE', detail: 'expected 2 scales of weights, found 3' }),
    );
  });
});
