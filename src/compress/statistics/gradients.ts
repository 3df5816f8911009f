/**
 * How the loss reacts to the filters of a layer, inside the graph. For one image, with g_p the gradient of its loss with
 * respect to a filter's output at position p, x_p the filter's inputs there and m their mean:
 *
 *   gradient with respect to the bias       sum_p g_p
 *   and to the weights, on centred inputs   G = sum_p g_p (x_p - m)
 *
 * Measured are the squares of both, summed over images. What for is in `predict.ts`.
 */

import { differentiate } from '../../autodiff/differentiate.ts';
import { f32, type Graph, type Value } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import type { Layer } from '../../quantize/index.ts';
import { emitColumns, emitOutputColumns, positionsOf, weightsOf } from './inputs.ts';

export interface GradientSquares {
  /** Sum over images of |G|^2, [filters]. */
  readonly weights: Value;
  /** Sum over images of (sum_p g_p)^2, [filters]. */
  readonly bias: Value;
}

/** For each layer on which the loss depends. `means` are those of the layers' inputs. */
export function emitGradientSquares(
  graph: Graph,
  loss: Value,
  layers: readonly Layer[],
  means: readonly Float64Array[],
  images: number,
): Map<Layer, GradientSquares> {
  const gradients = differentiate(
    graph,
    loss,
    layers.map((layer) => layer.node.output()),
  );
  const squares = new Map<Layer, GradientSquares>();
  for (const [i, layer] of layers.entries()) {
    const gradient = gradients.get(layer.node.output());
    if (!gradient) continue;
    const b = new Builder(graph, `statistics/${layer.name}/`);
    const g = emitOutputColumns(b, layer, gradient, images);
    const bias = b.reduceSum(g, [2], true);
    squares.set(layer, {
      weights: emitWeightSquares(b, layer, g, bias, means[i]!, images),
      bias: b.reduce('ReduceSumSquare', bias, [0, 2], false),
    });
  }
  return squares;
}

function emitWeightSquares(b: Builder, layer: Layer, g: Value, bias: Value, mean: Float64Array, images: number): Value {
  const [n, positions] = [weightsOf(layer), positionsOf(layer, images)];
  const columns = emitColumns(b, layer, images);
  if (positions * (n + layer.filters) < n * layer.filters) {
    // few positions: |G|^2 = g K g', where K = (X - m 1')' (X - m 1') is [positions, positions]
    const centred = b.sub(columns, b.constant('mean', f32([n, 1], mean)));
    const products = b.matmul(b.transpose(centred, [0, 2, 1]), centred);
    return b.reduceSum(b.mul(b.matmul(g, products), g), [0, 2]);
  }
  // G = g X' - (g 1) m'
  const uncentred = b.matmul(g, b.transpose(columns, [0, 2, 1]));
  const centred = b.sub(uncentred, b.mul(bias, b.constant('mean', f32([1, n], mean))));
  return b.reduce('ReduceSumSquare', centred, [0, 2], false);
}
