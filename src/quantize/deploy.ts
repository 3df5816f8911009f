/**
 * A trained network as the inference graph that is stored and shipped: standard operators, batch norms folded, scales
 * moved into full-precision weights where that is exact, and every ternary matrix an initializer of -1, 0 and 1 that
 * nothing multiplies.
 *
 *   strassenified convolution   Conv(Wb) -> Mul(a) -> Conv(Wc, bias) [-> Mul(s)]
 *   hybrid filter bank          Concat(Conv(W, bias), the above)
 *   ternary weight layer        Conv(T, bias) -> Mul(s)
 *
 * The product by s is left only where no full-precision layer follows that can take it.
 */

import { type Graph, isTernary, type Tensor, TritbankError, type Value, verify } from '../ir/index.ts';
import {
  foldBatchNorm,
  foldConstants,
  inferShapes,
  liftWeightScales,
  moveScales,
  removeDead,
  settleTernary,
} from '../passes/index.ts';
import type { QuantizedNetwork } from './apply.ts';
import { writeFilterBits } from './filter-bits.ts';
import { loadState } from './phases.ts';

/**
 * The exported form of `network` (frozen, or with no ternary weights) with the trained values of `state`; neither is
 * changed. Inputs and outputs keep their names and shapes. `metadata` is added to the graph's, and the bits of filters that have few. Throws E_UNSUPPORTED
 * for a ternary weight whose layer has a form that cannot be separated from its scale.
 *
 * @example
 * import { applyPlan, deploy, loadModel, makePlan, normalizeNetwork, saveModel, toFrozen } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const network = applyPlan(graph, makePlan(graph, { method: 'hybrid', alpha: 0.5 }), 1);
 * const hybrid = deploy(toFrozen(network, new Map()), new Map(), { note: 'not trained yet' });
 * await saveModel(hybrid, 'hybrid.onnx');
 */
export function deploy(
  network: QuantizedNetwork,
  state: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Graph {
  const graph = network.graph.clone();
  loadState(graph, new Map([...state].filter(([name]) => !network.fixed.has(name))));
  for (const { name } of network.ternary) {
    if (!isTernary(graph.value(name).constant!))
      throw new Error(`internal: '${name}' was not frozen before deployment`);
  }
  const names = graph.outputs.map((o) => o.name);
  liftWeightScales(graph);
  foldConstants(graph);
  foldBatchNorm(graph);
  settleTernary(graph);
  moveScales(graph);
  removeDead(graph);
  for (const [i, output] of graph.outputs.entries()) restoreName(output, names[i]!);
  for (const [key, value] of Object.entries(metadata)) graph.metadata.set(key, value);
  checkTernary(graph, network);
  const { rounded } = network;
  if (rounded.length > 0) writeFilterBits(graph, new Map(rounded.map(({ node, bits }) => [node, bits])));
  return verify(inferShapes(graph));
}

/** The product behind a last layer takes over the name that the layer's output had. */
function restoreName(output: Value, name: string): void {
  const { graph } = output;
  const holder = graph.find(name);
  if (holder === output) return;
  if (holder) graph.rename(holder, graph.freshName(`${name}_unscaled`));
  graph.rename(output, name);
}

function checkTernary(graph: Graph, network: QuantizedNetwork): void {
  for (const { name } of network.ternary) {
    const constant = graph.find(name)?.constant;
    if (constant && isTernary(constant)) continue;
    const message = 'expected a layer whose ternary weights are apart from their scale, found one that mixes them';
    throw new TritbankError('E_UNSUPPORTED', `weight '${name}'`, message);
  }
}
