/**
 * Chooses one candidate per layer so that the predicted loss is least and all budgets are kept: a multiple-choice
 * knapsack with several limits (Kellerer, Pferschy & Pisinger, "Knapsack Problems", 2004, chapters 9 and 11).
 *
 *   1. Costs become shares of what a limit leaves beside the cheapest choice; candidates that cannot fit, and those that
 *      another beats in everything, go.
 *   2. Relaxation: limits get prices p >= 0, under which each layer chooses for itself,
 *        L(p) = sum over layers of min (loss + p costs) - sum of p,
 *      a lower bound on every choice that keeps the limits. The largest L is found by column generation (Dantzig & Wolfe
 *      1960): a simplex method with a row per limit, whose columns are whole choices.
 *   3. The choices met on the way are repaired by single swaps, then improved by swaps in one layer and in two.
 *   4. Any better choice has sum of (its reduced costs - the least of each layer) < best loss - L. A depth-first search
 *      under that bound ends with the optimum where there are few layers, and after a fixed number of nodes elsewhere.
 *
 * The same input gives the same plan. The k-th candidates of all layers, a uniform plan where layers share one grid of
 * alphas and width ratios, are tried as well: no result is worse than these.
 */

import {
  type Budget,
  checkBudget,
  checkEachReachable,
  limited,
  namesIn,
  slackOf,
  unreachableTogether,
} from '../../src/compress/planning/budget.ts';
import { type NetworkCosts, predictCost } from '../../src/compress/planning/layer-costs.ts';
import type { Relative } from '../../src/cost/index.ts';

/** Costs are those that are limited, in the order of the limits. */
export interface Item {
  readonly loss: number;
  readonly costs: readonly number[];
}

export interface Knapsack {
  readonly layers: readonly (readonly Item[])[];
  readonly limits: readonly number[];
}

export interface Solution {
  /** One index per layer. */
  readonly choice: readonly number[];
  readonly loss: number;
  /** No choice within the limits has a smaller loss than this. Equal to `loss` where that is known to be the optimum. */
  readonly lowerBound: number;
}

/** An item whose costs are shares: 0 is the layer's cheapest, and the shares of a choice may add up to 1 per limit. */
interface Option extends Item {
  readonly index: number;
}

type Options = readonly (readonly Option[])[];

/** A choice with its sums. */
interface State {
  readonly picks: readonly Option[];
  readonly used: readonly number[];
  readonly loss: number;
}

/** Rounding errors, as a fraction of a limit. */
const limitTolerance = 1e-12;

/** What the choice of no use loses, in units of the largest loss. */
const prohibitive = 1e6;
const maxColumns = 300;
const maxNodes = 200_000;
const maxRepairs = 24;
const pairStarts = 6;

const sum = <T>(items: readonly T[], f: (item: T) => number) => items.reduce((total, item) => total + f(item), 0);
const fits = (used: readonly number[]) => used.every((share) => share <= 1);
const lossOf = (losses: readonly Item[]) => sum(losses, (item) => item.loss);

function stateOf(picks: readonly Option[]): State {
  const used = (picks[0]?.costs ?? []).map((_, i) => sum(picks, (pick) => pick.costs[i]!));
  return { picks, used, loss: lossOf(picks) };
}

function beats(a: Item, b: Item): boolean {
  if (a.loss > b.loss) return false;
  for (let i = 0; i < a.costs.length; i++) if (a.costs[i]! > b.costs[i]!) return false;
  return true;
}

/** Those that no other beats, of equal ones the first, by ascending loss. */
function removeBeaten(options: readonly Option[]): Option[] {
  const isBeaten = (a: Option) => options.some((b) => b !== a && beats(b, a) && (!beats(a, b) || b.index < a.index));
  return options.filter((option) => !isBeaten(option)).sort((a, b) => a.loss - b.loss);
}

/** Shares of the costs, without items that cannot fit; undefined where nothing fits. */
function toShares(layers: Options, limits: readonly number[]): Options | undefined {
  const lows = layers.map((options) =>
    limits.map((_, i) => options.reduce((low, o) => Math.min(low, o.costs[i]!), Infinity)),
  );
  const rooms = limits.map((limit, i) => limit * (1 + limitTolerance) - sum(lows, (low) => low[i]!));
  if (rooms.some((room) => !(room >= 0))) return undefined;
  const share = (cost: number, low: number, room: number) => (cost === low ? 0 : (cost - low) / room);
  const shares = layers.map((options, l) =>
    options.map((o) => ({ ...o, costs: o.costs.map((cost, i) => share(cost, lows[l]![i]!, rooms[i]!)) })),
  );
  const possible = layers.map((options, l) => options.filter((_, j) => fits(shares[l]![j]!.costs)));
  // without the impossible ones the cheapest choice may cost more
  return possible.every((options, l) => options.length === layers[l]!.length) ? shares : toShares(possible, limits);
}

