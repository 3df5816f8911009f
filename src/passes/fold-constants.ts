/**
 * Constant folding.
 * 1. A node whose inputs are all constants becomes one initializer per output, under the same name.
 * 2. A node whose integer output is known from shapes alone (Shape of fixed sizes, and what is computed from it) too.
 * 3. Results above `maxElements` stay computed; so do strings, operators outside the tables and random ones. A constant that is also
 *    a graph input counts as variable. Constants that become unused are left for `removeDead`.
 */

import { elementCount, type Graph, type Node, type Tensor, TritbankError, type Value } from '../ir/index.ts';
import { isOpType, type OpType } from '../ops/names.ts';
import { evaluateNode } from '../ops/reference.ts';
import { knownTensor } from '../ops/shape/contents.ts';
import { inferNode } from '../ops/shape.ts';

export interface FoldConstantsOptions {
  /** Outputs with more elements are not folded. Default 2^20. */
  readonly maxElements?: number;
  /** Nodes of this operator stay computed. */
  readonly except?: OpType;
}

/**
 * Folds in place, refreshing types on the way; true when a node was folded. Throws E_SHAPE for operands that cannot
 * fit.
 *
 * @example
 * import { foldConstants, loadModel } from 'tritbank/graph';
 *
 * const graph = await loadModel('small.onnx');
 * foldConstants(graph); // weights that the file packs become constants
 * console.log(graph.initializers.map((value) => value.name));
 */
export function foldConstants(graph: Graph, { maxElements = 2 ** 20, except }: FoldConstantsOptions = {}): boolean {
  const inputs = new Set(graph.inputs);
  let changed = false;
  graph.removeMany((remove) => {
    for (const node of graph.nodes) {
      if (!isOpType(node.op, node.domain) || node.op === except) continue;
      inferNode(node);
      if (!node.outputs.every((o) => !o || isSmall(o, maxElements))) continue;
      const tensors = allConstant(node, inputs) ? evaluate(node) : fromShapes(node);
      if (!tensors) continue;
      replace(node, tensors, remove);
      changed = true;
    }
  });
  return changed;
}

function isSmall(value: Value, maxElements: number): boolean {
  const shape = value.type?.shape;
  return !!shape?.every((d): d is number => typeof d === 'number') && elementCount(shape as number[]) <= maxElements;
}

function allConstant(node: Node, inputs: ReadonlySet<Value>): boolean {
  return node.inputs.every((i) => !i || (i.constant && i.constant.dtype !== 'string' && !inputs.has(i)));
}

/** The outputs, or undefined for a variant without reference semantics. */
function evaluate(node: Node): readonly Tensor[] | undefined {
  try {
    return evaluateNode(
      node,
      node.inputs.map((i) => i?.constant),
    );
  } catch (error) {
    if (error instanceof TritbankError && error.code === 'E_UNSUPPORTED') return undefined;
    throw error;
  }
}

function fromShapes(node: Node): Tensor[] | undefined {
  const tensor = node.outputs.length === 1 ? knownTensor(node.output()) : undefined;
  return tensor && [tensor];
}

function replace(node: Node, tensors: readonly Tensor[], remove: (node: Node) => void): void {
  const { graph } = node;
  const names = node.outputs.map((o) => o?.name);
  const constants = node.outputs.map((output, i) => {
    const constant = output && graph.initializer(output.name, tensors[i]!);
    if (constant) output.replaceAllUsesWith(constant);
    return constant;
  });
  remove(node);
  for (const [i, constant] of constants.entries()) if (constant) graph.rename(constant, names[i]!);
}
