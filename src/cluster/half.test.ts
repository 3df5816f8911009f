import { describe, expect, it } from 'vitest';
import { fromHalf, sumHalves, toHalf } from './half.ts';

describe('half precision', () => {
  it('decodes and encodes every number to itself', () => {
    const all = Array.from({ length: 65536 }, (_, bits) => bits);
    const numbers = all.filter((bits) => !Number.isNaN(fromHalf(bits)));
    expect(numbers.filter((bits) => toHalf(fromHalf(bits)) !== bits)).toEqual([]);
    expect(numbers).toHaveLength(65536 - 2 * 1023);
    expect(fromHalf(toHalf(Number.NaN))).toBeNaN();
  });

  it('rounds to the nearest, in the middle to the even one', () => {
    for (let bits = 0; bits < 0x7bff; bits += 37) {
      const [low, high] = [fromHalf(bits), fromHalf(bits + 1)];
      const middle = (low + high) / 2;
      expect(toHalf(middle)).toBe(bits % 2 === 0 ? bits : bits + 1);
      expect(toHalf(low + (high - low) * 0.4)).toBe(bits);
      expect(toHalf(low + (high - low) * 0.6)).toBe(bits + 1);
      expect(toHalf(-middle)).toBe(0x8000 | toHalf(middle));
    }
    expect([65519, 65520, 1e9, -1e9].map((v) => fromHalf(toHalf(v)))).toEqual([65504, ...[1, 1, -1].map((s) => s / 0)]);
  });

  it('adds rows in single precision', () => {
    const rows = Uint16Array.from([1, 2 ** -11, 60000, 2 ** -11, 2 ** -11, 60000, 2 ** -11, 0, -60000].map(toHalf));
    const sums = new Uint16Array(3);
    sumHalves(rows, 3, sums);
    // 1 + 2^-10 needs both small terms: one alone would round away
    expect([...sums].map(fromHalf)).toEqual([1 + 2 ** -10, 2 ** -10, 60000]);
  });
});