/** What a layer's options cost under prices. */
const priced = ({ loss, costs }: Item, prices: readonly number[]) =>
  costs.reduce((total, cost, i) => total + cost * prices[i]!, loss);

/** The option of each layer that is cheapest under prices. */
function cheapest(layers: Options, prices: readonly number[]): State {
  return stateOf(layers.map((options) => options.reduce((a, b) => (priced(b, prices) < priced(a, prices) ? b : a))));
}

interface Relaxation {
  readonly prices: readonly number[];
  readonly bound: number;
  readonly states: readonly State[];
}

/**
 * Maximises L. The master problem mixes choices: min sum y_k loss_k, where sum y_k used_k + slack = 1 for each limit and
 * sum y_k = 1. It begins with a choice that uses nothing at a prohibitive loss; its dual variables are -p and z, and
 * a choice whose priced loss is below z improves it.
 */
function relax(layers: Options, limits: number): Relaxation {
  const scale = sum(layers, (options) => options.reduce((most, o) => Math.max(most, o.loss), 0)) || 1;
  const last = limits;
  const unit = (i: number) => Array.from({ length: limits + 1 }, (_, r) => Number(r === i));
  const inverse = Array.from({ length: limits + 1 }, (_, r) => unit(r));
  const basis = inverse.map((_, r) => ({ loss: r === last ? prohibitive * scale : 0, amount: 1 }));
  const states: State[] = [];
  let best = { prices: unit(last).slice(0, limits), bound: -Infinity };
  for (let step = 0; step < maxColumns; step++) {
    const dual = unit(0).map((_, i) => basis.reduce((total, { loss }, r) => total + loss * inverse[r]![i]!, 0));
    const negative = dual.findIndex((value, i) => i < last && value > 1e-10 * scale);
    let column = unit(negative);
    let loss = 0;
    if (negative < 0) {
      const prices = dual.slice(0, limits).map((value) => Math.max(0, -value));
      const state = cheapest(layers, prices);
      const value = priced({ loss: state.loss, costs: state.used }, prices);
      const bound = value - sum(prices, (price) => price);
      if (bound > best.bound) best = { prices, bound };
      states.push(state);
      if (value >= dual[last]! - 1e-10 * scale) break;
      column = [...state.used, 1];
      loss = state.loss;
    }
    const change = inverse.map((row) => row.reduce((total, value, i) => total + value * column[i]!, 0));
    let leaving = -1;
    for (const [r, rate] of change.entries()) {
      const isFirst = (at: number) => basis[r]!.amount * change[at]! < basis[at]!.amount * rate;
      if (rate > 1e-12 && (leaving < 0 || isFirst(leaving))) leaving = r;
    }
    if (leaving < 0) break;
    const pivot = inverse[leaving]!.map((value) => value / change[leaving]!);
    const amount = basis[leaving]!.amount / change[leaving]!;
    for (const [r, rate] of change.entries()) {
      inverse[r] = r === leaving ? pivot : inverse[r]!.map((value, i) => value - rate * pivot[i]!);
      basis[r] =
        r === leaving ? { loss, amount } : { ...basis[r]!, amount: Math.max(0, basis[r]!.amount - rate * amount) };
    }
  }
  return { ...best, states };
}

/** By how much the limits are exceeded when `option` takes the place of `old`. */
function overshoot(used: readonly number[], old?: Option, option?: Option): number {
  let over = 0;
  for (let i = 0; i < used.length; i++) {
    const share = old && option ? used[i]! - old.costs[i]! + option.costs[i]! : used[i]!;
    if (share > 1) over += share - 1;
  }
  return over;
}

/** Swaps in single layers, the one that mends most for its loss first, until the limits are kept or none mends. */
function repair(layers: Options, start: State): State | undefined {
  let state = start;
  while (!fits(state.used)) {
    const { picks, used } = state;
    const over = overshoot(used);
    let best = { rate: 0, picks };
    for (const [l, options] of layers.entries()) {
      const old = picks[l]!;
      for (const option of options) {
        const mended = over - overshoot(used, old, option);
        const rate = mended / Math.max(option.loss - old.loss, 1e-12);
        if (mended > 1e-12 && rate > best.rate) best = { rate, picks: picks.with(l, option) };
      }
    }
    if (best.rate === 0) return undefined;
    state = stateOf(best.picks);
  }
  return state;
}

