import { expect, it } from 'vitest';
import { intervalOf, printChange, printShare } from './accuracy-words.ts';

it('says how sure an accuracy and a change are', () => {
  expect(printShare(0.632)).toBe('63.20 %');
  expect(printShare(0.632, [0.6016, 0.6614])).toBe('63.20 % (60.2–66.1)');
  expect(printShare(Number.NaN, [Number.NaN, Number.NaN])).toBe('NaN % (–)');
  expect(printChange({ gained: 12, lost: 31, p: 0.0051, isMoreThanChance: true })).toBe(
    '12 images gained, 31 lost: more than chance (McNemar, p = 0.005)',
  );
  expect(printChange({ gained: 1, lost: 0, p: 1, isMoreThanChance: false })).toContain('no more than chance');
  // 8 of 10
  const confusion = [
    [5, 1],
    [1, 3],
  ];
  expect(intervalOf({ top1: 0.8, confusion })[0]).toBeCloseTo(0.4902, 4);
});
