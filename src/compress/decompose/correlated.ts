/**
 * Trits of Wb under a full covariance matrix M, where input channels are not independent: term after term, by coordinate
 * descent over the channels of one term. With errors E (a row per filter) and mass = x' diag(u) x,
 *
 *   E(y + d e_j) - E(y) = a^2 mass (-2 d g_j + d^2 M_jj),   g = x' diag(u) E M / (a mass)
 */

import { weighInputs } from './metric.ts';
import type { Problem } from './options.ts';
import { multiply } from './sums.ts';
import type { Terms } from './terms.ts';
import { descendTrits } from './trits.ts';

/** Improves Wb in place, given Wc and the scales; `price` is what a non-zero has to lower the error by. */
export function improveChannels(terms: Terms, { weights, metric }: Problem, price: number): void {
  const { filters, inputs } = terms;
  const covariance = metric.covariance!;
  const errors = weighInputs(metric, terms.residual(weights));
  for (let k = 0; k < terms.count; k++) {
    const x = terms.xOf(k);
    const weighed = metric.rowWeights.map((u, i) => u * x[i]!);
    const mass = weighed.reduce((sum, u) => sum + Math.abs(u), 0);
    const factor = terms.scales[k]! * mass;
    if (factor === 0) {
      if (price > 0) terms.yOf(k).fill(0);
      continue;
    }
    const gradient = multiply(weighed, errors, filters, inputs);
    for (let j = 0; j < inputs; j++) gradient[j]! /= factor;
    const y = terms.yOf(k);
    const before = y.slice();
    if (descendTrits(y, gradient, covariance, 1, [price / (terms.scales[k]! * factor)]) === 0) continue;
    const change = multiply(
      Float64Array.from(y, (v, j) => v - before[j]!),
      covariance,
      inputs,
      inputs,
    );
    for (let i = 0; i < filters; i++) {
      const step = terms.scales[k]! * x[i]!;
      if (step === 0) continue;
      for (let j = 0, at = i * inputs; j < inputs; j++, at++) errors[at]! -= step * change[j]!;
    }
  }
}
