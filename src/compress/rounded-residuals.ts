/** How much of each filter is lost in 4 bits, in the unit of the analysis' residuals. */

import { fanIn, type Layer, weightRows } from '../quantize/index.ts';
import { dampen } from './calibrate/refit.ts';
import { roundFilters } from './decompose/round-filters.ts';
import { multiply } from './decompose/sums.ts';
import type { LayerStatistics } from './statistics/options.ts';
import { centreMoments } from './statistics/statistics.ts';

/** Added to the variances of inputs, relative to their mean, as calibration does it. */
const damping = 0.01;

/** Relative squared error of each filter: 0 exact, 1 nothing; 0 for a filter that gives nothing. */
export function roundedResiduals(layer: Layer, statistics: LayerStatistics | undefined): number[] {
  const inputs = fanIn(layer);
  const weights = Float64Array.from(weightRows(layer));
  const moments = statistics && centreMoments(statistics);
  const white = new Float64Array(inputs).fill(1);
  const covariance = moments?.covariance;
  const metric = covariance ? dampen({ inputs, covariance }, damping) : (moments?.variances ?? white);
  const { errors } = roundFilters(weights, inputs, 4, metric);
  const isDiagonal = metric.length === inputs;
  const products = isDiagonal
    ? weights.map((w, at) => w * metric[at % inputs]!)
    : multiply(weights, metric, inputs, inputs);
  return Array.from(errors, (error, f) => {
    let energy = 0;
    for (let j = f * inputs; j < (f + 1) * inputs; j++) energy += weights[j]! * products[j]!;
    return energy > 0 ? Math.min(1, error / energy) : 0;
  });
}
