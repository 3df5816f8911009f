/**
 * What a graph's ONNX file has besides the values that layers are made of: nodes, names, the shapes of inputs and outputs,
 * metadata, and constants that say how values are read (shapes and bounds, levels of tensors, zero points, tables).
 */

import { type Graph, type Node, toBytes, type Value } from '../ir/index.ts';
import { impliedName } from '../onnx/nodes.ts';
import { writeModel } from '../onnx/write.ts';

/** True if `node` takes from the constant `value` how to read others. */
function isGuide(value: Value, node: Node): boolean {
  switch (node.op) {
    case 'Gather':
      return true;
    case 'Cast':
      return [...node.output().uses].every((reader) => reader.op === 'Gather' && reader.inputs[0] === node.output());
    case 'DequantizeLinear':
    case 'QuantizeLinear':
      return node.inputs[2] === value;
    default:
      return false;
  }
}

const holdsValues = (value: Value) =>
  value.dtype !== 'int64' &&
  value.dtype !== 'string' &&
  value.shape.length > 0 &&
  [...value.uses].some((node) => !isGuide(value, node));

/**
 * Bytes of the smallest file of `graph` less those of its values. Names that a reader gives to nodes without one, and
 * types that follow from others, are in no such file. Throws what `writeModel` does.
 */
export function measureStructure(graph: Graph): number {
  const copy = graph.clone();
  const known = new Set(copy.outputs);
  for (const value of copy.values) if (value.producer && !known.has(value)) value.type = undefined;
  for (const node of copy.nodes) {
    const outputs = node.outputs.map((output) => output?.name ?? '');
    if (node.name === impliedName(node.op, outputs)) node.name = '';
  }
  const values = copy.initializers.filter(holdsValues).map(({ constant }) => toBytes(constant!).length);
  return writeModel(copy).length - values.reduce((total, bytes) => total + bytes, 0);
}
