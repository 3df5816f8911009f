/**
 * Which tensors become 8-bit integers: what convolutions, Gemms, sums and means read, and what they compute, as soon as
 * ReLU, bounds and reordering are done. Left in float32 are the scores of a final Gemm, a final sum or a mean, and what
 * lies between other operators.
 */

import { type Graph, type Node, reaches, type Value } from '../../../ir/index.ts';
import { traitsOf } from '../../../ops/index.ts';
import { constantOf, soleReader } from '../../../passes/channels.ts';
import { Linear } from '../../../passes/index.ts';
import { boundsOf } from './sources.ts';

/**
 * True for a node of one output that only moves elements about, or takes the largest under a window: it does to
 * integers what it does to numbers.
 */
export const isMoving = (node: Node) =>
  node.outputs.length === 1 && (traitsOf(node).moves !== undefined || (node.op === 'MaxPool' && node.domain === ''));

const isPassive = (node: Node) => isMoving(node) || boundsOf(node) !== undefined;

/**
 * The tensors that an operator computes with, in integers where the runtime can; none for one that is left as it is.
 */
function operands(node: Node): readonly Value[] {
  const isFloat = (x: Value | undefined): x is Value => x !== undefined && !constantOf(x) && x.dtype === 'float32';
  if (Linear.of(node)) return [node.input(0)].filter(isFloat);
  if (node.domain !== '') return [];
  if (node.op === 'GlobalAveragePool' || node.op === 'AveragePool') return [node.input(0)].filter(isFloat);
  const isSum = node.op === 'Add' && node.inputs.every(isFloat);
  return isSum ? [node.input(0), node.input(1)] : [];
}

/** True when no operator with integer arithmetic depends on `value`. */
export function isScore(value: Value): boolean {
  const outputsOf = (node: Node) => node.outputs.filter((output) => output !== undefined);
  return !reaches(value, ({ uses }) => {
    const readers = [...uses];
    return readers.some((node) => operands(node).length > 0) || readers.flatMap(outputsOf);
  });
}

/** The tensors to quantize, in order of execution. */
export function chooseTensors(graph: Graph): Value[] {
  const chosen = new Set<Value>();
  const workers = graph.nodes.filter((node) => operands(node).length > 0);
  for (const node of workers) for (const x of operands(node)) chosen.add(x);
  const isSettled = (y: Value): boolean => {
    const reader = soleReader(y);
    return chosen.has(y) || (reader !== undefined && isPassive(reader) && isSettled(reader.output()));
  };
  for (const node of workers) {
    const y = node.output();
    if (!isSettled(y) && (node.op === 'Conv' || !isScore(y))) chosen.add(y);
  }
  const order = [...graph.inputs, ...graph.nodes.flatMap((node) => node.outputs)];
  return order.filter((value) => value !== undefined).filter((value) => chosen.has(value));
}
