/**
 * A file's graph as the lowering takes it: constants folded, nodes that lead to no output gone, every operator known,
 * every input of a type that runs. Constants of DequantizeLinear stay integers, for the products to take.
 */

import { type Graph, isTernary, type Node, scalar, type Tensor, TritbankError, type Value } from '../ir/index.ts';
import { misfit } from '../ops/arithmetic/errors.ts';
import { evaluateConstants, isEvaluated } from '../ops/arithmetic/evaluate.ts';
import { keepsAll, refuseTraining } from '../ops/arithmetic/training.ts';
import { traitsOf } from '../ops/traits.ts';
import { ruleOf } from './lower/lower.ts';
import { keepPacked } from './packed-constants.ts';
import { isInputType } from './tensor.ts';

/** Folds and trims `graph` in place. E_UNSUPPORTED for operators and types that the runtime does not have,
 * E_MODEL for a network in training mode. */
export function prepareGraph(graph: Graph): Graph {
  graph.nodes = liveNodes(graph);
  refuseTraining(graph.nodes);
  for (const node of graph.nodes) {
    if (node.op === 'Dropout') checkDropout(node);
  }
  const trits = new Set<Value>();
  for (const node of graph.nodes) fold(node, trits);
  for (const value of trits) restoreType(graph, value);
  graph.nodes = liveNodes(graph);
  requireRules(graph);
  for (const { name, dtype } of graph.inputs) {
    if (isInputType(dtype)) continue;
    const expected = 'expected an input of float32, uint8 or int8';
    throw new TritbankError('E_UNSUPPORTED', `input '${name}'`, `${expected}, found ${dtype}`);
  }
  return graph;
}

/** What is computed of an input, not of its shape, needs a rule; all else is folded, now or with the first sizes. */
function requireRules(graph: Graph): void {
  const computed = new Set<Value>(graph.inputs);
  for (const node of graph.nodes) {
    const isComputed = node.op !== 'Shape' && node.inputs.some((input) => input && computed.has(input));
    if (isComputed || !isEvaluated(node.op, node.domain)) ruleOf(node);
    if (isComputed) for (const output of node.outputs) if (output) computed.add(output);
  }
}

/** Nodes that an output needs; the others' reads are forgotten. */
function liveNodes(graph: Graph): Node[] {
  const wanted = new Set<Value>(graph.outputs);
  const live = new Set<Node>();
  for (const node of [...graph.nodes].reverse()) {
    if (node.outputs.some((output) => output && wanted.has(output))) {
      live.add(node);
      for (const input of node.inputs) if (input) wanted.add(input);
    } else node.clearInputs();
  }
  return graph.nodes.filter((node) => live.has(node));
}

function checkDropout(node: Node): void {
  const mask = node.outputs[1];
  if (!keepsAll(node) || (mask && mask.uses.size > 0)) throw misfit(node, 'Dropout of inference', 'that of training');
}

const int8Tables = new WeakMap<Tensor, Tensor>();

/**
 * A ternary float32 table as int8: what is looked up in it takes a quarter of the memory, and goes to the kernels as it
 * is.
 */
function tableOf(tensor: Tensor): Tensor {
  const known = int8Tables.get(tensor);
  if (known) return known;
  const table: Tensor = { dtype: 'int8', dims: tensor.dims, data: Int8Array.from(tensor.data as Float32Array) };
  int8Tables.set(tensor, table);
  return table;
}

/** Constants become the value of their node's output; `trits` collects those that are int8 and stand for float32. */
function fold(node: Node, trits: Set<Value>): void {
  if (node.domain !== '' || node.op === 'DequantizeLinear' || !isEvaluated(node.op)) return;
  if (node.inputs.some((input) => input && !input.constant)) return;
  const inputs = node.inputs.map((input) => input?.constant);
  const [first] = node.inputs;
  const isTable = node.op === 'Gather' && first?.constant?.dtype === 'float32' && isTernary(first.constant);
  if (isTable) inputs[0] = tableOf(first.constant!);
  // trits stay int8 while they are only moved about
  const isMoved = traitsOf(node).moves === 'first' && (isTable || (first !== undefined && trits.has(first)));
  if (!isMoved) {
    for (const [i, input] of node.inputs.entries()) if (input && trits.has(input)) inputs[i] = toFloats(inputs[i]!);
  }
  const packed = keepPacked(node, inputs);
  const results = packed ? [packed] : evaluateConstants(node, inputs);
  node.clearInputs();
  for (const [i, output] of node.outputs.entries()) {
    if (!output) continue;
    output.constant = results[i]!;
    if (isMoved) trits.add(output);
    output.producer = undefined;
    node.outputs[i] = undefined;
  }
}

const toFloats = ({ dims, data }: Tensor): Tensor => ({
  dtype: 'float32',
  dims,
  data: new Float32Array(data as Int8Array),
});

/** Readers of trits get them dequantized by 1; an output of the graph gets floats. */
function restoreType(graph: Graph, value: Value): void {
  if (graph.outputs.includes(value)) value.constant = toFloats(value.constant!);
  else if (value.uses.size > 0) {
    const readers = [...value.uses];
    const [before] = graph.nodes.filter((node) => readers.includes(node));
    const scale = graph.initializer('one', scalar(1));
    const floats = graph.add('DequantizeLinear', [value, scale], {}, { name: value.name, before });
    for (const node of readers) {
      for (const [i, input] of node.inputs.entries()) if (input === value) node.setInput(i, floats.output());
    }
  }
}
