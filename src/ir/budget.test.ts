import { expect, it } from 'vitest';
import { Budget, checkLimit } from './budget.ts';

it('grows with the file and with the limit, and is renewed for a copy', () => {
  const small = Budget.ofFile(0, 1);
  small.take(2 ** 26, 'a');
  expect(() => small.take(1, "node 'b'")).toThrow(
    "node 'b': expected constants of at most 67108864 elements in this file, found 67108865; for a file that you trust",
  );
  expect(() => small.take(1, 'c')).toThrow(expect.objectContaining({ code: 'E_LIMIT' }));
  expect(() => small.renewed().take(2 ** 26, 'd')).not.toThrow();
  expect(() => Budget.ofFile(2 ** 20, 1).take(2 ** 27, 'e')).not.toThrow();
  expect(() => Budget.ofFile(0, 2).take(2 ** 27, 'f')).not.toThrow();
  expect(() => Budget.unlimited.take(2 ** 52, 'g')).not.toThrow();
});

it('bounds memory', () => {
  expect(() => Budget.ofFile(0, 1).checkBytes(2 ** 29, 'x')).not.toThrow();
  expect(() => Budget.ofFile(0, 1).checkBytes(2 ** 29 + 1, 'x')).toThrow('expected at most 536870912 bytes of memory');
});

it('refuses limits that are none', () => {
  expect(checkLimit({})).toBe(1);
  expect(checkLimit({ limit: Infinity })).toBe(Infinity);
  for (const limit of [0, -1, Number.NaN]) {
    expect(() => checkLimit({ limit })).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  }
});
