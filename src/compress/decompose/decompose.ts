/**
 * The semi-discrete decomposition of a layer's weights: `W ~ Wc diag(a) Wb` with ternary Wc [filters, width] and Wb
 * [width, inputs], which is a strassenified layer without training; on request `diag(s) Wc diag(a) Wb`, where filters
 * whose outputs vary by different amounts share hidden units better. Kolda & O'Leary, "A semidiscrete matrix decomposition
 * for latent semantic indexing" (1998), find it greedily, term by term. Here, besides:
 *
 * 1. Terms start from a random ternary vector. From the column with most of the residual, as in the paper, searches end in
 *    sparser and much worse terms.
 * 2. Each time the width has grown by a factor (`growth`), all terms are searched again on what the others leave.
 * 3. At the end, scales by least squares, and `rounds` of improvement (`improve.ts`).
 *
 * Convolutions with larger kernels are matrices [filters, inputs * kernel] here. Filters that stay in full precision are
 * left out by the caller.
 */

import { errorOf, improve, searchAgain } from './improve.ts';
import { rowErrors, totalError } from './metric.ts';
import { type DecomposeOptions, type Problem, poseProblem } from './options.ts';
import { fitScales } from './scales.ts';
import { TermSearch } from './search.ts';
import { transpose } from './sums.ts';
import { Residual, Terms } from './terms.ts';

export type { DecomposeOptions } from './options.ts';
export type { Start } from './search.ts';

/** How well some width does. Errors are squared, weighted as asked for, relative to the weights' own: 0 exact, 1 nothing. */
export interface Fit {
  readonly width: number;
  /** Of all filters together. */
  readonly error: number;
  /** Of each filter. */
  readonly residuals: Float64Array;
  /** Of each hidden unit in use, a_k y_k M y_k' a_k: with M the inputs' covariance, its variance. */
  readonly unitVariances: Float64Array;
}

export interface Decomposition extends Fit {
  readonly filters: number;
  readonly inputs: number;
  /** Terms in use; fewer than `width` where nothing is left to approximate. The others are zero. */
  readonly terms: number;
  /** [filters, width], in {-1, 0, 1}. */
  readonly wc: Int8Array;
  /** a, [width]. */
  readonly scales: Float64Array;
  /** s, [filters]: 1 unless asked for. */
  readonly filterScales: Float64Array;
  /** [width, inputs], in {-1, 0, 1}. */
  readonly wb: Int8Array;
  /** At the widths asked for, ascending; the error never rises. */
  readonly profile: readonly Fit[];
}

/** Below this part of the weights' energy, a residual is their rounding to float32. */
const negligible = 1e-14;
/** The width at which terms are searched again for the first time. */
const firstRevisit = 8;

/**
 * Decomposes `weights` [filters, inputs] into `wc` [filters, width], `scales` [width] and `wb` [width, inputs].
 * Depends on nothing but its arguments. Throws E_MODEL for weights that are not finite, E_SHAPE or E_USAGE for sizes
 * and options that do not fit.
 *
 * @example
 * import { decompose } from 'tritbank';
 *
 * const weights = Float32Array.of(1, 1, 0, -2, 0, 2, 1, 1, 1, 3, 1, -1); // 4 filters of 3 weights
 * const { wc, scales, wb, error } = decompose(weights, 4, 3, { width: 4 });
 * const first = Array.from(scales, (scale, k) => wc[k]! * scale * wb[3 * k]!).reduce((a, b) => a + b); // near 1
 * console.log(first, error);
 */
export function decompose(
  weights: Float32Array | Float64Array,
  filters: number,
  inputs: number,
  options: DecomposeOptions,
): Decomposition {
  const problem = poseProblem(weights, filters, inputs, options);
  const { width, widths = [], growth = 1.1, rounds = 1 } = options;
  const { alternations = 40, start = 'dense', starts = 1, sparsity = 0, seed = 0 } = options;
  const unitCost = sparsity > 0 ? (filters + inputs) / sparsity : Number.POSITIVE_INFINITY;
  const search = new TermSearch(problem.metric, { alternations, start, starts, unitCost, seed });
  const terms = new Terms(filters, inputs, width);
  const residual = new Residual(problem.weights.slice(), filters, inputs);
  let left = search.energyOf(residual);
  const enough = negligible * left;
  let revisit = growth === Number.POSITIVE_INFINITY ? growth : firstRevisit;
  let best: { readonly terms: Terms; readonly error: number } | undefined;
  const profile: Fit[] = [];

  for (const stop of [...new Set([...widths, width])].sort((a, b) => a - b)) {
    while (terms.count < stop && left > enough) {
      const term = search.find(residual, terms.count);
      if (term.gain === 0) break;
      terms.add(term);
      residual.subtract(term);
      left -= term.gain;
      if (terms.count < revisit) continue;
      searchAgain(terms, residual, search);
      left = search.energyOf(residual);
      revisit = Math.ceil(terms.count * growth);
    }
    const settled = terms.copy();
    settleScales(settled, problem);
    const error = improve(settled, problem, search, rounds);
    if (!best || error < best.error) best = { terms: settled, error };
    profile.push(fitOf(best.terms, problem, stop));
  }

  const { terms: chosen } = best!;
  return {
    ...profile.at(-1)!,
    filters,
    inputs,
    terms: chosen.count,
    wc: Int8Array.from(transpose(chosen.x, width, filters)),
    scales: chosen.scales,
    filterScales: problem.filterScales,
    wb: chosen.y,
    profile: profile.filter((fit) => widths.includes(fit.width)),
  };
}

/** Fits the scales, unless rounding makes them worse than they were. */
function settleScales(terms: Terms, problem: Problem): void {
  const before = terms.scales.slice();
  const error = errorOf(terms, problem);
  fitScales(terms, problem);
  if (!(errorOf(terms, problem) <= error)) terms.scales.set(before);
}

function fitOf(terms: Terms, { weights, metric }: Problem, width: number): Fit {
  const energies = rowErrors(metric, weights);
  const errors = rowErrors(metric, terms.residual(weights));
  const relative = (error: number, energy: number) => (energy > 0 ? Math.max(0, error) / energy : 0);
  return {
    width,
    error: relative(totalError(metric, errors), totalError(metric, energies)),
    residuals: errors.map((error, i) => relative(error, energies[i]!)),
    unitVariances: rowErrors(metric, terms.ys).map((energy, k) => Math.max(0, energy * terms.scales[k]! ** 2)),
  };
}
