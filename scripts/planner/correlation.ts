/** Rank correlations, with intervals by the bootstrap over pairs (Efron & Tibshirani 1993, chapter 13). */

import { Random } from '../../src/ir/index.ts';

type Pair = readonly [x: number, y: number];

/** Ranks from 0, equal values at their mean rank. */
export function ranksOf(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((i, j) => values[i]! - values[j]!);
  const ranks = Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (const i of order.slice(from, to)) ranks[i] = (from + to - 1) / 2;
    from = to;
  }
  return ranks;
}

/** Spearman's rho, the correlation of the ranks; NaN where all x or all y are equal. */
export function spearman(pairs: readonly Pair[]): number {
  const [x, y] = ([0, 1] as const).map((side) => ranksOf(pairs.map((pair) => pair[side]))) as [number[], number[]];
  const middle = (pairs.length - 1) / 2;
  const product = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + (v - middle) * (b[i]! - middle), 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

/** Kendall's tau-b: pairs of pairs in the same order less those in opposite order, over those that have an order. */
export function kendall(pairs: readonly Pair[]): number {
  let [sum, ofX, ofY] = [0, 0, 0];
  for (const [i, [x, y]] of pairs.entries()) {
    for (const [otherX, otherY] of pairs.slice(0, i)) {
      const [a, b] = [Math.sign(x - otherX), Math.sign(y - otherY)];
      sum += a * b;
      ofX += a * a;
      ofY += b * b;
    }
  }
  return sum / Math.sqrt(ofX * ofY);
}

/** The middle 95 % of a statistic over samples of the pairs, drawn with replacement; samples where it has no value are left out. */
export function bootstrap(
  pairs: readonly Pair[],
  statistic: (pairs: readonly Pair[]) => number,
  samples = 2000,
): readonly [number, number] {
  const random = new Random(0, 'bootstrap');
  const values = Array.from({ length: samples }, () =>
    statistic(pairs.map(() => pairs[random.int(pairs.length)]!)),
  ).filter((value) => !Number.isNaN(value));
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.round(share * (values.length - 1))] ?? Number.NaN;
  return [at(0.025), at(0.975)];
}
