/** Truth values that a graph computes of constants and of fixed sizes. */

import { type Graph, i64, type Node, type Tensor, type Value } from '../ir/index.ts';
import { shapePart } from '../ops/arithmetic/dims.ts';
import { evaluateConstants, isEvaluated } from '../ops/arithmetic/evaluate.ts';
import { numbersOf } from '../ops/arithmetic/numbers.ts';

/** Sets the types of a node's outputs, as far as they are known. */
export type InferNode = (node: Node) => void;

/** What is in `value` before an image is seen; `infer` finds more sizes than the file declares. */
export function evaluateCondition(graph: Graph, value: Value, infer: InferNode | undefined): boolean | undefined {
  const known = new Map<Value, Tensor>();
  const tensorOf = (input: Value) => (graph.inputs.includes(input) ? undefined : (input.constant ?? known.get(input)));
  for (const node of graph.nodes) {
    infer?.(node);
    const results = sizesOf(node) ?? evaluate(node, tensorOf);
    for (const [i, output] of node.outputs.entries()) {
      const result = results?.[i];
      if (output && result) known.set(output, result);
    }
  }
  const tensor = tensorOf(value);
  return tensor && tensor.data.length === 1 ? numbersOf(tensor, 'condition')[0] !== 0 : undefined;
}

function evaluate(node: Node, tensorOf: (value: Value) => Tensor | undefined): readonly Tensor[] | undefined {
  if (!isEvaluated(node.op, node.domain)) return undefined;
  const inputs = node.inputs.map((input) => input && tensorOf(input));
  const isKnown = inputs.every((tensor, i) => tensor !== undefined || node.inputs[i] === undefined);
  return isKnown ? evaluateConstants(node, inputs) : undefined;
}

/** Sizes one by one: a part of a shape may be fixed where the batch is open. */
function sizesOf(node: Node): readonly Tensor[] | undefined {
  const [shape, index] =
    node.op === 'Gather' ? [node.inputs[0]?.producer, node.inputs[1]?.constant] : [node, undefined];
  if (shape?.op !== 'Shape' || shape.domain !== '') return undefined;
  const dims = shape.inputs[0]?.type?.shape;
  if (!dims) return undefined;
  const part = shapePart(shape, dims);
  const places = index && Array.from(numbersOf(index, node.label));
  const sizes = places ? places.map((place) => part.at(place)) : part;
  if (shape !== node && !places) return undefined;
  if (!sizes.every((size): size is number => typeof size === 'number')) return undefined;
  return [i64(sizes, index ? index.dims : [sizes.length])];
}
