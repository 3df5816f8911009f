/**
 * The uniform choice of Gope et al. (arXiv 1911.01028, section 3) for a given network: the same alpha and width ratio
 * in all layers, which is what an optimised plan is compared with. The paper trains from scratch, so that any filters
 * may be the full-precision ones; of a trained network those are kept that the ternary form would hurt most.
 */

import { type Graph, TritbankError } from '../../ir/index.ts';
import { findLayers, type LayerKind, makePlan } from '../../quantize/index.ts';
import type { Bank } from './candidate.ts';

export interface UniformOptions {
  /** Fraction of a bank's filters kept in full precision, in [0, 1]. */
  readonly alpha: number;
  /** Hidden units per ternary filter, above 0. */
  readonly widthRatio: number;
  /** Kinds of layers that become banks; by default as the paper has them. */
  readonly kinds?: readonly LayerKind[];
}

/** Indices of the `count` largest values, ascending; of equal ones the first. */
export function largest(values: ArrayLike<number>, count: number): number[] {
  const indices = Array.from(values, (_, i) => i).sort((i, j) => values[j]! - values[i]! || i - j);
  return indices.slice(0, count).sort((i, j) => i - j);
}

/**
 * The banks of the uniform plan by layer name, sizes as `makePlan` has them. `sensitivity` has per layer one number per
 * filter: how much is lost if it is ternary. A layer whose filters are all of one kind needs none. Throws E_USAGE for
 * options out of range and for sensitivities that are absent, of another length, or not numbers, E_MODEL when no layer
 * can be compressed.
 */
export function makeUniformBanks(
  graph: Graph,
  sensitivity: Readonly<Record<string, ArrayLike<number>>>,
  { alpha, widthRatio, kinds }: UniformOptions,
): Map<string, Bank> {
  const plan = makePlan(graph, { method: 'hybrid', alpha, widthRatio, ...(kinds && { kinds }) });
  const filtersOf = new Map(findLayers(graph).map((layer) => [layer.name, layer.filters]));
  const banks = Object.entries(plan.layers).map(([name, layer]): [string, Bank] => {
    const filters = filtersOf.get(name)!;
    if (layer.method === 'twn') throw new Error('internal: a uniform plan of hybrid banks has a TWN layer');
    if (layer.method === 'fp')
      return [name, { fullPrecision: Array.from({ length: filters }, (_, i) => i), hidden: 0 }];
    if (layer.fullPrecision === 0) return [name, { fullPrecision: [], hidden: layer.hidden }];
    const values = Array.from(Object.hasOwn(sensitivity, name) ? sensitivity[name]! : []);
    if (values.length !== filters || values.some(Number.isNaN)) {
      const found = values.length === filters ? 'some that are none' : values.length || 'none';
      throw new TritbankError(
        'E_USAGE',
        `sensitivity of layer '${name}'`,
        `expected ${filters} numbers, found ${found}`,
      );
    }
    return [name, { fullPrecision: largest(values, layer.fullPrecision), hidden: layer.hidden }];
  });
  return new Map(banks);
}
