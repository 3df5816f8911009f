/**
 * Reverse-mode differentiation of a graph, by appending the backward pass to it. The driver knows how gradients
 * accumulate and where they have to go; what an operator does to a gradient is in `ops/gradient.ts`. (The shape of the
 * driver follows tinygrad's gradient.) Second derivatives are left out: a backward pass contains operators without rules.
 */

import { elementCount, type Graph, type Node, scalar, TritbankError, type Value } from '../ir/index.ts';
import { Builder } from '../ops/builder.ts';
import { gradientRuleOf, isDifferentiable } from '../ops/gradient.ts';

export interface DifferentiateOptions {
  /** The gradient at the loss, a value of the loss's shape; 1 by default. A larger one scales the loss. */
  readonly seed?: Value;
  /** Put before the names of emitted nodes; `'grad/'` by default. */
  readonly prefix?: string;
}

/**
 * Appends to `graph` the nodes that compute the gradients of `loss` (one float32 element) with respect to `wrt`, in
 * standard operators. Returns the gradient of each, of its shape; a value that the loss does not depend on, or only
 * through operators whose derivative is zero, is absent. Nodes are named `grad/<name of the forward node>/...`.
 * Throws E_SHAPE for a loss that is not a scalar, E_GRADIENT for an operator on the way that has no rule.
 *
 * @example
 * import { differentiate, inferShapes, NetworkBuilder, printGraph } from 'tritbank/graph';
 *
 * const network = new NetworkBuilder('small', 1);
 * const image = network.input(1, 28);
 * const features = network.conv('conv', image, { filters: 8, kernel: 3 });
 * const graph = inferShapes(network.classifier(features, 10), { bind: { N: 4 } });
 * const weight = graph.value('conv_weight');
 * const loss = network.build.reduceSum(graph.outputs[0]!, [0, 1], false);
 * graph.outputs = [differentiate(graph, loss, [weight]).get(weight)!]; // [8, 1, 3, 3], as the weight
 * console.log(printGraph(graph));
 */
export function differentiate(
  graph: Graph,
  loss: Value,
  wrt: readonly Value[],
  options: DifferentiateOptions = {},
): Map<Value, Value> {
  checkLoss(loss);
  const prefix = options.prefix ?? 'grad/';
  const path = nodesBetween(graph, wrt, loss);
  const gradients = new Map<Value, Value>();
  const seed = new Builder(graph, prefix);
  gradients.set(loss, options.seed ?? seed.constant('seed', { ...scalar(1), dims: loss.dims }));
  for (const node of path.nodes) {
    const dy = node.outputs.map((output) => output && gradients.get(output));
    if (!dy.some((d) => d)) continue;
    const b = new Builder(graph, `${prefix}${node.name}/`);
    const needs = (i: number) => path.active.has(node.inputs[i]!);
    const dx = gradientRuleOf(node)({ node, x: node.inputs, y: node.outputs, dy, b, needs });
    for (const [i, gradient] of dx.entries()) {
      const input = node.inputs[i];
      if (!gradient || !input || !needs(i)) continue;
      const sum = gradients.get(input);
      gradients.set(input, sum ? b.add(sum, gradient) : gradient);
    }
  }
  return new Map(wrt.flatMap((value) => (gradients.has(value) ? [[value, gradients.get(value)!] as const] : [])));
}

function checkLoss(loss: Value): void {
  if (loss.dtype === 'float32' && elementCount(loss.dims) === 1) return;
  const found = `${loss.dtype}[${loss.shape.join(', ')}]`;
  throw new TritbankError('E_SHAPE', `loss '${loss.name}'`, `expected one float32 element, found ${found}`);
}

/** The nodes through which `wrt` reaches `loss` differentiably, last first, and the values on these paths. */
function nodesBetween(graph: Graph, wrt: readonly Value[], loss: Value): { nodes: Node[]; active: Set<Value> } {
  const active = new Set(wrt);
  const forward = graph.nodes.filter((node) => {
    if (!isDifferentiable(node) || !node.inputs.some((v) => v && active.has(v))) return false;
    for (const output of node.outputs) if (output && isFloat(output)) active.add(output);
    return true;
  });
  const needed = new Set([loss]);
  const nodes = forward.reverse().filter((node) => {
    if (!node.outputs.some((v) => v && needed.has(v))) return false;
    for (const input of node.inputs) if (input && active.has(input)) needed.add(input);
    return true;
  });
  return { nodes, active };
}

const isFloat = (value: Value) => value.dtype.includes('float');
