/** What a ternary weight network (Li & Liu, 2016) is predicted to lose, in the unit of an analysis of the same network. */

import type { Analysis } from '#toolkit/compress/sensitivity.ts';
import { f32, type Graph } from '#toolkit/ir/index.ts';
import { findLayers, ternarize, weightRows } from '#toolkit/quantize/index.ts';

/**
 * The analysed layers only, for white inputs: each filter's share of weight energy that is lost, times its importance.
 * A covariance would make it exact; the order of methods it does not change.
 */
export function twnLoss(network: Graph, analysis: Analysis): number {
  const layers = new Map(findLayers(network).map((layer) => [layer.name, layer]));
  return analysis.layers.reduce((sum, { name, filters, inputs, importance }) => {
    const weights = weightRows(layers.get(name)!);
    const { values, scales } = ternarize(f32([filters, inputs], weights), 'filter');
    const lost = importance.map((one, f) => {
      let [error, energy] = [0, 0];
      for (let i = f * inputs; i < (f + 1) * inputs; i++) {
        error += (weights[i]! - scales[f]! * values.data[i]!) ** 2;
        energy += weights[i]! ** 2;
      }
      return energy > 0 ? (one * error) / energy : 0;
    });
    return sum + lost.reduce((a, b) => a + b, 0);
  }, 0);
}
