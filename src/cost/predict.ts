/**
 * The counts of a network after a plan, from the counts before it, without building it: what a search over plans needs.
 * A test holds it equal to the counts of the built and deployed network.
 *
 *   full-precision filters   fp filterSize weights, one MAC each per position
 *   strassenified part       Wb: r filterSize, Wc: (filters - fp) r ternary weights, r scales
 *   ternary weight layer     filters filterSize ternary weights
 *
 * Left out: how many of the ternary weights will be zero, and which scales will stay behind ternary filters. Both depend
 * on the weights and on the layers around, so that only a built network tells.
 */

import { TritbankError } from '../ir/index.ts';
import type { LayerPlan, Plan } from '../quantize/index.ts';
import type { CountedLayer } from './count.ts';
import { countByBits, type Group } from './groups.ts';

/** Biases are all that an uncompressed layer has besides weights. */
function predictLayer(layer: CountedLayer, plan: LayerPlan): CountedLayer {
  const { group, counts, outputElements } = layer;
  const { filters, filterSize, others: biases } = group;
  if (plan.method === 'fp') {
    return plan.bits ? { ...layer, group: { ...group, weightsByBits: countByBits(plan.bits, filterSize) } } : layer;
  }
  const positions = outputElements / filters;
  const isTwn = plan.method === 'twn';
  const [fullPrecision, hidden] = isTwn ? [0, 0] : [plan.fullPrecision.length, plan.hidden];
  const matrices = isTwn ? [filters * filterSize] : [hidden * filterSize, (filters - fullPrecision) * hidden];
  const trits = matrices.reduce((a, b) => a + b, 0);
  const changed: Group = {
    ...group,
    fullPrecision,
    hidden,
    trits,
    matrices: matrices.map((size) => ({ minus: 0, zero: 0, plus: size })),
    weights: fullPrecision * filterSize,
    weightsByBits: countByBits(isTwn ? [] : plan.bits, filterSize),
    others: biases + hidden,
    nodes: new Map(),
  };
  const ternary = trits * positions;
  const scales = hidden * positions;
  const macs = fullPrecision * filterSize * positions;
  return { ...layer, group: changed, counts: { ...counts, macs, ternary, ternaryNonZero: ternary, scales } };
}

/**
 * The layers of an uncompressed network after `plan`. Throws E_MODEL for a network that has banks, or a plan for a
 * layer that is ternary, already,
 * E_USAGE for a plan that names a layer which is not there.
 *
 * @example
 * import { countGraph, predictLayers } from 'tritbank/cost';
 * import { loadModel, makePlan, normalizeNetwork } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const predicted = predictLayers(countGraph(graph).layers, makePlan(graph, { method: 'hybrid', alpha: 0.5 }));
 * for (const { group, counts } of predicted) console.log(group.name, counts.macs, counts.ternary);
 */
export function predictLayers(layers: readonly CountedLayer[], plan: Plan): CountedLayer[] {
  // weights that were ternary from the beginning (all zero, or a choice of channels) stay as they are
  const isPlanned = ({ name }: CountedLayer['group']) => (plan.layers[name]?.method ?? 'fp') !== 'fp';
  const compressed = layers.find(({ group }) => group.hidden > 0 || (group.trits > 0 && isPlanned(group)));
  if (compressed) {
    const where = `layer '${compressed.group.name}'`;
    throw new TritbankError('E_MODEL', where, 'expected an uncompressed network, found ternary weights');
  }
  const names = new Set(layers.map(({ group }) => group.name));
  const stranger = Object.keys(plan.layers).find((name) => !names.has(name));
  if (stranger !== undefined) {
    throw new TritbankError('E_USAGE', 'plan', `expected names of layers, found '${stranger}'`);
  }
  return layers.map((layer) => predictLayer(layer, plan.layers[layer.group.name] ?? { method: 'fp' }));
}
