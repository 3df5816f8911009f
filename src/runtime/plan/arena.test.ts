import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Buffer, type Part, placeBuffers } from './arena.ts';

const buffer = (bytes: number, first: number, last: number, parts?: readonly Part[]): Buffer => ({
  ...{ bytes, first, last },
  ...(parts && { parts }),
});

describe('placeBuffers', () => {
  it('reuses memory of what is dead', () => {
    const [a, b, c] = [buffer(128, 0, 1), buffer(64, 1, 2), buffer(128, 2, 3)];
    const { bytes, addresses } = placeBuffers([a, b, c]);
    expect([bytes, addresses.get(a), addresses.get(b), addresses.get(c)]).toEqual([192, 0, 128, 0]);
  });

  it('lays what dies in time under the later part of a concatenation', () => {
    // x makes the first part and the hidden units, which make the second part
    const parts = [
      { offset: 0, bytes: 256, first: 1 },
      { offset: 256, bytes: 256, first: 3 },
    ];
    const [x, bank, hidden] = [buffer(256, 0, 2), buffer(512, 1, 4, parts), buffer(320, 2, 3)];
    const { bytes, addresses } = placeBuffers([x, bank, hidden]);
    expect([addresses.get(bank), addresses.get(x), bytes]).toEqual([0, 256, 512 + 320]);
  });

  it('never overlaps what lives at the same time', () => {
    const life = fc.record({
      bytes: fc.integer({ min: 1, max: 900 }),
      first: fc.nat(9),
      more: fc.nat(5),
      cut: fc.nat(900),
    });
    fc.assert(
      fc.property(fc.array(life, { minLength: 1, maxLength: 12 }), (lives) => {
        const buffers = lives.map(({ bytes, first, more, cut }) => {
          if (cut === 0 || cut >= bytes) return buffer(bytes, first, first + more);
          const parts = [
            { offset: 0, bytes: cut, first },
            { offset: cut, bytes: bytes - cut, first: first + more },
          ];
          return buffer(bytes, first, first + more, parts);
        });
        const { bytes, addresses } = placeBuffers(buffers);
        const pieces = buffers.flatMap((own) =>
          (own.parts ?? [{ offset: 0, bytes: own.bytes, first: own.first }]).map((part) => {
            const start = addresses.get(own)! + part.offset;
            return { own, start, end: start + part.bytes, first: part.first, last: own.last };
          }),
        );
        for (const a of pieces) {
          expect(a.end).toBeLessThanOrEqual(bytes);
          for (const b of pieces) {
            const together = a.first <= b.last && b.first <= a.last;
            if (a.own !== b.own && together) expect(a.end <= b.start || b.end <= a.start).toBe(true);
          }
        }
        for (const address of addresses.values()) expect(address % 64).toBe(0);
      }),
    );
  });
});
