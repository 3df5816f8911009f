/** A choice of candidates as a plan's file. */

import type { PlanFile, PlanTarget } from '../../cost/index.ts';
import { limitsIn } from '../../targets/index.ts';
import type { Budget } from './budget.ts';
import { type NetworkCosts, predictCost } from './layer-costs.ts';
import { type TargetCosts, totalsOf } from './target.ts';

/** Figures as a file has them. */
const short = (figure: number) => Number(figure.toPrecision(6));

/** What the choice takes on its target, beside the control. */
function describeTarget(onTarget: TargetCosts, { layers }: NetworkCosts, choice: readonly number[]): PlanTarget {
  const { target, limits, control } = onTarget;
  const totals = totalsOf(onTarget, layers, choice);
  return {
    name: target.name,
    limits: Object.fromEntries(limitsIn(limits).map((name) => [name, limits[name]!])),
    totals: Object.fromEntries(
      limitsIn(totals).map((name) => [name, { predicted: short(totals[name]!), control: short(control[name]!) }]),
    ),
    resources: target.resources.map(({ name }) => name),
    layers: Object.fromEntries(
      layers.map(({ name }, i) => [
        name,
        { predicted: onTarget.layers[i]![choice[i]!]!.map(short), control: target.cost(name).map(short) },
      ]),
    ),
  };
}

/**
 * The plan of the choice of candidate `choice[i]` for layer i of `costs.layers`, with what it is predicted to cost,
 * relative to the uncompressed network, and to lose, and what it is predicted to take on a target. `model` names the network.
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
export function describePlan(
  model: string,
  budget: Budget,
  costs: NetworkCosts,
  choice: readonly number[],
  onTarget?: TargetCosts,
): PlanFile {
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
    ...(onTarget && { target: describeTarget(onTarget, costs, choice) }),
    layers: Object.fromEntries(chosen.map(({ name, plan }) => [name, plan])),
  };
}
