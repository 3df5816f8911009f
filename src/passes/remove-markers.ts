/**
 * Removes the markers that only differentiation reads:
 * 1. `StraightThrough(x, q)` becomes `q`.
 * 2. Where the graph returns it, an Identity of `q` keeps the output's name.
 */

import type { Graph } from '../ir/index.ts';
import { markerDomain, straightThrough } from '../ops/names.ts';

/** Returns whether there was a marker. */
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
