import { expect, it } from 'vitest';
import { figureOf, isShare, limitKindOf, limitsIn } from './limits.ts';

it('reads shares and figures', () => {
  const limitKind = limitKindOf('cycles');
  expect(['0.75', '1', '10', '40000', '256K', '15m', '1.5M'].map((text) => limitKind.parse(text))).toEqual([
    ...[0.75, 1, 10, 40000, '256K', '15M', '1.5M'],
  ]);
  for (const text of ['', '0', '-1', 'K', '1T', '1e9', '5 %', '0K']) expect(limitKind.parse(text)).toBeUndefined();
  expect([0.5, '64K', 0, -1, Number.NaN, '64KB', undefined].map((value) => limitKind.accepts(value))).toEqual([
    ...[true, true, false, false, false, false, false],
  ]);
});

it('takes shares of milliseconds only', () => {
  const { parse, accepts, expected } = limitKindOf('latency');
  expect(['0.7', '10', '11', '0', '5K'].map(parse)).toEqual([0.7, 10, undefined, undefined, undefined]);
  expect([0.7, 11, '5K', undefined].map((value) => accepts(value))).toEqual([true, false, false, false]);
  expect(expected).toBe("a share of the int8 network's up to 10");
});

it('a share is one of the control, K is 1024 for bytes only', () => {
  expect(figureOf('cycles', 0.75, 1000)).toBe(750);
  expect(figureOf('cycles', 10, 1000)).toBe(10_000);
  expect(figureOf('cycles', 11, 1000)).toBe(11);
  expect(figureOf('instructions', '15M', 1)).toBe(15_000_000);
  expect(figureOf('flash', '256K', 1)).toBe(262_144);
  expect(figureOf('ram', '0.5M', 1)).toBe(524_288);
  expect([10, 10.5, '1K'].map(isShare)).toEqual([true, false, false]);
});

it('lists limits in one order', () => {
  expect(limitsIn({ ram: 1, cycles: '2K' })).toEqual(['cycles', 'ram']);
});
