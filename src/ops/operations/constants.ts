/** What is known before a network runs: constant operands, ternary weights, nodes that can be computed beforehand. */

import { countTernary, isTernary, type Node, type Tensor, type Value } from '../../ir/index.ts';
import { isOpType } from '../names.ts';
import { knownTensor } from '../shape/contents.ts';

/** The data of an initializer that no caller can override, or undefined. */
export function constantOf(value: Value | undefined): Tensor | undefined {
  return value?.constant && !value.graph.inputs.includes(value) ? value.constant : undefined;
}

/** How many elements of a ternary tensor are not zero; undefined for a tensor that is not ternary. */
export function nonZeroOf(tensor: Tensor): number | undefined {
  return isTernary(tensor) ? tensor.data.length - countTernary(tensor).zero : undefined;
}

const isKnown = (node: Node) => node.outputs.length === 1 && knownTensor(node.output()) !== undefined;

/** What is known of nodes of one graph, while nothing changes it. */
export type KnownFoldable = Map<Node, boolean>;

/**
 * True for a node that can be computed before the network runs: everything that it depends on is constant, or its
 * result follows from fixed shapes alone. An operator outside the tables might draw random numbers: false. Whoever asks
 * for many nodes of a graph gives the same `known` to each, so that no ancestor is looked at twice.
 */
export function isFoldable(node: Node, known: KnownFoldable = new Map()): boolean {
  const open = [{ node, next: 0 }];
  for (let top = open.at(-1); top; top = open.at(-1)) {
    const answer = known.get(top.node) ?? step(top, known);
    if (typeof answer === 'boolean') {
      known.set(top.node, answer);
      open.pop();
    } else open.push({ node: answer, next: 0 });
  }
  return known.get(node)!;
}

/** The answer for a node, or the producer of an input for which it has to be found first. */
function step(place: { readonly node: Node; next: number }, known: KnownFoldable): boolean | Node {
  const { node } = place;
  if (!isOpType(node.op, node.domain)) return false;
  if (isKnown(node)) return true;
  for (; place.next < node.inputs.length; place.next++) {
    const input = node.inputs[place.next];
    if (!input || constantOf(input)) continue;
    if (!input.producer) return false;
    const answer = known.get(input.producer);
    if (answer === undefined) return input.producer;
    if (!answer) return false;
  }
  return true;
}
