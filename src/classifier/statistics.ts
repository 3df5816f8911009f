/**
 * How sure a share of correct predictions is, and whether two models on the same images differ by more than chance.
 *
 * E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212;
 * Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
 * Psychometrika 12 (1947), 153-157, here by the exact binomial distribution, whatever the counts are.
 */

/** Lower and upper end, fractions in 0..1. */
export type Interval = readonly [lower: number, upper: number];

/** The two-sided 95 % quantile of the normal distribution. */
const z = 1.959963984540054;

/**
 * Wilson's 95 % interval of a share: (p + z^2/2n +- z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n), p = successes / n; all
 * of 0..1 for no trials. It takes the trials for independent draws.
 */
export function wilsonInterval(successes: number, trials: number): Interval {
  if (trials === 0) return [0, 1];
  const p = successes / trials;
  const square = z * z;
  const centre = p + square / (2 * trials);
  const spread = z * Math.sqrt((p * (1 - p)) / trials + square / (4 * trials * trials));
  const whole = 1 + square / trials;
  return [Math.max(0, (centre - spread) / whole), Math.min(1, (centre + spread) / whole)];
}

/** Two models on the same images, where just one of them is right. */
export interface Change {
  /** Images that only the second model gets right. */
  readonly gained: number;
  /** Images that only the first one gets right. */
  readonly lost: number;
  /** Probability of so uneven counts, or more so, if the two were equally good: McNemar's exact test. */
  readonly p: number;
  /** p below 0.05. */
  readonly isMoreThanChance: boolean;
}

const level = 0.05;

/** McNemar's test: each image on which the two differ is a throw of a fair coin if they are equally good. */
export function testChange(gained: number, lost: number): Change {
  const p = twoSidedBinomial(Math.min(gained, lost), gained + lost);
  return { gained, lost, p, isMoreThanChance: p < level };
}

/**
 * 95 % interval of what the second model's share of correct predictions is more than the first's on the same `images`,
 * -1..1: d +- z sqrt((gained + lost - (gained - lost)^2 / n) / n^2), d = (gained - lost) / n. It takes the images for
 * independent draws; where the two hardly differ it is too narrow.
 */
export function differenceInterval({ gained, lost }: Pick<Change, 'gained' | 'lost'>, images: number): Interval {
  if (images === 0) return [-1, 1];
  const difference = (gained - lost) / images;
  const half = (z * Math.sqrt(Math.max(0, gained + lost - (gained - lost) ** 2 / images))) / images;
  return [Math.max(-1, difference - half), Math.min(1, difference + half)];
}

/** min(1, 2 sum_(i <= k) C(n, i) / 2^n), summed in logarithms: C(n, i + 1) = C(n, i) (n - i) / (i + 1). */
function twoSidedBinomial(k: number, n: number): number {
  let log = -n * Math.LN2;
  let sum = Math.exp(log);
  for (let i = 0; i < k; i++) {
    log += Math.log((n - i) / (i + 1));
    sum += Math.exp(log);
  }
  return Math.min(1, 2 * sum);
}
