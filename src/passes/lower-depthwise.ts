/** Replaces the batch-last depthwise marker by batched matrix products (`ops/depthwise.ts`). */

import type { Graph } from '../ir/index.ts';
import { applyMap, Builder, depthwiseConv, geometryOf, markerDomain } from '../ops/index.ts';

/** Rewrites every marker; true if there was one. */
export function lowerDepthwise(graph: Graph): boolean {
  const nodes = graph.nodes.filter((n) => n.op === depthwiseConv && n.domain === markerDomain);
  for (const node of nodes) {
    const b = new Builder(graph, `${node.name}/`, node);
    const y = applyMap(b, geometryOf(node), 'forward', node.input(1), node.input(0));
    node.output().replaceAllUsesWith(y);
    graph.remove(node);
  }
  return nodes.length > 0;
}