/** The best swap in layers l and k, of options by ascending loss; undefined where none gains. */
function swapPair({ picks, used, loss }: State, layers: Options, l: number, k: number): State | undefined {
  const [first, second] = [picks[l]!, picks[k]!];
  const room = used.map((share, i) => 1 - share + first.costs[i]! + second.costs[i]!);
  let least = first.loss + second.loss - 1e-12 * loss;
  let found: readonly Option[] | undefined;
  for (const a of layers[l]!) {
    for (const b of layers[k]!) {
      if (a.loss + b.loss >= least) break;
      if (!room.every((share, i) => a.costs[i]! + b.costs[i]! <= share)) continue;
      least = a.loss + b.loss;
      found = picks.with(l, a).with(k, b);
      break;
    }
  }
  return found && stateOf(found);
}

/** Swaps in two layers at a time, one of which may keep what it has, until none gains. */
function improveInPairs(layers: Options, start: State): State {
  let state = start;
  for (let before: State | undefined; before !== state; ) {
    before = state;
    for (let l = 0; l < layers.length; l++) {
      for (let k = l + 1; k < layers.length; k++) state = swapPair(state, layers, l, k) ?? state;
    }
  }
  return state;
}

/** Reduced costs above the layer's least, and options that a choice of less than `most` loss may have. */
function narrow(layers: Options, { prices, bound }: Relaxation, most: number): { option: Option; excess: number }[][] {
  return layers.map((options) => {
    const least = options.reduce((low, option) => Math.min(low, priced(option, prices)), Infinity);
    const all = options.map((option) => ({ option, excess: priced(option, prices) - least }));
    return all.filter(({ excess }) => bound + excess < most);
  });
}

/** Depth first, the least excess first. Returns the best state, and whether it is known that none is better. */
function searchTree(
  layers: Options,
  relaxation: Relaxation,
  start: State | undefined,
): { state?: State; isComplete: boolean } {
  const worst = sum(layers, (options) => options.at(-1)!.loss);
  let most = start ? start.loss * (1 - 1e-12) : worst + 1e-6 * (worst || 1);
  const narrowed = narrow(layers, relaxation, most).map((options, l) => ({ l, options }));
  // few options first: what they use is settled early
  narrowed.sort((a, b) => a.options.length - b.options.length || a.l - b.l);
  for (const { options } of narrowed) options.sort((a, b) => a.excess - b.excess);
  const low = (i: number) => (option: { options: { option: Option }[] }) =>
    option.options.reduce((least, { option: o }) => Math.min(least, o.costs[i]!), Infinity);
  const limits = relaxation.prices.length;
  const rest = narrowed.map((_, d) => Array.from({ length: limits }, (_, i) => sum(narrowed.slice(d + 1), low(i))));
  const picks = new Array<Option>(layers.length);
  let state = start;
  let nodes = 0;
  const descend = (depth: number, bound: number, used: readonly number[]): void => {
    if (depth === narrowed.length) {
      const found = stateOf([...picks]);
      if (found.loss < most) [state, most] = [found, found.loss * (1 - 1e-12)];
      return;
    }
    const { l, options } = narrowed[depth]!;
    for (const { option, excess } of options) {
      if (bound + excess >= most || nodes >= maxNodes) return;
      nodes++;
      const next = used.map((share, i) => share + option.costs[i]!);
      if (next.some((share, i) => share + rest[depth]![i]! > 1)) continue;
      picks[l] = option;
      descend(depth + 1, bound + excess, next);
    }
  };
  descend(0, relaxation.bound, new Array<number>(limits).fill(0));
  return { ...(state && { state }), isComplete: nodes < maxNodes };
}

/** The best of the choices of the k-th items of all layers (a layer with fewer has its last one), for each k. */
function findAligned(layers: Options, { layers: items, limits }: Knapsack): State | undefined {
  const count = items.reduce((most, { length }) => Math.max(most, length), 0);
  const rows = Array.from({ length: count }, (_, k) => items.map((layer) => layer[Math.min(k, layer.length - 1)]!));
  // half of the tolerance, so that what is within fits as shares too
  const isWithin = (row: readonly Item[]) =>
    limits.every((limit, i) => sum(row, (item) => item.costs[i]!) <= limit * (1 + limitTolerance / 2));
  const [best] = rows.filter(isWithin).sort((a, b) => lossOf(a) - lossOf(b));
  // an item that was removed stands for one that beats it
  const picks = best?.map((item, l) => layers[l]!.find(({ index }) => beats(items[l]![index]!, item))!);
  return picks && stateOf(picks);
}

