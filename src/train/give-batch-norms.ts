/**
 * Gives a rewritten network back the batch norms that were folded away, with statistics of what they read. Where they
 * restore the means and deviations of the original network's channels, that repairs most of what a decomposition did to
 * it, with some hundred images and without training.
 */

import type { Split } from '../data/index.ts';
import type { Graph } from '../ir/index.ts';
import { insertBatchNorm } from '../passes/index.ts';
import { loadState, type QuantizedNetwork } from '../quantize/index.ts';
import type { ReestimateOptions } from './reestimate.ts';
import { hiddenNorms, settleBatchNorms } from './settle-batch-norms.ts';

type StatisticsOptions = Omit<ReestimateOptions, 'normalising'>;

export interface BatchNormOptions extends StatisticsOptions {
  /**
   * Convolutions without a batch norm: `restore` inserts one that gives each channel the mean and deviation that it has
   * in the original; `insert` one that leaves it what it is; `scale` inserts a scale and a bias per channel instead;
   * `keep` leaves the bias that is there.
   */
  readonly batchNorm: 'restore' | 'insert' | 'scale' | 'keep';
}

/**
 * The network with batch norms inserted, and with statistics, over images of `split`, for all that it has: hidden ones
 * compute what they did, those of the original network give their channels the mean and deviation that they had there.
 * `quantized` (as `applyPlan` returns it, with its values) and `base`, its original, are not changed. To be trained, or
 * to be exported as it is: `deploy(toFrozen(network, new Map()), new Map())`.
 */
export async function giveBatchNorms(
  quantized: QuantizedNetwork,
  base: Graph,
  split: Split,
  { batchNorm, ...options }: BatchNormOptions,
): Promise<QuantizedNetwork> {
  const graph = quantized.graph.clone();
  const network = { ...quantized, graph };
  const isNorm = batchNorm === 'restore' || batchNorm === 'insert';
  if (batchNorm === 'scale') insertBatchNorm(graph, { form: 'scale' });
  const inserted = isNorm ? insertBatchNorm(graph) : [];
  const restored = batchNorm === 'restore' ? await restore(graph, inserted, base, split, options) : new Set<string>();
  const neutral = [...hiddenNorms(network), ...inserted.filter((name) => !restored.has(name))];
  if (graph.nodes.some((n) => n.op === 'BatchNormalization')) {
    loadState(graph, await settleBatchNorms(network, split, options, neutral));
  }
  return network;
}

/**
 * Gives inserted batch norms the scales and shifts of those that the same layers get in the original network, which are
 * the deviations and means of its channels. Returns their names: those whose layer the original has.
 */
async function restore(
  graph: Graph,
  inserted: readonly string[],
  base: Graph,
  split: Split,
  options: StatisticsOptions,
): Promise<ReadonlySet<string>> {
  const original = { graph: base.clone(), ternary: [], rounded: [], fixed: new Set<string>() };
  const norms = insertBatchNorm(original.graph);
  if (norms.length === 0) return new Set();
  const vectors = await settleBatchNorms(original, split, options, norms);
  const shared = inserted.filter((name) => norms.includes(name));
  for (const name of shared) {
    const [here, there] = [graph, original.graph].map((g) => g.nodes.find((n) => n.name === name)!);
    for (const i of [1, 2]) here!.input(i).constant = vectors.get(there!.input(i).name)!;
  }
  return new Set(shared);
}
