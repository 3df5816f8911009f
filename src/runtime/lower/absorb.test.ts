import fc from 'fast-check';
import { expect, it } from 'vitest';
import { joinBounds } from './absorb.ts';
import type { Bounds } from './layers.ts';

const clamp = (x: number, { lower, upper }: Bounds, channel: number) =>
  Math.min(Math.max(x, lower), typeof upper === 'number' ? upper : upper[channel]!);

const bound = fc.constantFrom(-Infinity, -2, -0.5, 0, 1, 6, Infinity);
const upper = fc.oneof(
  bound,
  fc.array(fc.constantFrom(-1, 0.5, 3, Infinity), { minLength: 2, maxLength: 2 }).map((v) => Float32Array.from(v)),
);

it('joins two pairs of bounds into one that does what they do one after the other', () => {
  fc.assert(
    fc.property(bound, upper, bound, upper, fc.double({ min: -9, max: 9, noNaN: true }), (l1, u1, l2, u2, x) => {
      const [a, b] = [
        { lower: l1, upper: u1 },
        { lower: l2, upper: u2 },
      ];
      for (const channel of [0, 1]) {
        expect(clamp(x, joinBounds(a, b), channel)).toBe(clamp(clamp(x, a, channel), b, channel));
      }
    }),
    { numRuns: 500 },
  );
});
