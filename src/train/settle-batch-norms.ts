/**
 * Statistics for batch norms in a network that was rewritten and is to be trained with the statistics of batches.
 *
 * Some batch norms are there for training alone: those between the factors of a decomposition, and inserted ones. They
 * have to compute the same with the statistics of what they read. The others come from the original network and keep
 * their scales and shifts: with statistics of what they read now, they give each channel its original mean and deviation
 * back, which repairs most of what the rewriting did to it (Finkelstein et al., arXiv 1906.03193, correct the means).
 */

import type { Split } from '../data/index.ts';
import type { Tensor } from '../ir/index.ts';
import { normalise, removeMarkers } from '../passes/index.ts';
import { type QuantizedNetwork, toTernary } from '../quantize/index.ts';
import { type ReestimateOptions, reestimate } from './reestimate.ts';

/** Names of the batch norms between the factors. */
export function hiddenNorms({ ternary }: QuantizedNetwork): string[] {
  return ternary.flatMap(({ scale }) => (scale.into === 'hidden' ? [scale.norm] : []));
}

/**
 * Measures what the batch norms of the ternary network read, over images of `split`, and returns vectors by
 * initializer name. Those named in `neutral` (by default the hidden ones) get these statistics, and the scale and shift
 * with which they compute what they did before; the others the statistics alone. The network is not changed.
 */
export async function settleBatchNorms(
  quantized: QuantizedNetwork,
  split: Split,
  options: Omit<ReestimateOptions, 'normalising'>,
  neutral: readonly string[] = hiddenNorms(quantized),
): Promise<Map<string, Tensor>> {
  const { graph } = toTernary(quantized);
  removeMarkers(graph);
  const norms = graph.nodes.filter((n) => n.op === 'BatchNormalization');
  const normalising = new Set(norms.map((n) => n.name).filter((name) => !neutral.includes(name)));
  const state = await reestimate(graph, split, { ...options, normalising });
  for (const node of norms) {
    if (normalising.has(node.name)) continue;
    const [mean, variance] = [3, 4].map((i) => state.get(node.input(i).name)!.data as Float32Array);
    for (const [vector, tensor] of normalise(node, mean!, variance!)) state.set(vector, tensor);
  }
  return state;
}
