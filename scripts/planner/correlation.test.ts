import { describe, expect, it } from 'vitest';
import { bootstrap, kendall, ranksOf, spearman } from './correlation.ts';

type Interval = readonly [number, number];

const pairs = (x: readonly number[], y: readonly number[]) => x.map((v, i) => [v, y[i]!] as const);

describe('rank correlations', () => {
  it('shares the ranks of equal values', () => {
    expect(ranksOf([3, 1, 3, 9])).toEqual([1.5, 0, 1.5, 3]);
  });

  // differences of ranks 0, 1, 1, 0: rho = 1 - 6 * 2 / (4 * 15); of 6 pairs one is in the other order
  it('are those of the textbook', () => {
    const some = pairs([1, 2, 3, 4], [10, 30, 20, 40]);
    expect(spearman(some)).toBeCloseTo(0.8, 12);
    expect(kendall(some)).toBeCloseTo(4 / 6, 12);
  });

  it('are 1, -1, and nothing where there is no order', () => {
    expect([spearman, kendall].map((f) => f(pairs([1, 5, 7], [2, 3, 90])))).toEqual([1, 1]);
    expect([spearman, kendall].map((f) => f(pairs([1, 5, 7], [2, 1, -9])))).toEqual([-1, -1]);
    expect([spearman, kendall].map((f) => f(pairs([1, 1, 1], [2, 1, -9])))).toEqual([Number.NaN, Number.NaN]);
  });

  // 3 pairs of pairs differ in y, 2 in x, of which both agree
  it('counts ties on both sides apart', () => {
    expect(kendall(pairs([1, 1, 2], [1, 2, 3]))).toBeCloseTo(2 / Math.sqrt(2 * 3), 12);
  });

  it('has an interval that narrows with the number of pairs', () => {
    const noisy = (count: number) =>
      Array.from({ length: count }, (_, i) => [i, i + (((i * 7919) % 13) - 6) * count * 0.1] as const);
    const [few, many] = [8, 200].map((count) => bootstrap(noisy(count), spearman, 400)) as [Interval, Interval];
    expect(many[1]! - many[0]!).toBeLessThan(0.5 * (few[1]! - few[0]!));
    expect(many[0]!).toBeLessThan(spearman(noisy(200)));
    expect(many[1]!).toBeGreaterThan(spearman(noisy(200)));
  });
});
