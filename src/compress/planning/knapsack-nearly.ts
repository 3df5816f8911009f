/**
 * A choice near the optimum of the knapsack in milliseconds, for whoever cannot wait for the solver: its Lagrangian dual
 * (Kellerer, Pferschy & Pisinger, "Knapsack Problems", 2004, sections 11.2 and 11.3), which sees the convex hull of each
 * layer's items only, and then exchanges of one or two items.
 *
 *   - A price per limit: every layer takes the item of least `loss + price x share`. Prices are raised one at a time to the
 *     least that keeps their limit, in rounds, since a price moves what the other limits are used for.
 *   - Every vector of prices bounds the optimum from below by the least priced loss minus the prices; the largest is kept.
 *   - Of the choices met on the way that keep all limits, the best few are improved by what the hull leaves out.
 *
 * Items are columns of numbers here: they are priced thousands of times, and pairs of them are many.
 */

import { fits, type Item, type Knapsack, type Solution, toShares } from './knapsack-problem.ts';

const rounds = 10;
/** Halvings of a price's range: 1e-9 of it. */
const halvings = 30;
/** Choices that are improved. */
const starts = 4;
/** Pairs of exchanges that are looked at: milliseconds. */
const mostPairs = 3e5;

/** Items of a layer. */
interface Columns {
  readonly loss: Float64Array;
  /** Of each item, of each limit. */
  readonly shares: Float64Array;
}

const toColumns = (items: readonly Item[]): Columns => ({
  loss: Float64Array.from(items, ({ loss }) => loss),
  shares: Float64Array.from(items.flatMap(({ costs }) => costs)),
});

type Choice = Int32Array;

interface Priced {
  readonly choice: Choice;
  readonly used: Float64Array;
  /** A lower bound of the optimum. */
  readonly bound: number;
}

/** What each layer takes at these prices of the limits. */
function priceOut(layers: readonly Columns[], prices: Float64Array): Priced {
  const limits = prices.length;
  const used = new Float64Array(limits);
  const choice = new Int32Array(layers.length);
  let bound = 0;
  for (let l = 0; l < layers.length; l++) {
    const { loss, shares } = layers[l]!;
    let best = 0;
    let least = Infinity;
    for (let j = 0; j < loss.length; j++) {
      let priced = loss[j]!;
      for (let i = 0; i < limits; i++) priced += prices[i]! * shares[j * limits + i]!;
      if (priced < least) {
        best = j;
        least = priced;
      }
    }
    for (let i = 0; i < limits; i++) used[i]! += shares[best * limits + i]!;
    choice[l] = best;
    bound += least;
  }
  for (let i = 0; i < limits; i++) bound -= prices[i]!;
  return { choice, used, bound };
}

