import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Lifetimes, type Placed } from './lifetimes.ts';

const life = fc
  .record({
    start: fc.nat(50),
    bytes: fc.integer({ min: 1, max: 50 }),
    first: fc.integer({ min: -1, max: 20 }),
    more: fc.nat(8),
  })
  .map(
    ({ start, bytes, first, more }): Placed => ({ start, end: start + bytes, first, last: Math.min(20, first + more) }),
  );

it('answers as looking at each would', () => {
  fc.assert(
    fc.property(fc.array(life, { maxLength: 20 }), life, (all, own) => {
      const lifetimes = new Lifetimes(-1, 20);
      for (const placed of all) lifetimes.add(placed);
      const expected = all.filter(({ first, last }) => first <= own.last && own.first <= last);
      const found = lifetimes.overlapping(own.first, own.last, 20);
      expect(found?.length).toBe(expected.length);
      expect(new Set(found)).toEqual(new Set(expected));
      expect(lifetimes.top(own.first, own.last)).toBe(Math.max(0, ...expected.map(({ end }) => end)));
      if (expected.length > 0) {
        expect(lifetimes.overlapping(own.first, own.last, expected.length - 1)).toBeUndefined();
      }
    }),
  );
});
