/**
 * Improvement of a decomposition, in rounds: all terms are searched again (where M is diagonal), then the trits of Wc and
 * those of Wb by coordinate descent, then the scales by least squares. Where searches look for sparse terms, non-zeros have
 * a price in all of it, see `priceOf`.
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

/**
 * What a non-zero has to lower the error by: what the least term brings per addition. (A sparse term is cut where one more
 * non-zero would bring less than the average of those before it and the unit's cost.)
 */
function priceOf(terms: Terms, { metric }: Problem, unitCost: number): number {
  if (unitCost === Number.POSITIVE_INFINITY) return 0;
  const energies = rowErrors(metric, terms.ys);
  let price = Number.POSITIVE_INFINITY;
  for (let k = 0; k < terms.count; k++) {
    const mass = terms.xOf(k).reduce((sum, v, i) => (v === 0 ? sum : sum + metric.rowWeights[i]!), 0);
    const additions = countNonZero(terms.xOf(k)) + countNonZero(terms.yOf(k)) + unitCost;
    price = Math.min(price, (terms.scales[k]! ** 2 * mass * energies[k]!) / additions);
  }
  return Number.isFinite(price) ? price : 0;
}

const countNonZero = (trits: Int8Array) => trits.reduce((count, v) => (v === 0 ? count : count + 1), 0);

/**
 * Improves `terms` in place and returns its error. A round that does not lower it, with the price of the non-zeros, is
 * undone and ends it.
 */
export function improve(terms: Terms, problem: Problem, search: TermSearch, rounds: number): number {
  const { weights, metric } = problem;
  const price = rounds > 0 ? priceOf(terms, problem, search.unitCost) : 0;
  const worthOf = (found: number) =>
    price > 0 ? found + price * (countNonZero(terms.x) + countNonZero(terms.y)) : found;
  let error = errorOf(terms, problem);
  let worth = worthOf(error);
  for (let round = 0; round < rounds && error > 0; round++) {
    const before = terms.copy();
    if (!metric.covariance) {
      searchAgain(terms, new Residual(terms.residual(weights), terms.filters, terms.inputs), search);
    }
    improveWc(terms, problem, price);
    if (metric.covariance) improveChannels(terms, problem, price);
    else improveWb(terms, problem, price);
    fitScales(terms, problem);
    const now = errorOf(terms, problem);
    const nowWorth = worthOf(now);
    if (!(nowWorth < worth)) {
      terms.copyFrom(before);
      break;
    }
    [error, worth] = [now, nowWorth];
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

/** The trits of Wc, filter by filter; `price` is what a non-zero has to lower the error by. */
export function improveWc(terms: Terms, { weights, metric }: Problem, price: number): void {
  const { count, filters, inputs, scales } = terms;
  const y = terms.ys;
  const gradients = multiply(weighInputs(metric, terms.residual(weights)), transpose(y, count, inputs), inputs, count);
  for (let at = 0; at < gradients.length; at++) gradients[at]! *= scales[at % count]!;
  const gram = scaleBoth(gramOfInputs(metric, y), scales, count);
  const prices = price > 0 ? metric.rowWeights.map((u) => price / u) : undefined;
  descendTrits(terms.x.subarray(0, count * filters), gradients, gram, filters, prices);
}

/** The trits of Wb, input channel by input channel: with a diagonal M, their weights do not matter unless they are 0. */
export function improveWb(terms: Terms, { weights, metric }: Problem, price: number): void {
  const { count, filters, inputs, scales } = terms;
  const x = terms.xs;
  const errors = terms.residual(weights);
  for (let at = 0; at < errors.length; at++) errors[at]! *= metric.rowWeights[Math.floor(at / inputs)]!;
  const gradients = multiply(transpose(errors, filters, inputs), transpose(x, count, filters), filters, count);
  for (let at = 0; at < gradients.length; at++) {
    gradients[at]! *= metric.columnWeights[Math.floor(at / count)]! > 0 ? scales[at % count]! : 0;
  }
  const gram = scaleBoth(gramOfFilters(metric, x), scales, count);
  const prices = price > 0 ? metric.columnWeights.map((w) => price / w) : undefined;
  descendTrits(terms.y.subarray(0, count * inputs), gradients, gram, inputs, prices);
}

/** diag(a) G diag(a), in place. */
function scaleBoth(gram: Float64Array, a: Float64Array, count: number): Float64Array {
  for (let at = 0; at < gram.length; at++) gram[at]! *= a[Math.floor(at / count)]! * a[at % count]!;
  return gram;
}
