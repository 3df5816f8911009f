import fc from 'fast-check';
import { expect, it } from 'vitest';
import { f32 } from '../../ir/index.ts';
import { bitsOfFilters, quantizeFilters } from './filters.ts';
import type { FilterForm } from './options.ts';

const matrices = fc
  .record({ rows: fc.integer({ min: 1, max: 5 }), columns: fc.integer({ min: 1, max: 40 }) })
  .chain(({ rows, columns }) =>
    fc
      .array(fc.float({ min: -3, max: 3, noNaN: true }), { minLength: rows * columns, maxLength: rows * columns })
      .map((values) => ({ rows, columns, values })),
  );

const squares = (exact: readonly number[], stored: (i: number) => number) =>
  exact.reduce((sum, w, i) => sum + (w - stored(i)) ** 2, 0);

it.each([8, 7])('takes the nearest multiple of one scale a filter, in %i bits', (bits) => {
  fc.assert(
    fc.property(matrices, ({ rows, columns, values }) => {
      const { values: codes, scales } = quantizeFilters(f32([rows, columns], values), 0, bits);
      const largest = 2 ** (bits - 1) - 1;
      for (const [i, q] of codes.entries()) {
        const scale = scales[Math.floor(i / columns)]!;
        expect(Math.abs(q)).toBeLessThanOrEqual(largest);
        expect(Math.abs(Math.fround(values[i]!) - q * scale)).toBeLessThanOrEqual(0.5001 * scale);
      }
    }),
  );
});

it('clips in 4 bits where that is nearer as a whole', () => {
  fc.assert(
    fc.property(matrices, ({ rows, columns, values }) => {
      const tensor = f32([rows, columns], values);
      const { values: codes, scales } = quantizeFilters(tensor, 0, 4);
      expect(codes.every((q) => q >= -7 && q <= 7)).toBe(true);
      const exact = [...(tensor.data as Float32Array)];
      const widest = Array.from({ length: rows }, (_, r) => {
        const most = Math.max(...exact.slice(r * columns, (r + 1) * columns).map(Math.abs));
        return most / 7 < 2 ** -126 ? 1 : most / 7;
      });
      const row = (i: number) => Math.floor(i / columns);
      const clipped = squares(exact, (i) => codes[i]! * scales[row(i)]!);
      const whole = squares(exact, (i) => Math.round(exact[i]! / widest[row(i)]!) * widest[row(i)]!);
      expect(clipped).toBeLessThanOrEqual(whole * 1.0001 + 1e-9);
    }),
  );
  // one weight far out: the others are worth more
  const { scales } = quantizeFilters(f32([1, 201], [3, ...Array<number>(200).fill(0.2)]), 0, 4);
  expect(scales[0]).toBeLessThan(0.9 * (3 / 7));
});

it('keeps 8 bits for small filters', () => {
  const bitsOf = (dims: number[], axis: number, form: FilterForm) =>
    new Set(bitsOfFilters({ name: 'conv' }, { dims }, axis, form, new Map()));
  expect(bitsOf([16, 1, 3, 3], 0, 'int4')).toEqual(new Set([8]));
  expect(bitsOf([16, 64, 1, 1], 0, 'int4')).toEqual(new Set([4]));
  expect(bitsOf([64, 10], 1, 'int4')).toEqual(new Set([4]));
  expect(bitsOf([16, 64, 1, 1], 0, 'fp16')).toEqual(new Set([16]));
});

it('has the planned bits where they are fewer, but for float32', () => {
  const planned = new Map([['conv', [4, 8, 16, 4] as const]]);
  const bitsOf = (form: FilterForm, name = 'conv') => bitsOfFilters({ name }, { dims: [4, 8, 1, 1] }, 0, form, planned);
  expect(bitsOf('fp16')).toEqual([4, 8, 16, 4]);
  expect(bitsOf('int8')).toEqual([4, 8, 8, 4]);
  expect(bitsOf('fp32')).toEqual([32, 32, 32, 32]);
  expect(bitsOf('int8', 'other')).toEqual([8, 8, 8, 8]);
});

it('finds the scale of weights that are multiples of one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -7, max: 7 }), { minLength: 1, maxLength: 40 }),
      fc.double({ min: 1e-3, max: 10, noNaN: true }),
      (codes, scale) => {
        const exact = codes.map((q) => q * scale);
        const { values, scales } = quantizeFilters(f32([1, codes.length], exact), 0, 4);
        for (const [i, q] of values.entries())
          expect(Math.abs(q * scales[0]! - exact[i]!)).toBeLessThan(1e-3 * scale * 8);
      },
    ),
  );
});

it('has bits for each filter', () => {
  const row = Array.from({ length: 40 }, (_, i) => Math.sin(i) + (i === 3 ? 2 : 0));
  const { values } = quantizeFilters(f32([2, 40], [...row, ...row]), 0, [4, 8]);
  const most = (part: Int8Array) => Math.max(...part.map(Math.abs));
  expect([most(values.subarray(0, 40)), most(values.subarray(40))]).toEqual([7, 127]);
});
