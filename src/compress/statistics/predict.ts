/**
 * What an error of a layer's weights is predicted to cost, from the layer's statistics. Let the rows D_f of weight errors
 * and d_f of bias errors change the outputs by e_fp = D_f x_p + d_f, with x_p the inputs at position p. To second order,
 *
 *   loss increase = sum g e + 1/2 e' H e   for the image,   g_fp the gradient, sums over filters f and positions p
 *
 * The expectation of g over labels that follow the model's own probabilities is 0 and that of g g' is H but for the
 * curvature of the network behind the layer (Fisher information): what is left is 1/2 E[(sum g e)^2]. It is the increase
 * of the divergence KL(before || after), and of the cross-entropy where a model is as sure as it is right. Assumed:
 *
 * 1. Errors of different filters do not conspire: (sum_f ..)^2 becomes sum_f (..)^2.
 * 2. With m = E[x] and C = E[(x - m)(x - m)'], the matrix E[G_f G_f'] of G_f = sum_p g_fp (x_p - m) has the form of C:
 *    it is s_f C, and s_f = E|G_f|^2 / trace C.
 * 3. The errors' two parts, of the mean and around it, do not conspire either. Then, with b_f = E[(sum_p g_fp)^2],
 *
 *   loss increase of filter f = 1/2 s_f D_f C D_f' + 1/2 b_f (D_f m + d_f)^2
 *
 * Both are per image and count all its positions: no number of positions is left to multiply by. (Grosse & Martens, arXiv
 * 1602.01407, take gradients at different positions as independent too: s_f = b_f = E[sum_p g_fp^2]. They are not; in a
 * MobileNet, whose last layer averages over positions, that is wrong by a factor of ten and more.) The second part
 * vanishes where a bias makes up for the mean error: d_f = -D_f m.
 */

import { TritbankError } from '../../ir/index.ts';
import { rowErrors } from '../decompose/metric.ts';
import type { LayerStatistics } from './options.ts';

/** How the inputs vary around their mean. */
export interface Covariance {
  /** C, [n, n], symmetric; undefined where only the diagonal is known. */
  readonly covariance: Float64Array | undefined;
  /** Its diagonal, [n], at least 0. */
  readonly variances: Float64Array;
}

/** E[x x'] - m m'. */
export function centreMoments({ secondMoments, diagonal, mean }: LayerStatistics): Covariance {
  const n = mean.length;
  const variances = diagonal.map((d, j) => Math.max(0, d - mean[j]! ** 2));
  const covariance = secondMoments?.map((moment, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return i === j ? variances[i]! : moment - mean[i]! * mean[j]!;
  });
  return { covariance, variances };
}

/** Errors of the weights. */
export interface WeightErrors {
  /** D, [filters, n]. */
  readonly weights: Float32Array | Float64Array;
  /** d, [filters]; default 0. */
  readonly biases?: ArrayLike<number>;
}

/** Errors of the outputs, for callers that know them. */
export interface OutputErrors {
  /** D_f C D_f': variance of each filter's output error, [filters]. */
  readonly energies: ArrayLike<number>;
  /** D_f m + d_f: its mean, [filters]; default 0, as after a correction of biases. */
  readonly shifts?: ArrayLike<number>;
}

/** Variance and mean of each filter's output error. */
export function measureErrors(statistics: LayerStatistics, { weights, biases }: WeightErrors): Required<OutputErrors> {
  const { mean } = statistics;
  const n = mean.length;
  const filters = weights.length / n;
  if (!Number.isInteger(filters)) {
    throw new TritbankError('E_USAGE', 'weight errors', `expected a multiple of ${n} numbers, found ${weights.length}`);
  }
  requireCount('bias errors', biases, filters);
  const { covariance, variances } = centreMoments(statistics);
  const metric = { rowWeights: new Float64Array(filters).fill(1), columnWeights: variances, covariance };
  const doubles = Float64Array.from(weights);
  const shifts = Float64Array.from({ length: filters }, (_, f) => {
    let shift = biases?.[f] ?? 0;
    for (let j = 0; j < n; j++) shift += doubles[f * n + j]! * mean[j]!;
    return shift;
  });
  return { energies: rowErrors(metric, doubles), shifts };
}

/**
 * Predicted increase of the loss of an image, in nats, for each filter. For small errors: nothing above some tenths of a
 * nat is to be believed. Filters add up, and so do layers, as far as their errors are independent: those of one quantizer
 * are not quite, and the sum over a layer may be wrong by a factor of 2 to 5 where each filter's figure is good. E_USAGE
 * for statistics without sensitivities and for errors that are not one per filter.
 */
export function predictLoss(statistics: LayerStatistics, errors: WeightErrors | OutputErrors): Float64Array {
  const { sensitivity, biasSensitivity } = statistics;
  if (!sensitivity || !biasSensitivity) {
    throw new TritbankError('E_USAGE', 'statistics', 'expected sensitivities, found statistics of the inputs only');
  }
  const { energies, shifts } = 'weights' in errors ? measureErrors(statistics, errors) : errors;
  requireCount('error energies', energies, sensitivity.length);
  requireCount('shifts', shifts, sensitivity.length);
  return sensitivity.map((s, f) => 0.5 * (s * energies[f]! + biasSensitivity[f]! * (shifts?.[f] ?? 0) ** 2));
}

function requireCount(what: string, values: ArrayLike<number> | undefined, filters: number): void {
  if (!values || values.length === filters) return;
  throw new TritbankError(
    'E_USAGE',
    what,
    `expected one number for each of ${filters} filters, found ${values.length}`,
  );
}
