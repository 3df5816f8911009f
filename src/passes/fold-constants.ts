/**
 * Constant folding.
 * 1. A node whose inputs are all constants becomes one initializer per output, under the same name.
 * 2. A node whose integer output is known from shapes alone (Shape of fixed sizes, and what is computed from it) too.
 * 3. Results above `maxElements` stay computed; so do strings and operators outside the tables. A constant that is also
 *    a graph input counts as variable. Constants that become unused are left for `removeDead`.
 */

import { elementCount, type Graph, type Node, type Tensor, type Value } from '../ir/index.ts';
import { isOpType } from '../ops/names.ts';
import { evaluateNode } from '../ops/reference.ts';
import { knownTensor } from '../ops/shape/contents.ts';
import { inferNode } from '../ops/shape.ts';

export interface FoldConstantsOptions {
  /** Outputs with more elements are not folded. Default 2^20. */
  readonly maxElements?: number;
}

/** Folds in place, refreshing types on the way; true when a node was folded. */
export function foldConstants(graph: Graph, { maxElements = 2 ** 20 }: FoldConstantsOptions = {}): boolean {
  const inputs = new Set(graph.inputs);
  let changed = false;
  for (const node of [...graph.nodes]) {
    if (!isOpType(node.op, node.domain)) continue;
    inferNode(node);
    if (!node.outputs.every((o) => !o || isSmall(o, maxElements))) continue;
    const tensors = foldable(node, inputs)
      ? evaluateNode(
          node,
          node.inputs.map((i) => i?.constant),
        )
      : fromShapes(node);
    if (!tensors) continue;
    replace(graph, node, tensors);
    changed = true;
  }
  return changed;
}

function isSmall(value: Value, maxElements: number): boolean {
  const shape = value.type?.shape;
  return !!shape?.every((d): d is number => typeof d === 'number') && elementCount(shape as number[]) <= maxElements;
}

function foldable(node: Node, inputs: ReadonlySet<Value>): boolean {
  if (node.op === 'Dropout' && node.inputs[2]) return false;
  return node.inputs.every((i) => !i || (i.constant && i.constant.dtype !== 'string' && !inputs.has(i)));
}

function fromShapes(node: Node): Tensor[] | undefined {
  const tensor = node.outputs.length === 1 ? knownTensor(node.output()) : undefined;
  return tensor && [tensor];
}

function replace(graph: Graph, node: Node, tensors: readonly Tensor[]): void {
  const names = node.outputs.map((o) => o?.name);
  const constants = node.outputs.map((output, i) => {
    const constant = output && graph.initializer(output.name, tensors[i]!);
    if (constant) output.replaceAllUsesWith(constant);
    return constant;
  });
  graph.remove(node);
  for (const [i, constant] of constants.entries()) if (constant) graph.rename(constant, names[i]!);
}
