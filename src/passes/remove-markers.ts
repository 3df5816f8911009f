/**
 * Removes the markers that only differentiation reads:
 * 1. `StraightThrough(x, q)` becomes `q`.
 * 2. Where the graph returns it, an Identity of `q` keeps the output's name.
 */

import type { Graph } from '../ir/index.ts';
import { markerDomain, straightThrough } from '../ops/names.ts';

/**
 * Removes them in place; true when there was one.
 *
 * @example
 * import { applyPlan, loadModel, makePlan, normalizeNetwork, removeMarkers, toTernary } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const { graph: training } = toTernary(applyPlan(graph, makePlan(graph, { method: 'hybrid' }), 1));
 * removeMarkers(training); // now any runtime runs it, and nothing differentiates it
 */
export function removeMarkers(graph: Graph): boolean {
  const markers = graph.nodes.filter((node) => node.op === straightThrough && node.domain === markerDomain);
  for (const node of markers) {
    const output = node.output();
    const returned = graph.outputs.includes(output);
    const value = returned ? graph.add('Identity', [node.input(1)], {}, { before: node }).output() : node.input(1);
    if (returned) value.type = output.type;
    output.replaceAllUsesWith(value);
    graph.remove(node);
    if (returned) graph.rename(value, output.name);
  }
  return markers.length > 0;
}
