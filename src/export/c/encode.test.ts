/** Stored weights, read back as the kernels read them. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeDense, encodeLists, encodeTrits, gappedPlanes, isOneChunk } from './encode.ts';

/** Channels of a tile by plane; undefined for planes of zeros. */
const channelAt = (plane: number, columns: number) => {
  const channel = plane - Math.floor(plane / 15);
  return plane % 15 === 14 || channel >= columns ? undefined : channel;
};

function readLists(bytes: Uint8Array, rows: number, columns: number): Int8Array {
  const values = new Int8Array(rows * columns);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (let more = true; more; ) {
      more = bytes[at] === 255;
      if (more) at++;
      const counts = [bytes[at]!, bytes[at + 1]!];
      at += 2;
      for (const [s, count] of counts.entries()) {
        expect(count).toBeLessThanOrEqual(254);
        let plane = -1;
        for (let i = 0; i < count; i++, at++) {
          for (const gap of [bytes[at]! >> 4, bytes[at]! & 15]) {
            expect(gap).toBeGreaterThan(0);
            plane += gap;
            expect(plane).toBeLessThan(gappedPlanes(columns));
            const channel = channelAt(plane, columns);
            if (channel !== undefined) values[row * columns + channel]! += s === 0 ? -1 : 1;
          }
        }
      }
    }
  }
  expect(at).toBe(bytes.length);
  return values;
}

const matrices = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 700 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .chain(([rows, columns, zeros]) =>
    fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })).map((stream) => {
      const values = Int8Array.from({ length: rows * columns }, () => {
        const draw = stream.next().value!;
        return draw < zeros ? 0 : draw < (1 + zeros) / 2 ? -1 : 1;
      });
      return { rows, columns, values };
    }),
  );

it('lists have every weight once, with gaps that fit and sums of 16 bits', () => {
  fc.assert(
    fc.property(matrices, ({ rows, columns, values }) => {
      expect([...readLists(encodeLists(values, rows), rows, columns)]).toEqual([...values]);
    }),
    { numRuns: 60 },
  );
});

it('the longest rows are several chunks', () => {
  const values = new Int8Array(600).fill(1);
  expect(isOneChunk(values, 1)).toBe(false);
  const bytes = encodeLists(values, 1);
  expect([...bytes].slice(0, 3)).toEqual([255, 0, 75]);
  expect([...readLists(bytes, 1, 600)]).toEqual([...values]);
  // the way to the last channels alone is longer than what 8 bits count
  const far = new Int8Array(4608);
  far.fill(-1, 4000);
  expect([...readLists(encodeLists(far, 1), 1, 4608)]).toEqual([...far]);
});

it('trits come out of a byte by multiplications with 3, first to last', () => {
  fc.assert(
    fc.property(matrices, ({ rows, columns, values }) => {
      const bytes = encodeTrits(values, rows);
      const perRow = Math.ceil(columns / 5);
      expect(bytes.length).toBe(rows * perRow);
      for (let row = 0; row < rows; row++) {
        for (let c = 0, digits = 0; c < columns; c++) {
          if (c % 5 === 0) digits = bytes[row * perRow + c / 5]!;
          digits *= 3;
          if ((digits >> 8) - 1 !== values[row * columns + c]) expect(`${row} ${c}`).toBe('equal');
          digits &= 255;
        }
      }
    }),
    { numRuns: 60 },
  );
});

it('dense rows are interleaved by twos and fours', () => {
  const bytes = encodeDense(Int8Array.of(1, 2, 3, 4, 5, -1, -2, -3, -4, -5, 7, 7, 7, 7, 7), 3);
  const signed = [...new Int8Array(bytes.buffer)];
  expect(signed.slice(0, 16)).toEqual([1, 3, 2, 4, -1, -3, -2, -4, 5, 0, 0, 0, -5, 0, 0, 0]);
  expect(signed.slice(16)).toEqual([7, 7, 7, 7, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
});
