/**
 * How far limits can be kept together, in a millisecond: the least of the largest use of a limit, `max_i cost_i / limit_i`,
 * over all choices, as a game of weights on the limits against a choice (multiplicative weights; Arora, Hazan & Kale, "The
 * Multiplicative Weights Update Method", 2012, section 3.3). For every weighting the least weighted use bounds that of any
 * choice from below; where a bound is above 1, nothing keeps all limits.
 */

import { type Knapsack, sum } from './knapsack-problem.ts';

const rounds = 400;
/** Of the weights, in a round. */
const rate = 0.1;

/** Of each limit, what an item takes of it. */
type Uses = readonly number[];

export interface Reach {
  /** Of the choices met the one whose largest use of a limit is least. */
  readonly choice: readonly number[];
  /** Its largest use, 1 for a limit that is just kept. */
  readonly most: number;
  /** No choice has a smaller one. */
  readonly lowerBound: number;
}

export function reachNearly({ layers, limits }: Knapsack): Reach {
  const uses = layers.map((items) => items.map(({ costs }) => costs.map((cost, i) => cost / limits[i]!)));
  let weights = limits.map(() => 1 / limits.length);
  let reach: Reach = { choice: layers.map(() => 0), most: Infinity, lowerBound: 0 };
  for (let round = 0; round < (limits.length === 1 ? 1 : rounds); round++) {
    const weighted = uses.map((items) => items.map((use) => sum(use.map((one, i) => one * weights[i]!))));
    const leasts = weighted.map((values) => Math.min(...values));
    const choice = weighted.map((values, l) => values.indexOf(leasts[l]!));
    const used = limits.map((_, i) => sum(choice.map((j, l) => uses[l]![j]![i]!)));
    const most = Math.max(...used);
    const lowerBound = Math.max(reach.lowerBound, sum(leasts));
    reach = most < reach.most ? { choice, most, lowerBound } : { ...reach, lowerBound };
    const grown = weights.map((weight, i) => weight * Math.exp((rate * used[i]!) / most));
    const total = sum(grown);
    weights = grown.map((weight) => weight / total);
  }
  return improve(uses, reach);
}

/** Exchanges one item after the other as long as the largest use becomes less. */
function improve(uses: readonly (readonly Uses[])[], reach: Reach): Reach {
  const choice = [...reach.choice];
  const used = uses[0]![0]!.map((_, i) => sum(choice.map((j, l) => uses[l]![j]![i]!)));
  let most = Math.max(...used);
  const after = (l: number, j: number) => used.map((one, i) => one + uses[l]![j]![i]! - uses[l]![choice[l]!]![i]!);
  for (let isBetter = true; isBetter; ) {
    isBetter = false;
    for (const [l, items] of uses.entries()) {
      for (const j of items.keys()) {
        const next = after(l, j);
        if (Math.max(...next) >= most * (1 - 1e-12)) continue;
        used.splice(0, used.length, ...next);
        most = Math.max(...used);
        choice[l] = j;
        isBetter = true;
      }
    }
  }
  return { ...reach, choice, most };
}
