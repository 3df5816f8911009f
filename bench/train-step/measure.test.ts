import { describe, expect, it } from 'vitest';
import { formatRate, median } from '../numbers.ts';
import { formatTable } from '../table.ts';
import { medianRatio } from './measure.ts';

describe('medianRatio', () => {
  it('compares within rounds: a slow spell that hits both does not count', () => {
    expect(medianRatio([200, 20, 210, 200], [100, 10, 100, 100])).toBe(2);
  });
  it('uses the rounds that both have', () => {
    expect(medianRatio([100, 300, 1000], [50, 100])).toBe(2.5);
    expect(medianRatio([100], [])).toBeUndefined();
  });
});

describe('tables', () => {
  it('have the middle value of a list', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 2, 10])).toBe(3);
    expect(median([])).toBeNaN();
  });
  it('print three significant digits', () => {
    expect([0, 0.0421, 0.421, 4.21, 42.06, 421.4, 4210].map(formatRate)).toEqual([
      '0',
      '0.0421',
      '0.421',
      '4.21',
      '42.1',
      '421',
      '4210',
    ]);
  });
  it('align texts to the left and numbers to the right', () => {
    const rows = [
      ['ab', 1],
      ['c', 100],
    ] as const;
    const table = formatTable<(typeof rows)[number]>(
      [
        { head: 'name', align: 'left', cell: ([name]) => name },
        { head: 'n', cell: ([, n]) => String(n) },
      ],
      rows,
    );
    expect(table).toBe(['name    n', '---------', 'ab      1', 'c     100'].join('\n'));
  });
});
