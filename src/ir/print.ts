/**
 * The graph's readable, stable text form: one line per input, initializer, node and output. Tests compare it inline.
 * Large constants are shown by type and shape only.
 */

import type { Attribute, Graph, Node, TensorType, Value } from './graph.ts';
import { elementCount, type Tensor, toNumbers } from './tensor.ts';

const maxShown = 8;

/** `float32[N, 3, 32, 32]`; `float32` alone where the rank is unknown. */
export function printType(type: TensorType | undefined): string {
  if (!type) return '?';
  return type.shape ? `${type.dtype}[${type.shape.join(', ')}]` : type.dtype;
}

export function printTensor(tensor: Tensor): string {
  const type = printType({ dtype: tensor.dtype, shape: tensor.dims });
  if (elementCount(tensor.dims) > maxShown) return type;
  const items = tensor.dtype === 'string' ? (tensor.data as string[]).map((s) => JSON.stringify(s)) : toNumbers(tensor);
  return tensor.dims.length === 0 ? `${type} ${items[0]}` : `${type} {${items.join(', ')}}`;
}

function printAttribute(attribute: Attribute): string {
  switch (attribute.kind) {
    case 'tensor':
      return printTensor(attribute.value);
    case 'string':
      return JSON.stringify(attribute.value);
    case 'ints':
    case 'floats':
      return `[${attribute.value.join(', ')}]`;
    case 'strings':
      return `[${attribute.value.map((s) => JSON.stringify(s)).join(', ')}]`;
    default:
      return String(attribute.value);
  }
}

const named = (value: Value | undefined) => (value ? value.name : '_');

export function printNode(node: Node): string {
  const outputs = node.outputs.map((o) => (o ? `${o.name}: ${printType(o.type)}` : '_')).join(', ');
  const attributes = Object.entries(node.attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${printAttribute(value)}`);
  const op = node.domain ? `${node.domain}.${node.op}` : node.op;
  const suffix = attributes.length ? ` {${attributes.join(', ')}}` : '';
  return `${outputs} = ${op}(${node.inputs.map(named).join(', ')})${suffix}`;
}

/**
 * The whole graph as text, ending in a newline: inputs, initializers, a line for each node, outputs.
 *
 * @example
 * import { loadModel, printGraph } from 'tritbank/graph';
 *
 * console.log(printGraph(await loadModel('mobilenet.onnx')));
 */
export function printGraph(graph: Graph): string {
  const lines = [`graph ${graph.name} (opset ${graph.opset})`];
  for (const input of graph.inputs) lines.push(`  input ${input.name}: ${printType(input.type)}`);
  for (const value of graph.initializers) lines.push(`  const ${value.name}: ${printTensor(value.constant!)}`);
  for (const node of graph.nodes) lines.push(`  ${printNode(node)}`);
  for (const output of graph.outputs) lines.push(`  output ${output.name}`);
  return `${lines.join('\n')}\n`;
}
