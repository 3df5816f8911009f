/** A choice of candidates as a plan's file. */

import type { PlanFile } from '../../cost/index.ts';
import type { Budget } from './budget.ts';
import { type NetworkCosts, predictCost } from './layer-costs.ts';

/**
 * The plan of the choice of candidate `choice[i]` for layer i of `costs.layers`, with what it is predicted to cost,
 * relative to the uncompressed network, and to lose. `model` names the network.
 *
 * @example
 * import { analyzeNetwork, costCandidates, describePlan, loadModel, makeCandidates, normalizeNetwork } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const analysis = await analyzeNetwork(graph, { ratios: [0.5, 1], threads: 1 });
 * const costs = costCandidates(graph, makeCandidates(graph, analysis));
 * const choice = costs.layers.map(() => 0); // everywhere the one of the fewest bytes
 * const { predicted, layers } = describePlan(graph.name, {}, costs, choice);
 */
export function describePlan(model: string, budget: Budget, costs: NetworkCosts, choice: readonly number[]): PlanFile {
  const { accelerator, format, conventions } = costs.setting;
  const chosen = costs.layers.map(({ name, candidates }, i) => ({ name, ...candidates[choice[i]!]! }));
  const loss = chosen.reduce((total, layer) => total + layer.loss, 0);
  return {
    version: 2,
    model,
    budget,
    settings: { accelerator: accelerator.name, format, conventions, scheme: costs.scheme },
    predicted: {
      ...predictCost(costs, choice).relative,
      loss,
      losses: Object.fromEntries(chosen.map((layer) => [layer.name, layer.loss])),
    },
    layers: Object.fromEntries(chosen.map(({ name, plan }) => [name, plan])),
  };
}
