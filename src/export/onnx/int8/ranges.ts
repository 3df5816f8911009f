/**
 * The range that 256 levels should cover. Levels over [l, h] are s = (h - l) / 255 apart; a value inside is off by s^2 / 12
 * on average, in squares, one outside by its distance from the range. The best [l, h] contains 0 and minimises the sum;
 * it is searched on the edges of a histogram's bins, one end after the other (after Banner et al., arXiv 1810.05723,
 * without their assumption of a distribution).
 */

import type { Distribution } from './histogram.ts';

/** x = (q - zero) * scale for q = 0..255. */
export interface Levels {
  /** A float32 number above 0. */
  readonly scale: number;
  readonly zero: number;
}

/** What is known of a tensor that is to be quantized. */
export interface TensorPlan {
  readonly levels: Levels;
  /** The mean of each channel over images; absent for the images themselves. */
  readonly means?: Float64Array;
}

export interface Range {
  /** At most 0. */
  readonly low: number;
  /** At least 0. */
  readonly high: number;
}

const levelCount = 255;

/** For each bin edge, what is lost beyond it: counts, and their squared distances from it. */
interface Tail {
  readonly width: number;
  readonly inside: Float64Array;
  readonly lost: Float64Array;
}

function tailOf(counts: Float64Array, range: number, extreme: number): Tail {
  const width = range / counts.length;
  const total = counts.reduce((a, b) => a + b, 0);
  const edges = counts.length + 1;
  const [inside, lost] = [new Float64Array(edges), new Float64Array(edges)];
  let [n, first, second] = [0, 0, 0];
  for (let edge = counts.length; edge >= 0; edge--) {
    const at = edge * width;
    inside[edge] = total - n;
    lost[edge] = second - 2 * at * first + at * at * n;
    const centre = Math.min((edge - 0.5) * width, Math.abs(extreme));
    const count = counts[edge - 1] ?? 0;
    n += count;
    first += count * centre;
    second += count * centre * centre;
  }
  return { width, inside, lost };
}

/** The best edge of a tail, given the other end of the range and how many values are on that side. */
function bestEdge({ width, inside, lost }: Tail, extreme: number, other: number, others: number): number {
  let best = Math.abs(extreme);
  let least = Number.POSITIVE_INFINITY;
  for (let edge = 1; edge < lost.length; edge++) {
    const end = Math.min(edge * width, Math.abs(extreme));
    const step = (end + other) / levelCount;
    const error = lost[edge]! + ((inside[edge]! + others) * step * step) / 12;
    if (error < least) [least, best] = [error, end];
    if (end === Math.abs(extreme)) break;
  }
  return best;
}

/** The range with the least squared error. [0, 0] for a tensor of zeros. */
export function bestRange({ range, positive, negative, min, max }: Distribution): Range {
  const [above, below] = [tailOf(positive, range, max), tailOf(negative, range, min)];
  const count = (counts: Float64Array) => counts.reduce((a, b) => a + b, 0);
  const [many, few] = [count(positive), count(negative)];
  if (min === 0) return { low: 0, high: max === 0 ? 0 : bestEdge(above, max, 0, 0) };
  if (max === 0) return { low: -bestEdge(below, min, 0, 0), high: 0 };
  let [low, high] = [-min, max];
  for (let round = 0; round < 4; round++) {
    high = bestEdge(above, max, low, few);
    low = bestEdge(below, min, high, many);
  }
  return { low: -low, high };
}

/** The levels that cover a range, 0 among them. */
export function levelsOf({ low, high }: Range): Levels {
  const scale = Math.fround((high - low) / levelCount) || 1;
  return { scale, zero: Math.min(levelCount, Math.max(0, Math.round(-low / scale))) };
}

/**
 * The levels for the pixels (p - mean) / std of images, p = 0..255: the zero point is a whole number, so that levels of
 * the full range may fall between the pixels and lose a bit; a slightly wider range does not.
 */
export function pixelLevels(mean: readonly number[], std: readonly number[]): Levels {
  const pixels = mean.flatMap((m, c) => Array.from({ length: 256 }, (_, p) => (p - m) / std[c]!));
  const range = { low: Math.min(0, ...pixels), high: Math.max(0, ...pixels) };
  const errorOf = ({ scale, zero }: Levels) =>
    pixels.reduce((sum, x) => {
      const q = Math.min(levelCount, Math.max(0, Math.round(x / scale) + zero));
      return sum + ((q - zero) * scale - x) ** 2;
    }, 0);
  let best = levelsOf(range);
  for (let percent = 0; percent <= 4; percent += 0.125) {
    const factor = 1 + percent / 100;
    const levels = levelsOf({ low: range.low * factor, high: range.high * factor });
    if (errorOf(levels) < errorOf(best)) best = levels;
  }
  return best;
}