/** The least price of limit `i` that keeps it, the other prices as they are; undefined where none does. */
function leastPrice(
  layers: readonly Columns[],
  prices: Float64Array,
  i: number,
  unit: number,
  see: (one: Priced) => void,
): number | undefined {
  const keeps = (price: number) => {
    const found = priceOut(layers, prices.with(i, price));
    see(found);
    return found.used[i]! <= 1;
  };
  if (keeps(0)) return 0;
  let high = unit;
  for (let doubling = 0; !keeps(high); doubling++) {
    if (doubling === 60) return undefined;
    high *= 2;
  }
  let low = high === unit ? 0 : high / 2;
  for (let n = 0; n < halvings; n++) {
    const middle = (low + high) / 2;
    if (keeps(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The items of a layer that no other one beats: nowhere more of a limit, no more loss; of equals the first. */
function undominated({ loss, shares }: Columns, limits: number): number[] {
  const isBelow = (a: number, b: number) => {
    for (let i = 0; i < limits; i++) if (shares[a * limits + i]! > shares[b * limits + i]!) return false;
    return loss[a]! <= loss[b]!;
  };
  const items = Array.from(loss.keys());
  return items.filter((j) => !items.some((k) => k !== j && isBelow(k, j) && (k < j || !isBelow(j, k))));
}

/** Items instead of the present ones: what they change. */
interface Moves {
  readonly layer: Int32Array;
  readonly to: Int32Array;
  readonly loss: Float64Array;
  /** Of each move, of each limit. */
  readonly shares: Float64Array;
}

/** The moves from `choice` for which `isIn` holds, those that lower the loss most first. */
function movesFrom(
  layers: readonly Columns[],
  worthwhile: readonly (readonly number[])[],
  choice: Choice,
  limits: number,
  isIn: (loss: number) => boolean,
): Moves {
  const found = worthwhile
    .flatMap((items, layer) => {
      const { loss } = layers[layer]!;
      return items.map((to) => ({ layer, to, loss: loss[to]! - loss[choice[layer]!]! }));
    })
    .filter(({ loss }) => isIn(loss))
    .sort((a, b) => a.loss - b.loss);
  const shares = new Float64Array(found.length * limits);
  for (const [n, { layer, to }] of found.entries()) {
    const own = layers[layer]!.shares;
    for (let i = 0; i < limits; i++) shares[n * limits + i] = own[to * limits + i]! - own[choice[layer]! * limits + i]!;
  }
  return {
    layer: Int32Array.from(found, ({ layer }) => layer),
    to: Int32Array.from(found, ({ to }) => to),
    loss: Float64Array.from(found, ({ loss }) => loss),
    shares,
  };
}

/** How many pairs of moves may still be looked at. */
interface Patience {
  pairs: number;
}

type Step = readonly [layer: number, to: number];

/** The one or two moves that lower the loss most within what is left of the limits; none where nothing does. */
function bestSteps(ups: Moves, downs: Moves, left: Float64Array, patience: Patience): readonly Step[] {
  const limits = left.length;
  const after = new Float64Array(limits);
  let best: readonly Step[] = [];
  let gain = 0;
  for (let u = 0; u < ups.loss.length; u++) {
    const loss = ups.loss[u]!;
    // what follows gains less
    if (loss >= gain) break;
    let isIn = true;
    for (let i = 0; i < limits; i++) {
      after[i] = left[i]! - ups.shares[u * limits + i]!;
      if (after[i]! < 0) isIn = false;
    }
    const up = [ups.layer[u]!, ups.to[u]!] as const;
    if (isIn) return [up];
    for (let d = 0; d < downs.loss.length && loss + downs.loss[d]! < gain; d++) {
      if (patience.pairs-- <= 0) return best;
      isIn = downs.layer[d] !== up[0];
      for (let i = 0; isIn && i < limits; i++) isIn = downs.shares[d * limits + i]! <= after[i]!;
      if (!isIn) continue;
      best = [up, [downs.layer[d]!, downs.to[d]!]];
      gain = loss + downs.loss[d]!;
      break;
    }
  }
  return best;
}

/** Exchanges one or two items at a time for as long as that lowers the loss, and patience lasts. */
function improve(
  layers: readonly Columns[],
  worthwhile: readonly (readonly number[])[],
  start: Choice,
  limits: number,
  patience: Patience,
): Choice {
  const choice = start.slice();
  while (patience.pairs > 0) {
    const left = new Float64Array(limits).fill(1);
    for (const [l, { shares }] of layers.entries()) {
      for (let i = 0; i < limits; i++) left[i]! -= shares[choice[l]! * limits + i]!;
    }
    const ups = movesFrom(layers, worthwhile, choice, limits, (loss) => loss < 0);
    const downs = movesFrom(layers, worthwhile, choice, limits, (loss) => loss > 0);
    const steps = bestSteps(ups, downs, left, patience);
    if (steps.length === 0) break;
    for (const [layer, to] of steps) choice[layer] = to;
  }
  return choice;
}

/**
 * A choice of small loss that keeps the limits, and a bound of the least loss; undefined where none was met, which does not
 * say that there is none. The same input gives the same choice.
 */
export function solveNearly(knapsack: Knapsack): Solution | undefined {
  const layers = toShares(knapsack)?.map(toColumns);
  if (!layers) return undefined;
  const limits = knapsack.limits.length;
  const lossOf = (choice: Choice) => layers.reduce((sum, { loss }, l) => sum + loss[choice[l]!]!, 0);
  const unit = layers.reduce((sum, { loss }) => sum + Math.max(...loss), 0) || 1;
  let lowerBound = 0;
  // the best few choices that keep all limits, the best one first
  let best: readonly { readonly choice: Choice; readonly loss: number }[] = [];
  const see = ({ choice, used, bound }: Priced) => {
    lowerBound = Math.max(lowerBound, bound);
    if (used.some((one) => one > 1)) return;
    const loss = lossOf(choice);
    if (best.some((one) => one.loss === loss) || (best.length === starts && loss >= best.at(-1)!.loss)) return;
    best = [...best, { choice, loss }].sort((a, b) => a.loss - b.loss).slice(0, starts);
  };
  let prices = new Float64Array(limits);
  for (let round = 0; round < rounds; round++) {
    const before = prices;
    for (let i = 0; i < limits; i++) {
      const price = leastPrice(layers, prices, i, unit, see);
      if (price === undefined) return undefined;
      prices = prices.with(i, price);
    }
    if (prices.every((price, i) => Math.abs(price - before[i]!) <= 1e-6 * price)) break;
  }
  const worthwhile = layers.map((items) => undominated(items, limits));
  const patience = { pairs: mostPairs };
  const improved = best.map(({ choice }) => improve(layers, worthwhile, choice, limits, patience));
  // sums of shares and of costs differ in their last digits
  const found = [...improved, ...best.map(({ choice }) => choice)].filter((choice) => fits(knapsack, [...choice]));
  if (found.length === 0) return undefined;
  const choice = found.reduce((a, b) => (lossOf(b) < lossOf(a) ? b : a));
  const loss = lossOf(choice);
  return { choice: [...choice], loss, lowerBound: Math.min(lowerBound, loss) };
}
