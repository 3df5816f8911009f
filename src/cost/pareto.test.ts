import fc from 'fast-check';
import { expect, it } from 'vitest';
import { paretoFront } from './pareto.ts';

type Point = readonly [number, number];
const objectives = [(p: Point) => p[0], (p: Point) => p[1]];

it('keeps points that no other one beats', () => {
  const points: Point[] = [
    [1, 5], // least of the first
    [2, 3],
    [2, 4], // (2, 3) is as good in one and better in the other
    [3, 3], // the same the other way round
    [4, 1], // least of the second
    [5, 2], // (4, 1) is better in both
  ];
  expect(paretoFront(points, objectives)).toEqual([true, true, false, false, true, false]);
});

it('keeps equal points, or drops all of them', () => {
  const twice: Point[] = [
    [1, 1],
    [1, 1],
    [2, 2],
    [2, 2],
  ];
  expect(paretoFront(twice, objectives)).toEqual([true, true, false, false]);
});

it('takes none, one and objectives that are to be large', () => {
  expect(paretoFront([], objectives)).toEqual([]);
  expect(paretoFront([[7, 7]], objectives)).toEqual([true]);
  expect(paretoFront([1, 3, 2], [(x) => -x])).toEqual([false, true, false]);
});

it('has for every dropped point one on the front that beats it', () => {
  const small = fc.integer({ min: 0, max: 6 });
  fc.assert(
    fc.property(fc.array(fc.tuple(small, small), { minLength: 1, maxLength: 20 }), (points) => {
      const isOnFront = paretoFront(points, objectives);
      const front = points.filter((_, i) => isOnFront[i]);
      const beats = (a: Point, b: Point) => a[0] <= b[0] && a[1] <= b[1] && (a[0] < b[0] || a[1] < b[1]);
      for (const [i, point] of points.entries()) expect(front.some((f) => beats(f, point))).toBe(!isOnFront[i]);
    }),
  );
});
