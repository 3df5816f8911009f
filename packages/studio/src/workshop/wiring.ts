/** How the layers of a network are joined: which results reach which, through operators without weights. */

import type { Graph } from '#toolkit/ir/index.ts';

/** A layer, or an operator in which several results meet (a residual sum, f. ex.). */
export interface Joint {
  readonly name: string;
  readonly op: string;
  readonly isLayer: boolean;
  /** Joints whose results come in, by their places in the list; none for those that see the network's input. */
  readonly from: readonly number[];
}

/** In execution order; `layers` are the names of the nodes that count as layers. */
export function wiringOf(network: Graph, layers: ReadonlySet<string>): Joint[] {
  const joints: Joint[] = [];
  /** Which joint a value comes from, by the value's name. */
  const sources = new Map<string, number>();
  for (const node of network.nodes) {
    const from = [...new Set(node.inputs.flatMap((input) => (input && sources.get(input.name)) ?? []))].sort(
      (a, b) => a - b,
    );
    const isLayer = layers.has(node.name);
    const own = isLayer || from.length > 1 ? joints.push({ name: node.name, op: node.op, isLayer, from }) - 1 : from[0];
    if (own === undefined) continue;
    for (const output of node.outputs) if (output) sources.set(output.name, own);
  }
  return joints;
}
