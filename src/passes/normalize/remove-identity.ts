/**
 * Removes nodes that hand on what they get:
 * 1. Identity, Dropout at inference, Cast to the type that is there, Pad by nothing, Concat, Sum, Max and Min of one.
 * 2. Flatten, Reshape, Squeeze and Unsqueeze that give a shape which the value had before: the last of several may do so.
 *    Symbolic sizes are the same where their names are.
 * What the graph returns keeps its name; an input or a constant that it returns stays behind an Identity.
 */

import { dtypeOfElementCode, type Graph, type Node, type Shape, type Value } from '../../ir/index.ts';
import { keepsAll } from '../../ops/arithmetic/training.ts';
import { traitsOf } from '../../ops/index.ts';
import { numbersOf } from '../../ops/shape/contents.ts';
import { inferShapes } from '../infer-shapes.ts';
import { skipNode } from '../replace.ts';

/** Removes in place, refreshing types; true when something was removed. */
export function removeIdentity(graph: Graph): boolean {
  inferShapes(graph);
  const removed = [...graph.nodes].filter((node) => {
    const x = node.domain === '' ? equalOf(node) : undefined;
    return x !== undefined && skipNode(node, x);
  });
  return removed.length > 0;
}

/** The value that the node's first output equals, or undefined where that is not known. */
function equalOf(node: Node): Value | undefined {
  const [x] = node.inputs;
  if (!x) return undefined;
  if (node.op === 'Identity') return x;
  const { keepsOrder, variadic } = traitsOf(node);
  if (keepsOrder) return before(x, node.output().type?.shape);
  if (variadic) return node.inputs.length === 1 ? x : undefined;
  switch (node.op) {
    case 'Dropout':
      return isInference(node) ? x : undefined;
    case 'Cast':
      return x.type?.dtype === dtypeOfElementCode(node.int('to')) ? x : undefined;
    case 'Pad':
      return numbersOf(node.inputs[1])?.every((p) => p === 0) ? x : undefined;
    default:
      return undefined;
  }
}

/** The mask of a Dropout is all true then, but nobody may ask for it. */
function isInference(node: Node): boolean {
  const mask = node.outputs[1];
  if (mask && (mask.uses.size > 0 || node.graph.outputs.includes(mask))) return false;
  return keepsAll(node);
}

/** `x`, or the value that it was reshaped from, with the given shape. */
function before(x: Value, shape: Shape | undefined): Value | undefined {
  for (let value: Value | undefined = x; value; ) {
    const known: Shape | undefined = value.type?.shape;
    if (known && shape && known.length === shape.length && known.every((d, i) => d === shape[i])) return value;
    const { producer }: Value = value;
    value = producer && traitsOf(producer).keepsOrder ? producer.inputs[0] : undefined;
  }
  return undefined;
}
