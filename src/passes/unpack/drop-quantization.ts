/**
 * Takes rounding to 8 bits out of a network: every QuantizeLinear, and every DequantizeLinear of what it gives, over
 * operators that only move elements or choose among them. Levels that begin at 0 imply a ReLU, and quantization leaves
 * out ReLUs that are implied: where values below 0 may come in, one is put back. That levels end somewhere is taken for
 * rounding, so that an upper bound, as ReLU6 has, is not put back.
 * Left as they are: integers that other operators read, or that the network takes or gives.
 */

import { type Graph, type Node, reaches, toNumbers, type Value } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { bypass, constantOf } from '../channels.ts';

/** What these do to integers they do to numbers. Input 0 has the elements; of a Concat all inputs have. */
const moving = new Set(
  'Concat Expand Flatten Gather Identity MaxPool Reshape Slice Split Squeeze Transpose Unsqueeze'.split(' '),
);

const is = (node: Node | undefined, op: string) => node?.op === op && node.domain === '';
const isMoving = ({ op, domain }: Node) => domain === '' && moving.has(op);

/** The inputs whose elements `node` hands on. */
const elementsOf = (node: Node) => (node.op === 'Concat' ? node.inputs : node.inputs.slice(0, 1));

/** Rewrites in place, true when it did; types have to be known, those of what was integers are cleared. */
export function dropQuantization(graph: Graph): boolean {
  const integers = findIntegers(graph);
  const quantizers = graph.nodes.filter((node) => is(node, 'QuantizeLinear') && integers.has(node.output()));
  const dequantizers = graph.nodes
    .filter((node) => is(node, 'DequantizeLinear') && integers.has(node.input(0)))
    .map((node) => ({ node, isPositive: beginsAtZero(node) }));
  for (const value of integers) value.type = undefined;
  for (const node of quantizers) bypass({ node, x: node.input(0) });
  for (const { node, isPositive } of dequantizers) {
    const x = node.input(0);
    const y = isPositive && mayBeNegative(x) ? new Builder(graph, '', node).op('Relu', [x]) : x;
    bypass({ node, x: y });
  }
  return quantizers.length > 0;
}

/** All tensors of integers that are rounded floats, and that nothing but DequantizeLinear takes the value of. */
function findIntegers(graph: Graph): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const node of graph.nodes) {
    const isInteger =
      is(node, 'QuantizeLinear') || (isMoving(node) && elementsOf(node).every((x) => x && found.has(x)));
    if (isInteger) for (const output of node.outputs) if (output) found.add(output);
  }
  const moves = (node: Node, of: readonly (Value | undefined)[]) =>
    isMoving(node) && of.every((value) => !value || found.has(value));
  const isReadSo = (value: Value, reader: Node) =>
    reader.inputs.filter((x) => x === value).length === elementsOf(reader).filter((x) => x === value).length &&
    (is(reader, 'DequantizeLinear') || moves(reader, reader.outputs));
  const isFree = (value: Value) =>
    !graph.outputs.includes(value) &&
    (is(value.producer, 'QuantizeLinear') || moves(value.producer!, elementsOf(value.producer!))) &&
    [...value.uses].every((reader) => isReadSo(value, reader));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const value of found) if (!isFree(value)) found.delete(value);
  }
  return found;
}

/** True if the lowest level stands for 0. */
function beginsAtZero(node: Node): boolean {
  const integers = node.input(0);
  const zero = node.inputs[2] ? constantOf(node.inputs[2]) : undefined;
  if (node.inputs[2] && !zero) return false;
  const lowest = integers.type?.dtype === 'int8' ? -128 : 0;
  return (zero ? toNumbers(zero) : [0]).every((z) => z === lowest);
}

const positive = new Set('Abs Exp HardSigmoid Relu Sigmoid Softmax'.split(' '));
/** Operators that give no value below 0 for operands that have none. */
const monotone = new Set([...moving, ...'Add AveragePool GlobalAveragePool GlobalMaxPool Max Min Mul Pad'.split(' ')]);

/** True unless the operators before `value` rule out values below 0. An input of the network is taken as it comes. */
function mayBeNegative(value: Value): boolean {
  return reaches(value, (x) => {
    const constant = constantOf(x);
    if (constant) return toNumbers(constant).some((v) => v < 0);
    const node = x.producer;
    if (!node) return false;
    if (node.domain !== '') return true;
    if (positive.has(node.op)) return false;
    if (node.op === 'Clip') return node.inputs[1] ? [node.inputs[1]] : true;
    if (!monotone.has(node.op)) return true;
    // what pads, slices or reshapes is counted in integers
    return node.inputs.filter((input): input is Value => input !== undefined && input.type?.dtype !== 'int64');
  });
}