/**
 * Solves a knapsack of at least one layer, each with at least one item. Undefined where no choice within the limits was
 * found; where layers are few, there is none then.
 */
export function solveKnapsack(knapsack: Knapsack): Solution | undefined {
  const { layers: items, limits } = knapsack;
  const indexed = items.map((layer) => layer.map((item, index) => ({ ...item, index })));
  const layers = toShares(indexed, limits)?.map(removeBeaten);
  if (!layers) return undefined;
  const relaxation = relax(layers, limits.length);
  const mended = relaxation.states.slice(-maxRepairs).map((state) => repair(layers, state));
  const starts = [...mended, findAligned(layers, knapsack)].filter((state) => state !== undefined);
  starts.sort((a, b) => a.loss - b.loss);
  let best = starts[0];
  for (const start of starts.slice(0, pairStarts)) {
    const few = narrow(layers, relaxation, best!.loss * (1 + 1e-12));
    const improved = improveInPairs(
      few.map((options) => options.map(({ option }) => option)),
      start,
    );
    if (improved.loss < best!.loss) best = improved;
  }
  const { state, isComplete } = searchTree(layers, relaxation, best);
  if (!state) return undefined;
  const choice = state.picks.map((pick) => pick.index);
  const loss = lossOf(choice.map((index, l) => items[l]![index]!));
  return { choice, loss, lowerBound: isComplete ? loss : Math.min(loss, Math.max(0, relaxation.bound)) };
}

export interface OptimizedPlan {
  /** Index of the candidate of each of `costs.layers`. */
  readonly choice: readonly number[];
  /** Predicted increase of the network's loss. */
  readonly loss: number;
  /** No choice within the budget has a smaller loss than this. Equal to `loss` where that is known to be the optimum. */
  readonly lowerBound: number;
  readonly relative: Relative;
  /** What is left of each given budget. Rounding errors, of 1e-12 of the budget, may make it negative. */
  readonly slack: Budget;
}

/** What is fixed is a layer without a choice, so that limits are those of the network. */
function toKnapsack({ layers, fixed, reference }: NetworkCosts, budget: Budget): Knapsack {
  const names = namesIn(budget);
  const banks = layers.map(({ candidates, costs }) =>
    candidates.map(({ loss }, j) => ({ loss, costs: names.map((name) => limited[name].cost(costs[j]!)) })),
  );
  return {
    layers: [...banks, [{ loss: 0, costs: names.map((name) => limited[name].cost(fixed)) }]],
    limits: names.map((name) => limited[name].limit(budget[name]!, reference)),
  };
}

/** The choice whose largest cost, as a share of its limit, is least: bisection over a common factor of the limits. */
function findClosest({ layers, limits }: Knapsack): readonly number[] {
  const lossless = layers.map((items) => items.map((item) => ({ ...item, loss: 0 })));
  const excessOf = (choice: readonly number[]) =>
    limits.reduce(
      (most, limit, i) =>
        Math.max(
          most,
          sum(
            choice.map((j, l) => layers[l]![j]!.costs[i]!),
            (c) => c,
          ) / limit,
        ),
      0,
    );
  const ratio = (item: Item) => limits.reduce((most, limit, i) => Math.max(most, item.costs[i]! / limit), 0);
  let closest: readonly number[] = layers.map((items) =>
    items.reduce((best, item, j) => (ratio(item) < ratio(items[best]!) ? j : best), 0),
  );
  let [low, high] = [1, excessOf(closest)];
  while (high > low * 1.0001) {
    const factor = (low + high) / 2;
    const solution = solveKnapsack({ layers: lossless, limits: limits.map((limit) => limit * factor) });
    if (!solution) {
      low = factor;
      continue;
    }
    closest = solution.choice;
    high = Math.min(factor, excessOf(closest));
  }
  return closest;
}

/**
 * The choice of least predicted loss within the budget. Throws E_USAGE for a budget that is none or out of reach; the
 * error says how near one can come: to each limit by itself, or, where these can be reached one by one, to all of them
 * with the largest relative violation as small as possible.
 */
export function optimizePlan(costs: NetworkCosts, budget: Budget): OptimizedPlan {
  checkBudget(budget);
  checkEachReachable(budget, costs);
  const knapsack = toKnapsack(costs, budget);
  const solution = solveKnapsack(knapsack);
  if (!solution) {
    const closest = predictCost(costs, findClosest(knapsack).slice(0, -1));
    throw unreachableTogether(budget, closest.relative);
  }
  const choice = solution.choice.slice(0, -1);
  const { relative } = predictCost(costs, choice);
  return { ...solution, choice, relative, slack: slackOf(budget, relative) };
}
