/**
 * Dead code elimination: removes nodes that no graph output depends on, then initializers that nobody reads. Graph
 * inputs stay, read or not: they are the model's interface.
 */

import type { Graph, Node } from '../ir/index.ts';

/** Removes in place; true when something was removed. */
export function removeDead(graph: Graph): boolean {
  const returned = new Set(graph.outputs);
  const inputs = new Set(graph.inputs);
  const isDead = (node: Node) => !node.outputs.some((o) => o && (o.uses.size > 0 || returned.has(o)));
  const dead = graph.removeMany((remove) =>
    graph.nodes.toReversed().filter((node) => {
      if (!isDead(node)) return false;
      remove(node);
      return true;
    }),
  );
  const unread = graph.initializers.filter((v) => v.uses.size === 0 && !returned.has(v) && !inputs.has(v));
  for (const value of unread) graph.removeValue(value);
  return dead.length + unread.length > 0;
}
