/**
 * Improvement of a decomposition, in rounds: all terms are searched again (where M is diagonal), then the trits of Wc and
 * those of Wb by coordinate descent, then the scales by least squares.
 */

import { improveChannels } from './correlated.ts';
import { gramOfFilters, gramOfInputs, rowErrors, totalError, weighInputs } from './metric.ts';
import type { Problem } from './options.ts';
import { fitScales } from './scales.ts';
import type { TermSearch } from './search.ts';
import { multiply, transpose } from './sums.ts';
import { Residual, type Terms } from './terms.ts';
import { descendTrits } from './trits.ts';

/** The weighted squared error. */
export function errorOf(terms: Terms, { weights, metric }: Problem): number {
  return totalError(metric, rowErrors(metric, terms.residual(weights)));
}

/** Improves `terms` in place and returns its error. A round that does not lower the error is undone and ends it. */
export function improve(terms: Terms, problem: Problem, search: TermSearch, rounds: number): number {
  const { weights, metric } = problem;
  let error = errorOf(terms, problem);
  for (let round = 0; round < rounds && error > 0; round++) {
    const before = terms.copy();
    if (!metric.covariance) {
      searchAgain(terms, new Residual(terms.residual(weights), terms.filters, terms.inputs), search);
    }
    improveWc(terms, problem);
    if (metric.covariance) improveChannels(terms, problem);
    else improveWb(terms, problem);
    fitScales(terms, problem);
    const now = errorOf(terms, problem);
    if (!(now < error)) {
      terms.copyFrom(before);
      break;
    }
    error = now;
  }
  return error;
}

/** Searches each term again, from where it is, on what the others leave; keeps `residual` up to date. */
export function searchAgain(terms: Terms, residual: Residual, search: TermSearch): void {
  for (let k = 0; k < terms.count; k++) {
    const term = terms.get(k);
    const found = search.refine(residual, term.y, term);
    residual.subtract(found, term);
    terms.set(k, found);
  }
}

/** The trits of Wc, filter by filter. */
export function improveWc(terms: Terms, { weights, metric }: Problem): void {
  const { count, filters, inputs, scales } = terms;
  const y = terms.ys;
  const gradients = multiply(weighInputs(metric, terms.residual(weights)), transpose(y, count, inputs), inputs, count);
  for (let at = 0; at < gradients.length; at++) gradients[at]! *= scales[at % count]!;
  const gram = scaleBoth(gramOfInputs(metric, y), scales, count);
  descendTrits(terms.x.subarray(0, count * filters), gradients, gram, filters);
}

/** The trits of Wb, input channel by input channel: with a diagonal M, their weights do not matter unless they are 0. */
export function improveWb(terms: Terms, { weights, metric }: Problem): void {
  const { count, filters, inputs, scales } = terms;
  const x = terms.xs;
  const errors = terms.residual(weights);
  for (let at = 0; at < errors.length; at++) errors[at]! *= metric.rowWeights[Math.floor(at / inputs)]!;
  const gradients = multiply(transpose(errors, filters, inputs), transpose(x, count, filters), filters, count);
  for (let at = 0; at < gradients.length; at++) {
    gradients[at]! *= metric.columnWeights[Math.floor(at / count)]! > 0 ? scales[at % count]! : 0;
  }
  const gram = scaleBoth(gramOfFilters(metric, x), scales, count);
  descendTrits(terms.y.subarray(0, count * inputs), gradients, gram, inputs);
}

/** diag(a) G diag(a), in place. */
function scaleBoth(gram: Float64Array, a: Float64Array, count: number): Float64Array {
  for (let at = 0; at < gram.length; at++) gram[at]! *= a[Math.floor(at / count)]! * a[at % count]!;
  return gram;
}
