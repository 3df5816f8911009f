/** Classes in parts: nothing is judged that calibration saw, and everything once. */

import { expect, it } from 'vitest';
import { divideClasses } from './parts.ts';

const classes = Array.from({ length: 10 }, (_, i) => `n${i}`);

it.each([2, 4])('%d parts are judged once each, on classes of no other use', (parts) => {
  const judged = Array.from({ length: parts }, (_, i) => {
    const { calibrate, judge } = divideClasses(classes, { part: i + 1, parts });
    expect([...calibrate, ...judge].sort()).toEqual(classes);
    return judge;
  });
  expect(judged.flat().sort()).toEqual(classes);
});

it('halves change places', () => {
  const [first, second] = [1, 2].map((part) => divideClasses(classes, { part, parts: 2 }));
  expect(first).toEqual({ calibrate: second!.judge, judge: second!.calibrate });
});
