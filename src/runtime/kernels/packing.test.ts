/** Weights counted and unpacked, against plain loops. Layouts are held to their variants by product.test.ts. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freePacking, type IntegerValues, measure, PackedValues, packLists, toIntegers } from './packing.ts';

const matrix = fc
  .record({ rows: fc.integer({ min: 1, max: 9 }), columns: fc.integer({ min: 1, max: 70 }) })
  .chain(({ rows, columns }) =>
    fc.record({
      rows: fc.constant(rows),
      columns: fc.constant(columns),
      values: fc.int8Array({ minLength: rows * columns, maxLength: rows * columns }),
    }),
  );

const refuse = (code: number) => new Error(`no row ${code}`);

describe('measure', () => {
  it('counts what loops count', () => {
    fc.assert(
      fc.property(matrix, ({ rows, columns, values }) => {
        const parts = Array.from({ length: rows }, (_, row) => [
          ...values.subarray(row * columns, (row + 1) * columns),
        ]);
        const nonZeros = parts.map((part) => part.filter((value) => value !== 0).length);
        expect(measure({ rows, columns, values })).toEqual({
          nonZeros: nonZeros.reduce((a, b) => a + b, 0),
          least: Math.min(0, ...values),
          most: Math.max(0, ...values),
          widest: Math.max(...nonZeros),
          sums: Int32Array.from(parts, (part) => part.reduce((a, b) => a + b, 0)),
        });
      }),
    );
  });

  it('takes matrices larger than the memory of the one before', () => {
    const values = new Int8Array(3 << 20).fill(-3);
    expect(measure({ rows: 1, columns: 9, values: Int8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9) }).sums[0]).toBe(45);
    expect(measure({ rows: 2, columns: values.length / 2, values }).sums).toEqual(Int32Array.of(-4718592, -4718592));
    freePacking();
  });
});

describe('packed values', () => {
  it.each([1, 2, 5, 8])('are rows of a table of %i values, cut at the end', (perByte) => {
    const codes = fc.uint8Array({ minLength: 1, maxLength: 90 });
    const table = fc.int8Array({ minLength: 256 * perByte, maxLength: 256 * perByte });
    fc.assert(
      fc.property(codes, table, fc.nat(perByte - 1), (bytes, rows, cut) => {
        const length = bytes.length * perByte - cut;
        const packed = new PackedValues(bytes, rows, perByte, length, refuse);
        const expected = [...bytes].flatMap((code) => [...rows.subarray(code * perByte, (code + 1) * perByte)]);
        expect([...toIntegers(packed)]).toEqual(expected.slice(0, length));
        const sum = expected.slice(0, length).reduce((a, b) => a + b, 0);
        expect(measure({ rows: 1, columns: length, values: packed }).sums[0]).toBe(sum);
      }),
    );
  });

  it('are laid out as the unpacked ones', () => {
    const table = Int8Array.from({ length: 243 * 5 }, (_, i) => (Math.floor(Math.floor(i / 5) / 3 ** (i % 5)) % 3) - 1);
    const codes = Uint8Array.from({ length: 60 }, (_, i) => (i * 97) % 243);
    const packed = new PackedValues(codes, table, 5, 300, refuse);
    const listed = (values: IntegerValues) => [...packLists({ rows: 3, columns: 100, values }, false)];
    expect(listed(packed)).toEqual(listed(packed.unpack()));
  });

  it('have no row for every byte', () => {
    const packed = new PackedValues(Uint8Array.of(0, 1, 2, 9), Int8Array.of(1, 2, 3, 4), 2, 8, refuse);
    expect(() => packed.unpack()).toThrow('no row 2');
  });
});
