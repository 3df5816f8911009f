/**
 * Filters brought into the order of a plan's banks, full-precision ones first, in a network that computes the same: the
 * channels of what follows move along. Weights can be traced through it, for factors that were found in the old order.
 */

import { f32, type Graph } from '../ir/index.ts';
import { inferShapes, permuteFilters } from '../passes/index.ts';
import { fanIn, findLayers, fromWeightRows, weightRows } from './layers.ts';
import { filterOrder, isBank, type Plan, upTo } from './plan.ts';

/**
 * A copy of `graph` whose banks have their full-precision filters first, both groups in ascending order. Of two banks
 * whose filters can only move together (the trunk of a squeeze-and-excite, and its branch), the later one gets its own
 * order too, and a Gather behind it.
 *
 * @example
 * import { bankPlan, findLayers, loadModel, normalizeNetwork, orderFilters } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const { name, filters } = findLayers(graph)[0]!;
 * const plan = { layers: { [name]: bankPlan(filters, [1, 3], filters) } };
 * const ordered = orderFilters(graph, plan); // filters 1, 3, 0, 2, 4 ...
 */
export function orderFilters(graph: Graph, { layers }: Plan): Graph {
  const copy = inferShapes(graph.clone());
  const known = new Map(findLayers(copy).map((layer) => [layer.name, layer]));
  /** Of layers whose filters moved with another's, where each place's filter was at first. */
  const origins = new Map<string, readonly number[]>();
  for (const [name, planned] of Object.entries(layers)) {
    if (!isBank(planned)) continue;
    const { node, filters } = known.get(name)!;
    const origin = origins.get(name) ?? upTo(filters);
    const order = filterOrder(filters, planned).map((filter) => origin.indexOf(filter));
    if (order.every((from, to) => from === to)) continue;
    const { moved } = permuteFilters(copy, node, order);
    for (const [other, places] of moved) {
      const before = origins.get(other);
      origins.set(
        other,
        places.map((place) => before?.[place] ?? place),
      );
    }
    inferShapes(copy);
  }
  return copy;
}

/** Where a layer's weights have come from. */
export interface Origin {
  /** Row i of the reordered layer was row `rows[i]`. */
  readonly rows: readonly number[];
  /** Weight j of a reordered filter was weight `columns[j]`. */
  readonly columns: readonly number[];
}

/**
 * Follows every weight through `orderFilters`: the same rewrite of a network whose weights are numbered. Numbers up to
 * 2^24 are exact in float32.
 */
export function traceFilters(graph: Graph, plan: Plan): Map<string, Origin> {
  const numbered = graph.clone();
  for (const layer of findLayers(numbered)) {
    const { dims, data } = layer.weight.constant!;
    layer.weight.constant = f32(dims, fromWeightRows(layer, Float32Array.from(upTo(data.length))));
  }
  const origins = new Map<string, Origin>();
  for (const layer of findLayers(orderFilters(numbered, plan))) {
    const [data, size] = [weightRows(layer), fanIn(layer)];
    const rows = Array.from({ length: layer.filters }, (_, i) => Math.floor(data[i * size]! / size));
    const columns = Array.from({ length: size }, (_, j) => data[j]! % size);
    origins.set(layer.name, { rows, columns });
  }
  return origins;
}
