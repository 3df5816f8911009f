/**
 * A filter bank for given weights and statistics of its inputs. Filters are brought to outputs of unit variance, decomposed
 * together under the inputs' covariance, and scaled back: one scale per filter, which deployment moves into the layer that
 * follows.
 */

import { type BankPlan, type FilterBits, largest, otherFilters, upTo } from '../../quantize/index.ts';
import { type Decomposition, decompose } from '../decompose/decompose.ts';
import { multiply } from '../decompose/sums.ts';
import type { Moments } from './moments.ts';
import { filterErrors, sumOf } from './refit.ts';
import { roundRows } from './round-rows.ts';

export interface BankOptions {
  /** The inputs' covariance, [inputs, inputs], as errors are weighed by it: dampened, at least. */
  readonly metric: Float64Array;
  /** Of the error of each filter's outputs, [filters]; default: all alike. */
  readonly weights?: Float64Array;
  /** Rounds of improvement of trits and scales. */
  readonly rounds: number;
  readonly seed: number;
  readonly name: string;
  /** Choose the full-precision filters anew, as many as planned: those that the decomposition hurts most. */
  readonly reselect: boolean;
}

export interface FittedBank {
  /** Ascending. */
  readonly fullPrecision: readonly number[];
  /** Ascending; its filters are those of `wc` and `scales`. */
  readonly ternary: readonly number[];
  /** Of the full-precision filters, where the plan says them. */
  readonly bits?: readonly FilterBits[];
  readonly decomposition: Decomposition;
  /** One factor per ternary filter. */
  readonly scales: Float64Array;
  /** The weights that the bank computes with, [filters, inputs]. */
  readonly weights: Float64Array;
  /** Sum of output errors before the last fit of `scales`. */
  readonly decomposedError: number;
}

const rowsOf = (matrix: Float64Array, inputs: number, rows: readonly number[]) => {
  const result = new Float64Array(rows.length * inputs);
  for (const [at, i] of rows.entries()) result.set(matrix.subarray(i * inputs, (i + 1) * inputs), at * inputs);
  return result;
};

/** `w_i M w_i'` for each row. */
function energies(weights: Float64Array, covariance: Float64Array, inputs: number): Float64Array {
  const product = multiply(weights, covariance, inputs, inputs);
  const result = new Float64Array(weights.length / inputs);
  for (let at = 0; at < weights.length; at++) result[Math.floor(at / inputs)]! += weights[at]! * product[at]!;
  return result;
}

/** Terms are searched again whenever there are 3 % more: errors are 8 % below those at the usual 10 %, in twice the time. */
const thoroughGrowth = 1.03;

class BankFit {
  constructor(
    private readonly weights: Float64Array,
    private readonly moments: Moments,
    private readonly options: BankOptions,
  ) {}

  decompose(filters: readonly number[], width: number, sparsity: number, isRough: boolean): Decomposition {
    const { inputs } = this.moments;
    const { seed, rounds, name, metric, weights } = this.options;
    return decompose(rowsOf(this.weights, inputs, filters), filters.length, inputs, {
      name,
      width,
      scaleFilters: true,
      covariance: metric,
      rowWeights: Float64Array.from(filters, (i) => weights?.[i] ?? 1),
      seed,
      sparsity,
      ...(isRough ? { rounds: 0, growth: Number.POSITIVE_INFINITY } : { rounds, growth: thoroughGrowth }),
    });
  }

  /** The filters with the largest errors where all are ternary, at the bank's ratio of hidden units to ternary filters. */
  choose(count: number, hidden: number, sparsity: number): number[] {
    const { filters } = this.moments;
    if (count === 0) return [];
    const width = Math.max(1, Math.round((hidden * filters) / (filters - count)));
    const { residuals, filterScales } = this.decompose(upTo(filters), width, sparsity, true);
    const { weights } = this.options;
    return largest(
      residuals.map((r, i) => r * filterScales[i]! ** 2 * (weights?.[i] ?? 1)),
      count,
    );
  }
}

/** `diag(s) Wc diag(a) Wb`. */
function expand({ wc, wb, scales, filterScales, width, inputs }: Decomposition): Float64Array {
  const left = Float64Array.from(wc, (v, at) => v * scales[at % width]! * filterScales[Math.floor(at / width)]!);
  return multiply(left, Float64Array.from(wb), width, inputs);
}

/**
 * The bank that approximates `weights` [filters, inputs] under `moments`. Filters in full precision keep their weights, or
 * become multiples of a scale where the plan has few bits for them (in the order of the filters that stay); of
 * the others, each one's scale is fitted to the layer's original outputs at the end.
 */
export function fitBank(weights: Float64Array, moments: Moments, plan: BankPlan, options: BankOptions): FittedBank {
  const { filters, inputs, cross, covariance } = moments;
  const fit = new BankFit(weights, moments, options);
  const { fullPrecision: planned, hidden, sparsity = 0, bits } = plan;
  const fullPrecision = options.reselect ? fit.choose(planned.length, hidden, sparsity) : planned;
  const ternary = otherFilters(filters, fullPrecision);
  const decomposition = fit.decompose(ternary, hidden, sparsity, false);
  const approximate = expand(decomposition);
  const energy = energies(approximate, covariance, inputs);
  const result = weights.slice();
  if (bits) roundRows(result, moments, fullPrecision, bits, options.metric);
  for (const [at, i] of ternary.entries()) result.set(approximate.subarray(at * inputs, (at + 1) * inputs), i * inputs);
  const decomposedError = sumOf(filterErrors(result, moments));
  const scales = new Float64Array(ternary.length);
  for (const [at, i] of ternary.entries()) {
    let along = 0;
    for (let j = 0; j < inputs; j++) along += approximate[at * inputs + j]! * cross[i * inputs + j]!;
    const scale = energy[at]! > 0 ? along / energy[at]! : 1;
    scales[at] = scale * decomposition.filterScales[at]!;
    for (let j = 0; j < inputs; j++) result[i * inputs + j]! *= scale;
  }
  return { fullPrecision, ternary, ...(bits && { bits }), decomposition, scales, weights: result, decomposedError };
}
