/**
 * The vocabulary of the version rules: what they do to a node, and what they may guess about its operands. Types are
 * not inferred at this point, so guesses follow the producers as far as they are obvious and say so otherwise.
 */

import type { NodeOptions, Value } from '../ir/index.ts';
import { type Attribute, type Attributes, type DType, type Node, type Tensor, TritbankError } from '../ir/index.ts';
import { codeToDtype } from './types.ts';

/** Removes an attribute and returns it. */
export function takeAttribute(node: Node, name: string): Attribute | undefined {
  const { [name]: taken, ...rest } = node.attributes;
  node.attributes = rest;
  return taken;
}

export function setAttribute(node: Node, name: string, attribute: Attribute): void {
  node.attributes = { ...node.attributes, [name]: attribute };
}

/** Sets input `index`, leaving omitted inputs before it. */
export function setInput(node: Node, index: number, value: Value): void {
  while (node.inputs.length < index) node.inputs.push(undefined);
  node.setInput(index, value);
}

/** A constant named after the node and the input that it becomes. */
export function constantFor(node: Node, input: string, tensor: Tensor): Value {
  return node.graph.initializer(`${node.name}_${input}`, tensor);
}

/** Inserts a node before `node`, for its sake. */
export function insertBefore(
  node: Node,
  op: string,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes = {},
  options: NodeOptions = {},
): Node {
  return node.graph.add(op, inputs, attributes, { name: `${node.name}_${op.toLowerCase()}`, before: node, ...options });
}

/** Hands the outputs' names, types and readers of `node` over to `values` and removes it. */
export function replaceNode(node: Node, values: readonly Value[]): void {
  const { graph } = node;
  dropOutputs(node, values.length, 'the operator has no such output');
  const names = node.outputs.map((output, i) => {
    const value = values[i];
    if (!output || !value) return undefined;
    output.replaceAllUsesWith(value);
    value.type = output.type;
    return [value, output.name] as const;
  });
  graph.remove(node);
  for (const entry of names) if (entry) graph.rename(...entry);
}

/** Drops outputs from `count` on, which nobody may read. */
export function dropOutputs(node: Node, count: number, reason: string): void {
  for (const output of node.outputs.slice(count)) {
    if (!output) continue;
    if (output.uses.size > 0 || node.graph.outputs.includes(output)) {
      throw unsupported(node, `output '${output.name}' to be unused (${reason})`, 'it in use');
    }
    output.producer = undefined;
    node.graph.removeValue(output);
  }
  node.outputs.length = Math.min(node.outputs.length, count);
}

export function unsupported(node: Node, expected: string, found: string | number): TritbankError {
  return new TritbankError('E_UNSUPPORTED', node.label, `expected ${expected}, found ${found}`);
}

/** Where the operand that gives an operator's result its element type is not the first one. */
const typedBy: ReadonlyMap<string, number> = new Map([
  ['DequantizeLinear', 1],
  ['OneHot', 2],
  ['Where', 1],
]);

/** The element type, followed through producers that keep an operand's; float32 where nothing tells. */
export function guessDtype(value: Value): DType {
  for (let v: Value | undefined = value; v; v = v.producer?.inputs[typedBy.get(v.producer.op) ?? 0]) {
    if (v.type) return v.type.dtype;
    if (v.producer?.op === 'Cast' && v.producer.attributes.to?.kind === 'int') {
      return codeToDtype(v.producer.int('to'), v.producer.label);
    }
  }
  return 'float32';
}

/** The rank, where the value's type or its producer tells it. */
export function guessRank(value: Value): number | undefined {
  if (value.type?.shape) return value.type.shape.length;
  const { producer } = value;
  if (producer?.op === 'Gemm' || producer?.op === 'Flatten') return 2;
  if (producer?.op === 'Conv') return producer.inputs[1]?.constant?.dims.length;
  return producer?.op === 'Reshape' ? producer.inputs[1]?.constant?.dims[0] : undefined;
}
