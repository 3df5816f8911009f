/**
 * A graph of constants folded to layers, for one image: a walk over the nodes in order, one rule for each operator. The
 * driver names operators only where they ask for dimensions.
 */

import { type Budget, elementCount, type Graph, i64, type Node, TritbankError, type Value } from '../../ir/index.ts';
import { shapePart } from '../../ops/arithmetic/dims.ts';
import { misfit, printDims } from '../../ops/arithmetic/errors.ts';
import { evaluateConstants, isEvaluated } from '../../ops/arithmetic/evaluate.ts';
import { isReadOnce, Lowering } from './context.ts';
import type { Layer } from './layers.ts';
import { type Activation, constantOf, fileDims, type Operand } from './operand.ts';
import { inputActivation } from './quantization.ts';
import { type Rule, rules } from './rules.ts';

export interface Lowered {
  readonly layers: readonly Layer[];
  readonly inputs: ReadonlyMap<string, Activation>;
  /** In the order of the file's elements. */
  readonly outputs: ReadonlyMap<string, Operand>;
  /** The node that makes batches of more than one impossible. */
  readonly mixesBatch: Node | undefined;
  /** What its memory is taken from. */
  readonly budget: Budget;
}

/** The rule of a node's operator; E_UNSUPPORTED without one. */
export function ruleOf(node: Node): Rule {
  const rule = node.domain === '' && Object.hasOwn(rules, node.op) ? rules[node.op as keyof typeof rules] : undefined;
  if (rule) return rule;
  throw new TritbankError('E_UNSUPPORTED', node.label, `expected an operator that the runtime has, found ${node.op}`);
}

/** Lowers `graph` for inputs of these dimensions. */
export function lower(graph: Graph, dims: ReadonlyMap<string, readonly number[]>): Lowered {
  // each plan of a network may compute as much as the first one
  graph.budget = graph.budget.renewed();
  const lowering = new Lowering(graph.budget);
  const operands = new Map<Value, Operand>();
  const inputs = new Map<string, Activation>();
  for (const input of graph.inputs) {
    const own = dims.get(input.name)!;
    if (elementCount(own) === 0)
      throw new TritbankError('E_SHAPE', `input '${input.name}'`, `expected elements, found ${printDims(own)}`);
    const activation = inputActivation(own, input.dtype as Activation['dtype']);
    inputs.set(input.name, activation);
    operands.set(input, activation);
  }
  const read = (value: Value | undefined): Operand | undefined => {
    if (!value) return undefined;
    const operand = operands.get(value) ?? (value.constant && constantOf(value.constant));
    if (!operand) throw new Error(`internal: '${value.name}' was not lowered`);
    operands.set(value, operand);
    if (operand.kind === 'constant') return operand;
    return { ...operand, isOnlyView: operand.isOnlyView && isReadOnce(value) };
  };
  for (const node of graph.nodes) {
    const results = lowerNode(lowering, node, node.inputs.map(read));
    for (const [i, output] of node.outputs.entries()) {
      const result = results[i];
      if (output && result) operands.set(output, result);
      else if (output && (output.uses.size > 0 || graph.outputs.includes(output))) {
        throw misfit(node, `${results.length} outputs in use`, `output ${i} in use`);
      }
    }
  }
  const outputs = new Map<string, Operand>();
  for (const output of graph.outputs) {
    const operand = read(output)!;
    const straight = operand.kind === 'constant' ? operand : lowering.straighten(outputNode(output, graph), operand);
    outputs.set(output.name, straight);
  }
  const { layers, mixesBatch } = lowering;
  return { layers, inputs, outputs, mixesBatch, budget: graph.budget };
}

/** For names of layers behind the last node. */
function outputNode(output: Value, graph: Graph): Node {
  const node = output.producer ?? graph.nodes.at(-1);
  if (node) return node;
  throw new TritbankError('E_UNSUPPORTED', `output '${output.name}'`, 'expected a graph with nodes, found none');
}

function lowerNode(lowering: Lowering, node: Node, inputs: readonly (Operand | undefined)[]): Operand[] {
  if (node.op === 'Shape' && node.domain === '' && inputs[0]) {
    const [x] = inputs;
    const dims = x.kind === 'constant' ? x.dims : fileDims(x);
    return [constantOf(i64(shapePart(node, dims)), x.kind === 'activation')];
  }
  const isConstant = inputs.every((input) => input === undefined || input.kind === 'constant');
  if (isConstant && node.op !== 'DequantizeLinear' && isEvaluated(node.op, node.domain)) {
    const tensors = inputs.map((input) => (input?.kind === 'constant' ? input.tensor() : undefined));
    const isFromShape = inputs.some((input) => input?.kind === 'constant' && input.isFromShape);
    return evaluateConstants(node, tensors).map((tensor) => constantOf(tensor, isFromShape));
  }
  const result = ruleOf(node)(lowering, node, inputs);
  return Array.isArray(result) ? result : [result as Operand];
}
