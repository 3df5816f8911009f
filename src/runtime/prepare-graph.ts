/**
 * A file's graph as the lowering takes it: constants folded, nodes that lead to no output gone, every operator known, every
 * input of a type that runs. Constants of DequantizeLinear stay integers, for the products to take.
 */

import { type Graph, type Node, type Tensor, TritbankError, type Value } from '../ir/index.ts';
import { misfit } from './errors.ts';
import { numbersOf } from './fold/arrays.ts';
import { evaluators } from './fold/evaluate.ts';
import { ruleOf } from './lower/lower.ts';
import { isTensorType } from './tensor.ts';

/** Folds and trims `graph` in place. E_UNSUPPORTED for operators and types that the runtime does not have. */
export function prepareGraph(graph: Graph): Graph {
  graph.nodes = liveNodes(graph);
  for (const node of graph.nodes) {
    if (node.op === 'Dropout') checkDropout(node);
  }
  for (const node of [...graph.nodes]) fold(node);
  graph.nodes = liveNodes(graph);
  for (const node of graph.nodes) ruleOf(node);
  for (const { name, dtype } of graph.inputs) {
    if (isTensorType(dtype)) continue;
    const expected = 'expected an input of float32, uint8 or int8';
    throw new TritbankError('E_UNSUPPORTED', `input '${name}'`, `${expected}, found ${dtype}`);
  }
  return graph;
}

/** Nodes that an output needs; the others' reads are forgotten. */
function liveNodes(graph: Graph): Node[] {
  const wanted = new Set<Value>(graph.outputs);
  const live = new Set<Node>();
  for (const node of [...graph.nodes].reverse()) {
    if (node.outputs.some((output) => output && wanted.has(output))) {
      live.add(node);
      for (const input of node.inputs) if (input) wanted.add(input);
    } else for (let i = 0; i < node.inputs.length; i++) node.setInput(i, undefined);
  }
  return graph.nodes.filter((node) => live.has(node));
}

function checkDropout(node: Node): void {
  const training = node.inputs[2]?.constant;
  const isOn = node.inputs[2] && (!training || numbersOf(training, node.label)[0] !== 0);
  const mask = node.outputs[1];
  if (isOn || (mask && mask.uses.size > 0)) throw misfit(node, 'Dropout of inference', 'that of training');
}

function fold(node: Node): void {
  if (node.domain !== '' || node.op === 'DequantizeLinear' || !Object.hasOwn(evaluators, node.op)) return;
  const inputs: (Tensor | undefined)[] = [];
  for (const input of node.inputs) {
    if (input && !input.constant) return;
    inputs.push(input?.constant);
  }
  const [output] = node.outputs;
  if (!output) return;
  output.constant = evaluators[node.op]!(node, inputs);
  for (let i = 0; i < node.inputs.length; i++) node.setInput(i, undefined);
  output.producer = undefined;
  node.outputs[0] = undefined;
}
