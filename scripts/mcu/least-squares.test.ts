import { describe, expect, it } from 'vitest';
import { nonNegativeLeastSquares } from './least-squares.ts';

describe('nonNegativeLeastSquares', () => {
  it('finds what made the values', () => {
    const rows = [
      [1, 0, 3],
      [1, 100, 5],
      [1, 40, 4],
      [1, 7, 0],
      [1, 9, 9],
    ];
    const values = rows.map(([a, b, c]) => 7 * a! + 0.5 * b! + 2 * c!);
    const [a, b, c] = nonNegativeLeastSquares(rows, values);
    expect(a).toBeCloseTo(7, 4);
    expect(b).toBeCloseTo(0.5, 5);
    expect(c).toBeCloseTo(2, 4);
  });

  it('leaves at 0 what would be negative', () => {
    // best without a bound: 3 and -1
    const found = nonNegativeLeastSquares(
      [
        [1, 0],
        [1, 1],
        [1, 2],
      ],
      [3, 2, 1],
    );
    expect(found[0]).toBeCloseTo(2, 6);
    expect(found[1]).toBe(0);
  });
});
