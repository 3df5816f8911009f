/**
 * Plans for networks in 8 bits, whose layers that read the image keep their filters. The hidden units of such a layer carry
 * what neighbouring pixels have in common, which the filters then subtract; rounded to 8 bits, what is left of it costs far
 * more than the bank is predicted to (on MobileNet-V1 0.5 a predicted loss of 0.001 nats, and 2.6 % of the scores'
 * variance, a dozen times as much as any other tensor). The paper leaves these layers as they are.
 */

import { TritbankError } from '../../ir/index.ts';
import { isBank } from '../../quantize/index.ts';
import type { Analysis } from '../sensitivity.ts';
import type { CostedLayer, NetworkCosts } from './layer-costs.ts';

/** Without candidates that are banks; a layer that has no others keeps them. */
function withoutBanks(layer: CostedLayer): CostedLayer {
  const left = layer.candidates.flatMap(({ plan }, i) => (isBank(plan) ? [] : [i]));
  if (left.length === 0) return layer;
  const pick = <T>(items: readonly T[]) => left.map((i) => items[i]!);
  return { ...layer, candidates: pick(layer.candidates), costs: pick(layer.costs), works: pick(layer.works) };
}

/** What `optimise` finds without banks in layers that read the image; with them where the budget is out of reach then. */
export async function sparingFirst<T>(
  costs: NetworkCosts,
  analysis: Analysis,
  optimise: (costs: NetworkCosts) => Promise<T>,
): Promise<T> {
  const first = new Set(analysis.layers.filter(({ kind }) => kind === 'first').map(({ name }) => name));
  const layers = costs.layers.map((layer) => (first.has(layer.name) ? withoutBanks(layer) : layer));
  try {
    return await optimise({ ...costs, layers });
  } catch (error) {
    if (!(error instanceof TritbankError) || error.code !== 'E_USAGE') throw error;
    return optimise(costs);
  }
}
