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

/**
 * True for a node that can be computed before the network runs: everything that it depends on is constant, or its
 * result follows from fixed shapes alone. An operator outside the tables might draw random numbers: false.
 */
export function isFoldable(node: Node): boolean {
  const open = [node];
  const seen = new Set(open);
  for (let next = open.pop(); next; next = open.pop()) {
    if (!isOpType(next.op, next.domain)) return false;
    if (isKnown(next)) continue;
    for (const input of next.inputs) {
      if (!input || constantOf(input)) continue;
      if (!input.producer) return false;
      if (!seen.has(input.producer)) open.push(input.producer);
      seen.add(input.producer);
    }
  }
  return true;
}
