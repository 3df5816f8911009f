/**
 * Networks of half-precision activations become ones of float32, which is what images, kernels and training are of.
 * 1. Inputs, outputs and values of float16 or bfloat16 are float32; so are constants and tensors in attributes.
 * 2. A Cast to half precision is one to float32.
 * Half-precision constants of a network that computes in float32 stay: they are how a file stores weights.
 */

import { type DType, elementCodeOf, type Graph, int, type Node, type Tensor, type Value } from '../ir/index.ts';
import { fromNumbers, numbersOf } from '../ops/arithmetic/numbers.ts';
import { setAttribute } from './rewrite.ts';

const isHalf = (dtype: DType | undefined) => dtype === 'float16' || dtype === 'bfloat16';
const halfCodes: readonly number[] = (['float16', 'bfloat16'] as const).map(elementCodeOf);
/** Attributes that name an element type. */
const typeAttributes = ['to', 'dtype', 'output_dtype'];

/** Widens in place; the element type that activations had, or undefined where they had none of these. */
export function widenHalf(graph: Graph): DType | undefined {
  const found = halfOf(graph);
  if (!found) return undefined;
  for (const value of graph.values) widenValue(value);
  for (const node of graph.nodes) widenAttributes(node);
  return found;
}

/** The element type of an input, or of a Cast of something that is computed of one. */
function halfOf(graph: Graph): DType | undefined {
  const input = graph.inputs.find(({ type }) => isHalf(type?.dtype));
  if (input) return input.dtype;
  const computed = new Set<Value>(graph.inputs);
  for (const node of graph.nodes) {
    if (!node.inputs.some((value) => value && computed.has(value))) continue;
    if (node.op === 'Cast' && node.domain === '' && halfCodes.includes(node.int('to'))) {
      return node.int('to') === elementCodeOf('float16') ? 'float16' : 'bfloat16';
    }
    for (const output of node.outputs) if (output) computed.add(output);
  }
  return undefined;
}

function widenTensor(tensor: Tensor): Tensor {
  if (!isHalf(tensor.dtype)) return tensor;
  return fromNumbers('float32', tensor.dims, numbersOf(tensor, 'constant'));
}

function widenValue(value: Value): void {
  if (value.constant) value.constant = widenTensor(value.constant);
  if (value.type && isHalf(value.type.dtype)) value.type = { ...value.type, dtype: 'float32' };
}

function widenAttributes(node: Node): void {
  if (node.domain !== '') return;
  for (const name of typeAttributes) {
    const attribute = node.attributes[name];
    if (attribute?.kind === 'int' && halfCodes.includes(attribute.value)) {
      setAttribute(node, name, int(elementCodeOf('float32')));
    }
  }
  for (const [name, attribute] of Object.entries(node.attributes)) {
    if (attribute.kind === 'tensor') setAttribute(node, name, { kind: 'tensor', value: widenTensor(attribute.value) });
  }
}
