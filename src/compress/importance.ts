/**
 * How much an error in a filter matters: what a relative error of 1 does to the loss where statistics of data say it, and
 * otherwise the filter's share of its layer's energy; and how decompositions weigh errors accordingly. `sensitivity.ts` has
 * the formulas.
 */

import { TritbankError } from '../ir/index.ts';
import { fanIn, type Layer, weightRows } from '../quantize/index.ts';
import type { DecomposeOptions } from './decompose/options.ts';
import type { LayerStatistics } from './statistics/options.ts';
import { centreMoments, measureErrors, predictLoss } from './statistics/predict.ts';

/** The statistics of a layer. E_USAGE for those of another network. */
export function statisticsOf(statistics: ReadonlyMap<string, LayerStatistics>, layer: Layer): LayerStatistics {
  const found = statistics.get(layer.name);
  const n = fanIn(layer);
  const fits = found?.mean.length === n && (found.sensitivity?.length ?? layer.filters) === layer.filters;
  if (fits) return found;
  const expected = `expected those of ${layer.filters} filters with ${n} weights`;
  throw new TritbankError(
    'E_USAGE',
    `statistics of layer '${layer.name}'`,
    `${expected}, found ${found ? 'others' : 'none'}`,
  );
}

/** Of each filter's output. */
const variancesOf = (layer: Layer, statistics: LayerStatistics): number[] =>
  Array.from(measureErrors(statistics, { weights: weightRows(layer) }).energies, (energy) => Math.max(0, energy));

/** Of each filter. */
export function importanceOf(layer: Layer, statistics: LayerStatistics | undefined, hasLoss: boolean): number[] {
  const rows = weightRows(layer);
  if (hasLoss) {
    const { energies } = measureErrors(statistics!, { weights: rows });
    return Array.from(predictLoss(statistics!, { energies }), (loss) => Math.max(0, loss));
  }
  const n = fanIn(layer);
  const energies = statistics
    ? variancesOf(layer, statistics)
    : Array.from({ length: layer.filters }, (_, f) =>
        rows.subarray(f * n, (f + 1) * n).reduce((energy, w) => energy + w * w, 0),
      );
  const total = energies.reduce((sum, energy) => sum + energy, 0);
  return energies.map((energy) => (total > 0 ? energy / total : 0));
}

/** Below this part of the mean, sensitivities count as this: filters without any would not be approximated at all. */
const leastSensitivity = 1e-3;

/** Under a covariance matrix it is a round of improvement that takes all of it into account: errors fall by a third. */
const correlatedEffort = { growth: 2, rounds: 1 } as const;

/** How a decomposition of the filters `rows` (default all) weighs errors. */
export function metricOptions(statistics: LayerStatistics, rows?: readonly number[]): Partial<DecomposeOptions> {
  const { covariance, variances } = centreMoments(statistics);
  const { sensitivity } = statistics;
  return {
    columnWeights: variances,
    ...(covariance && { covariance, ...correlatedEffort }),
    ...(sensitivity && { rowWeights: weighFilters(sensitivity, rows) }),
  };
}

/** Sensitivities relative to their mean. */
function weighFilters(sensitivity: Float64Array, rows: readonly number[] | undefined): Float64Array {
  const mean = sensitivity.reduce((sum, s) => sum + s, 0) / sensitivity.length;
  const weights = sensitivity.map((s) => (mean > 0 ? Math.max(s / mean, leastSensitivity) : 1));
  return rows ? Float64Array.from(rows, (row) => weights[row]!) : weights;
}
