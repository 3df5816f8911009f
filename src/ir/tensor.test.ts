import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allocate,
  bytesPerElement,
  decodeHalf,
  dtypes,
  elementCount,
  f32,
  fromBytes,
  i64,
  scalar,
  type Tensor,
  toBytes,
  toNumbers,
} from './tensor.ts';

describe('tensors', () => {
  it('counts elements and bytes', () => {
    expect([elementCount([]), elementCount([2, 3]), elementCount([2, 0])]).toEqual([1, 6, 0]);
    expect(dtypes.map(bytesPerElement)).toEqual([4, 8, 2, 2, 1, 2, 4, 8, 1, 2, 4, 8, 1, 0]);
  });

  it('builds float and integer constants', () => {
    expect(f32([2, 2]).data).toEqual(new Float32Array(4));
    expect(scalar(0.1)).toEqual({ dtype: 'float32', dims: [], data: Float32Array.of(0.1) });
    expect(i64([-1, 2])).toEqual({ dtype: 'int64', dims: [2], data: BigInt64Array.of(-1n, 2n) });
  });

  it('round-trips bytes of every numeric type, unaligned ones too', () => {
    for (const dtype of dtypes) {
      if (dtype === 'string') continue;
      const bytes = Uint8Array.from({ length: 1 + 3 * bytesPerElement(dtype) }, (_, i) => 17 * i);
      const data = fromBytes(dtype, bytes.subarray(1));
      expect(data).toHaveLength(3);
      expect(toBytes({ dtype, dims: [3], data } as Tensor)).toEqual(bytes.slice(1));
      expect(allocate(dtype, 2)).toHaveLength(2);
    }
  });

  it('is little-endian', () => {
    expect([...fromBytes('int32', Uint8Array.of(1, 2, 0, 0))]).toEqual([513]);
  });

  it('reads every type as numbers', () => {
    const numbers = (tensor: Tensor) => toNumbers(tensor);
    expect(numbers(i64([-5]))).toEqual([-5]);
    expect(numbers({ dtype: 'bool', dims: [2], data: Uint8Array.of(0, 1) })).toEqual([0, 1]);
    expect(numbers({ dtype: 'bfloat16', dims: [2], data: Uint16Array.of(0x3fc0, 0xc000) })).toEqual([1.5, -2]);
    expect(numbers({ dtype: 'float16', dims: [2], data: Uint16Array.of(0x3e00, 0xfc00) })).toEqual([
      1.5,
      Number.NEGATIVE_INFINITY,
    ]);
    expect(() => toNumbers({ dtype: 'string', dims: [], data: [''] })).toThrow('internal: string tensor');
  });

  it('decodes half precision', () => {
    const cases = { 0: 0, 1: 2 ** -24, 1023: 1023 / 2 ** 24, 1024: 2 ** -14, 15360: 1, 31743: 65504, 49152: -2 };
    for (const [bits, value] of Object.entries(cases)) expect(decodeHalf(Number(bits))).toBe(value);
    expect(Object.is(decodeHalf(0x8000), -0)).toBe(true);
    expect(decodeHalf(0x7c01)).toBeNaN();
    const normal = fc.integer({ min: 0x0400, max: 0x7bfe });
    fc.assert(
      fc.property(normal, (bits) => {
        expect(decodeHalf(bits + 1)).toBeGreaterThan(decodeHalf(bits));
        expect(decodeHalf(bits | 0x8000)).toBe(-decodeHalf(bits));
      }),
    );
  });
});
