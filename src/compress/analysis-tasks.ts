/**
 * A layer's analysis as decompositions to be made, and what they say of its filters. A large bank is decomposed in blocks of
 * filters, so that the work grows with its weights and not with their square: b of T filters of n weights get
 *
 *   r_b = r (T + n) b / (T (b + n))      hidden units for r of the whole bank,
 *
 * which is the same number of trits per weight; residuals of filters depend on those (`planning/make-candidates.ts`). On 384 x
 * 384 weights blocks of 128 were decomposed in a third of the time, with residuals 4 to 20 % below those of the whole bank and
 * filters in the same order (rank correlation 0.98).
 */

import { fanIn, type Layer, pickRows, upTo, weightRows } from '../quantize/index.ts';
import type { Decomposition } from './decompose/decompose.ts';
import type { DecomposeOptions } from './decompose/options.ts';
import type { LayerWeights } from './decompose/parallel.ts';
import { metricOptions } from './importance.ts';
import { roundingNoise } from './rounding-noise.ts';
import type { LayerStatistics } from './statistics/options.ts';

/** At each width. */
export interface Fits {
  /** Of each filter. */
  readonly residuals: readonly (readonly number[])[];
  /** Of both factors together. */
  readonly nonZero: readonly number[];
  /** What rounding to 8 bits of one hidden unit adds to a filter's output, on average, relative to its variance. */
  readonly relativeNoise: readonly number[];
}

/**
 * A quick decomposition, of less than half the work of the default one; its errors are higher by 3 % at ratio 0.5, by 6 %
 * at 1 and by a fifth at 2 (512 x 512 weights).
 */
const effort = { growth: 1.3, rounds: 0 } as const;

/** Filters of a block; banks of less than twice as many are decomposed as a whole. */
const blockFilters = 128;
/** Filters of fewer weights are told apart by few trits, and share them with all others. */
const fewestInputs = 64;

/** The filters of each block. */
function blocksOf(filters: number, inputs: number): number[][] {
  const count = inputs < fewestInputs ? 1 : Math.max(1, Math.floor(filters / blockFilters));
  const starts = upTo(count + 1).map((i) => Math.round((i * filters) / count));
  return upTo(count).map((i) => upTo(starts[i + 1]! - starts[i]!).map((f) => starts[i]! + f));
}

export interface TaskOptions {
  /** Hidden units of the whole bank, ascending. */
  readonly widths: readonly number[];
  readonly statistics: LayerStatistics | undefined;
  readonly seed: number;
  /** Default 0. */
  readonly sparsity?: number;
}

/** The decompositions of a layer's bank, block by block. */
export function bankTasks(layer: Layer, { widths, statistics, seed, sparsity = 0 }: TaskOptions): LayerWeights[] {
  const { filters } = layer;
  const inputs = fanIn(layer);
  const weights = weightRows(layer);
  const { rowWeights, ...metric } = statistics ? metricOptions(statistics) : {};
  return blocksOf(filters, inputs).map((rows, i): LayerWeights => {
    const share = ((filters + inputs) * rows.length) / (filters * (rows.length + inputs));
    const own = widths.map((width) => Math.max(1, Math.round(width * share)));
    const options: DecomposeOptions = {
      width: own.at(-1)!,
      widths: own,
      seed,
      sparsity,
      scaleFilters: true,
      ...effort,
      ...metric,
      ...(rowWeights && { rowWeights: Float64Array.from(rows, (row) => rowWeights[row]!) }),
    };
    const name = `${layer.name} ${sparsity} ${i}`;
    return { name, weights: pickRows(weights, inputs, rows), filters: rows.length, inputs, options };
  });
}

/** What a block's decomposition says. */
export function fitsOf({ options }: LayerWeights, decomposition: Decomposition): Fits {
  const fits = new Map(decomposition.profile.map((fit) => [fit.width, fit]));
  const counts = countNonZero(decomposition);
  const read = countNonZero({ ...decomposition, inputs: 0 });
  const widths = options.widths!;
  // of filters whose outputs have variance 1
  const noiseAt = (width: number) =>
    (read[width - 1]! / (decomposition.filters * width)) * roundingNoise(fits.get(width)!.unitVariances);
  return {
    residuals: widths.map((width) => Array.from(fits.get(width)!.residuals, shorten)),
    nonZero: widths.map((width) => counts[width - 1]!),
    relativeNoise: widths.map((width) => shorten(noiseAt(width))),
  };
}

/** Those of the whole bank. */
export const joinFits = (blocks: readonly Fits[]): Fits => ({
  residuals: blocks[0]!.residuals.map((_, i) => blocks.flatMap(({ residuals }) => residuals[i]!)),
  nonZero: blocks[0]!.nonZero.map((_, i) => blocks.reduce((sum, { nonZero }) => sum + nonZero[i]!, 0)),
  // the same levels for the units of all of them
  relativeNoise: blocks[0]!.relativeNoise.map((_, i) => Math.max(...blocks.map((fits) => fits.relativeNoise[i]!))),
});

/**
 * Non-zeros of the first k + 1 terms. A decomposition that stops there has about as many: the difference was below 1 %
 * on layers of MobileNet-V1.
 */
function countNonZero({ wc, wb, filters, inputs, width }: Decomposition): number[] {
  const counts = new Array<number>(width).fill(0);
  for (let at = 0; at < filters * width; at++) if (wc[at] !== 0) counts[at % width]!++;
  for (let at = 0; at < width * inputs; at++) if (wb[at] !== 0) counts[Math.floor(at / inputs)]!++;
  let sum = 0;
  return counts.map((count) => {
    sum += count;
    return sum;
  });
}

/** Six digits. */
export const shorten = (value: number) => Number(value.toPrecision(6));
