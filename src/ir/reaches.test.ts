import { expect, it } from 'vitest';
import { reaches } from './reaches.ts';

it('looks at each thing once where branches meet again', () => {
  let looks = 0;
  const found = reaches(0, (n) => {
    looks++;
    return n === 40 ? false : [n + 1, n + 1, Math.min(40, n + 2)];
  });
  expect([found, looks]).toEqual([false, 41]);
});

it('goes deeper than the call stack, and stops at what it finds', () => {
  expect(reaches(0, (n) => (n === 200_000 ? true : [n + 1]))).toBe(true);
});
