/**
 * Putting other nodes in the place of a node so that names stay: those of nodes, which plans and reports use, and those of
 * the graph's outputs, which are the model's interface.
 */

import type { Attributes, Graph, Node, Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { inferNode } from '../ops/shape.ts';

const isReturned = (value: Value) => value.graph.outputs.includes(value);

export interface Replacement {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
}

/**
 * Puts another operator with as many outputs in the place of `node`; it takes over the node's name. `finish` makes of each
 * of its outputs the value that the readers get (by default the output itself), with the given builder, in whose place new
 * nodes go. Constants that nobody reads any more are left for `removeDead`.
 */
export function replaceNode(
  node: Node,
  { op, inputs, attributes }: Replacement,
  finish: (output: Value, b: Builder) => Value = (output) => output,
): Node {
  const { graph, name } = node;
  const names = node.outputs.map((output) => output?.name ?? '');
  const returned = node.outputs.map((output) => output !== undefined && isReturned(output));
  // stand-ins hold the readers while the names are free
  const places = node.outputs.map((output) => {
    const place = graph.add('Identity', [], {}, { before: node });
    output?.replaceAllUsesWith(place.output());
    return place;
  });
  graph.remove(node);
  const next = graph.add(op, inputs, attributes, { name, outputs: names, before: places[0] });
  inferNode(next);
  const b = new Builder(graph, `${name}/`, places[0]);
  const results = next.outputs.map((output) => output && finish(output, b));
  for (const [i, place] of places.entries()) {
    const result = results[i];
    if (result) place.output().replaceAllUsesWith(result);
    graph.remove(place);
    if (result && returned[i]) handOver(result, names[i]!);
  }
  return next;
}

/** Gives `value` a name that another value may have. */
function handOver(value: Value, name: string): void {
  const { graph } = value;
  const holder = graph.find(name);
  if (holder === value) return;
  if (holder) graph.rename(holder, graph.freshName(`${name}_before`));
  graph.rename(value, name);
}

/**
 * Makes the readers of a node's first output read `x` instead, and removes the node. False, and nothing done, where the
 * graph returns the output and `x` cannot take over its name, being an input, a constant or returned itself.
 */
export function skipNode(node: Node, x: Value): boolean {
  const { graph } = node;
  const output = node.output();
  const returned = isReturned(output);
  if (returned && (!x.producer || isReturned(x))) return false;
  output.replaceAllUsesWith(x);
  graph.remove(node);
  if (returned) handOver(x, output.name);
  return true;
}

/** Does a rewrite that may change the names of the graph's outputs, and gives them back. */
export function keepOutputNames<T>(graph: Graph, rewrite: (graph: Graph) => T): T {
  const names = graph.outputs.map((output) => output.name);
  const result = rewrite(graph);
  for (const [i, name] of names.entries()) {
    const output = graph.outputs[i]!;
    if (output.name === name) continue;
    const isFree = output.producer && graph.outputs.indexOf(output) === graph.outputs.lastIndexOf(output);
    if (!isFree) graph.outputs[i] = new Builder(graph).op('Identity', [output]);
    handOver(graph.outputs[i]!, name);
  }
  return result;
}
