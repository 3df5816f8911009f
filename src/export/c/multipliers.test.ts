/** Integer multipliers against the float formula, for every sum. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findSumMultipliers } from '../../accelerator/index.ts';
import { type AdditionLayer, addIntegers, type Requantization, requantizeSum, whole } from '../../integer/index.ts';
import { findAddition, type IntegerAddition, rowMultiplier } from './multipliers.ts';

const row = (multiplier: number, bias: number, zeroPoint: number, lower = -128, upper = 127): Requantization => ({
  type: 'int8',
  biases: Int32Array.of(bias),
  multipliers: Float32Array.of(multiplier),
  ...{ zeroPoint, lower, upper },
});

/** As the C kernels compute it. */
function byIntegers(sum: number, output: Requantization, multiplier: number, shift: number): number {
  const t = BigInt(sum + output.biases[0]!);
  const y = Number((t * BigInt(multiplier) + (1n << BigInt(shift - 1))) >> BigInt(shift)) + output.zeroPoint;
  return Math.min(Math.max(y, output.lower), output.upper);
}

describe('of a row', () => {
  it('equal the float formula for every sum that the row can have', () => {
    const counts = { found: 0, all: 0 };
    const exponent = fc.double({ min: -12, max: 2, noNaN: true });
    const arguments_ = [exponent, fc.integer({ min: -3000, max: 3000 }), fc.integer({ min: -128, max: 127 })] as const;
    const property = fc.property(...arguments_, fc.integer({ min: 1, max: 3000 }), (e, bias, zeroPoint, reach) => {
      const output = row(2 ** e, bias, zeroPoint, Math.max(-128, zeroPoint - 40));
      const [from, to] = [-reach, reach];
      const found = rowMultiplier(output, 0, from, to);
      counts.all++;
      if (!found) return;
      counts.found++;
      for (let sum = from; sum <= to; sum++) {
        const [y, expected] = [byIntegers(sum, output, found.multiplier, found.shift), requantizeSum(sum, 0, output)];
        if (y !== expected) expect(`${sum}: ${y}`).toBe(`${sum}: ${expected}`);
      }
      // what kernels rely on
      expect(found.multiplier).toBeLessThan(2 ** 31);
      if (found.shift <= 32) {
        const largest = (Math.max(Math.abs(from + bias), Math.abs(to + bias)) * found.multiplier) / 2 ** found.shift;
        expect(largest + 128).toBeLessThan(32768);
      }
    });
    fc.assert(property, { numRuns: 300 });
    expect(counts.found / counts.all).toBeGreaterThan(0.8);
  });

  it('do not exist where float32 rounds a half that integers cannot see', () => {
    // halves go to the even neighbour, up and down in turn
    expect(rowMultiplier(row(0.5, 0, 0), 0, -100, 100)).toBeUndefined();
    expect(rowMultiplier(row(0.25, 0, 0), 0, -1, 1)).toMatchObject({ shift: 32 });
  });

  it('of rows whose sums never leave one output', () => {
    const found = rowMultiplier(row(0.001, 0, 5), 0, -100, 100)!;
    expect(byIntegers(100, row(0.001, 0, 5), found.multiplier, found.shift)).toBe(5);
  });
});

/** Integers as the C kernel adds them, which has the zero points in the rounding. */
function expectAllPairs(layer: AdditionLayer, { a: ma, b: mb, rounding, shift }: IntegerAddition): void {
  for (let a = -128; a < 128; a++) {
    for (let b = -128; b < 128; b++) {
      const y = Math.min(Math.max(Math.floor((a * ma + b * mb + rounding) / 2 ** shift), -128), 127);
      const expected = addIntegers(a, b, layer);
      if (y !== expected) expect([a, b, y]).toEqual([a, b, expected]);
    }
  }
}

describe('of an addition', () => {
  const tensor = { id: 0, type: 'int8', channels: 1, height: 1, width: 1 } as const;
  const addition = (scales: [number, number, number], zeroPoints: [number, number, number]): AdditionLayer => ({
    ...{ kind: 'addition', name: 'add', a: whole(tensor), b: whole(tensor), y: whole(tensor) },
    ...{ scales, zeroPoints, lower: -128, upper: 127 },
  });

  it('equal the float formula for all pairs, where they are found', () => {
    let found = 0;
    for (const [i, scales] of (
      [
        [0.031, 0.045, 0.052],
        [0.02, 0.0213, 0.11],
        [0.7, 0.3, 0.9],
      ] as const
    ).entries()) {
      const layer = addition([...scales], [i * 10 - 20, 5, -i]);
      const integer = findAddition(layer);
      if (!integer) continue;
      found++;
      expectAllPairs(layer, integer);
    }
    expect(found).toBeGreaterThan(0);
  });

  // an export settled these scales with integers of 24 bits; the quotients with 31 bits have a pair that rounds otherwise
  it.each([
    [0.07138700783252716, 0.03757413104176521, 0.07582041621208191],
    [0.0390625, 0.050474878400564194, 0.05328536406159401],
    [0.11328125, 0.10324754565954208, 0.1487688422203064],
  ])('are those of an export where finer ones are not exact: %d + %d = %d', (a, b, y) => {
    const layer = addition([a, b, y], [3, -7, 5]);
    const integer = findAddition(layer)!;
    const { mantissas } = findSumMultipliers(layer, 24)!;
    expect(integer.a / integer.b).toBe(mantissas[0] / mantissas[1]);
    expect(Math.max(integer.a, integer.b)).toBeLessThan(2 ** 31);
    expectAllPairs(layer, integer);
  });
});
