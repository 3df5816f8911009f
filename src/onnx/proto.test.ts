import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from './decode.ts';
import { encode, many, one, packed } from './proto.ts';

const inner = { text: one(1, 'string'), ids: many(2, 'int64') };
const schema = {
  id: one(1, 'int64'),
  code: one(2, 'int32'),
  loose: many(3, 'int64'),
  dense: packed(4, 'int64'),
  unsigned: packed(5, 'uint64'),
  ratio: one(6, 'double'),
  weights: packed(7, 'float'),
  raw: one(8, 'bytes'),
  parts: many(16, inner),
};

const read = (...bytes: number[]) => decode(schema, Uint8Array.from(bytes), 'm');
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

describe('proto', () => {
  it('returns every message as it was written', () => {
    const message = fc.record({
      id: int64,
      code: fc.integer(),
      loose: fc.array(int64),
      dense: fc.array(int64),
      unsigned: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
      ratio: fc.double(),
      weights: fc.array(fc.float()),
      raw: fc.uint8Array(),
      parts: fc.array(fc.record({ text: fc.string({ unit: 'grapheme' }), ids: fc.array(int64) })),
    });
    fc.assert(
      fc.property(message, (value) => {
        expect(decode(schema, encode(schema, value), 'm')).toEqual(value);
      }),
    );
  });

  it('writes negative integers as ten bytes, as protobuf does', () => {
    expect([...encode(schema, { id: -1n })]).toEqual([8, ...Array(9).fill(255), 1]);
    expect([...encode(schema, { code: -2 })]).toEqual([16, 254, ...Array(8).fill(255), 1]);
    expect([...encode(schema, { id: -(2n ** 63n) })]).toEqual([8, ...Array(9).fill(128), 1]);
  });

  it('reads repeated numbers packed, unpacked and mixed', () => {
    expect(read(0x18, 1, 0x1a, 2, 2, 3, 0x18, 4).loose).toEqual([1n, 2n, 3n, 4n]);
    expect(read(0x20, 1, 0x22, 1, 2).dense).toEqual([1n, 2n]);
  });

  it('gives absent fields as undefined or empty, and skips unknown ones', () => {
    expect(read()).toMatchObject({ id: undefined, loose: [], parts: [] });
    expect(read(0x98, 6, 5, 0x9a, 6, 1, 9, 0x9d, 6, 1, 2, 3, 4, 8, 7).id).toBe(7n);
  });

  it.each([
    [[8], 'm: expected a whole number, found the end of the data (at byte 0 of this part)'],
    [[8, 0x80, 0x80], 'm: expected a whole number, found the end of the data (at byte 0 of this part)'],
    [[0x31, 1, 2], 'm: expected a whole number, found the end of the data (at byte 0 of this part)'],
    [[0x3a, 3, 0, 0, 0], 'm: expected a whole number, found the end of the data (at byte 0 of this part)'],
    [[8, 1, 0x42, 200, 1, 3], 'm.raw: expected 200 bytes, found 1'],
    [[0x82, 1, 3, 0x0a, 2, 65], 'm.parts[0].text: expected 2 bytes, found 1'],
    [[0x42, ...Array(9).fill(255), 1], 'm.raw: expected 18446744073709552000 bytes, found 0'],
    [[0x82, 1, 3, 0x0a, 1, 0xff], 'm.parts[0].text: expected UTF-8 text, found other bytes'],
    [[0x0a, 1, 1], 'm.id: expected wire type 0, found 2 (at byte 1 of this part)'],
    [[0], 'm: expected a field number, found 0 (at byte 0 of this part)'],
    [[0x9b, 6], 'm: expected wire type 0, 1, 2 or 5, found 3 (at byte 2 of this part)'],
    [[0x9d, 6, 1], 'm: expected a whole field, found the end of the data (at byte 0 of this part)'],
  ])('refuses %j', (bytes, message) => {
    expect(() => read(...bytes)).toThrow(expect.objectContaining({ code: 'E_FORMAT', message }));
  });
});
