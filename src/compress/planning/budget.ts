/**
 * What a compressed network may cost, relative to the same network uncompressed (full-precision weights, 16 bits a
 * value, the same accelerator and conventions), and the error that says how near one can come to a budget out of reach.
 */

import type { Reference, Relative } from '../../cost/index.ts';
import { TritbankError } from '../../ir/index.ts';
import { type CostVector, type NetworkCosts, predictCost } from './layer-costs.ts';
import { roundDown, roundUp } from './round.ts';

export interface Budget {
  /** Stored bytes, at most. */
  readonly size?: number;
  /** Energy of the arithmetic, at most. */
  readonly energy?: number;
  /** At most. */
  readonly multiplications?: number;
  /** Of the area-equivalent array with all units busy, at least. */
  readonly throughput?: number;
}

export const budgetNames = ['size', 'energy', 'multiplications', 'throughput'] as const;
export type BudgetName = (typeof budgetNames)[number];

/** The budgets that are given, in the order of `budgetNames`. */
export function namesIn(budget: Budget): BudgetName[] {
  return budgetNames.filter((name) => budget[name] !== undefined);
}

/** E_USAGE for a budget without any limit, and for one that is not a number above 0. */
export function checkBudget(budget: Budget): void {
  const names = namesIn(budget);
  if (names.length === 0) {
    throw new TritbankError('E_USAGE', 'budget', `expected at least one of ${budgetNames.join(', ')}, found none`);
  }
  for (const name of names) {
    const value = budget[name]!;
    if (value > 0 && Number.isFinite(value)) continue;
    throw new TritbankError('E_USAGE', 'budget', `expected ${name} above 0, found ${value}`);
  }
}

/** What each budget limits: an additive cost, and the most that it may be. */
export const limited: {
  readonly [K in BudgetName]: { cost(c: CostVector): number; limit(value: number, of: Reference): number };
} = {
  size: { cost: (c) => c.bytes, limit: (value, of) => value * of.bytes },
  energy: { cost: (c) => c.energy, limit: (value, of) => value * of.energy },
  multiplications: { cost: (c) => c.multiplications, limit: (value, of) => value * of.multiplications },
  throughput: { cost: (c) => c.areaTime, limit: (value, of) => of.areaTime / value },
};

/** How much of each given budget is left: below the limit, or above it for throughput. */
export function slackOf(budget: Budget, relative: Budget): Budget {
  const left = (name: BudgetName) => (name === 'throughput' ? -1 : 1) * (budget[name]! - relative[name]!);
  return Object.fromEntries(namesIn(budget).map((name) => [name, left(name)]));
}

/** Three digits, rounded to the side on which a budget of that figure can be kept. */
export const roundReachable = (name: BudgetName, value: number): number =>
  name === 'throughput' ? roundDown(value) : roundUp(value);

const figuresOf = (budget: Budget) => namesIn(budget).map((name) => `${name} ${budget[name]}`);
const listFigures = (budget: Budget) => figuresOf(budget).join(', ');

const pick = (names: readonly BudgetName[], figureOf: (name: BudgetName) => number): Budget =>
  Object.fromEntries(names.map((name) => [name, figureOf(name)]));

/** The choice that is best for one budget. */
function cheapestFor(name: BudgetName, { layers }: NetworkCosts): number[] {
  const { cost } = limited[name];
  return layers.map(({ costs }) => costs.reduce((best, c, j) => (cost(c) < cost(costs[best]!) ? j : best), 0));
}

/** E_USAGE where a budget is out of reach even if the others are left out; the error says what can be reached. */
export function checkEachReachable(budget: Budget, costs: NetworkCosts): void {
  const best = pick(namesIn(budget), (name) => predictCost(costs, cheapestFor(name, costs)).relative[name]);
  const short = namesIn(slackOf(budget, best)).filter((name) => slackOf(budget, best)[name]! < -1e-12 * budget[name]!);
  if (short.length === 0) return;
  const closest = pick(short, (name) => roundReachable(name, best[name]!));
  const figures = short.length === 1 ? `${closest[short[0]!]}` : listFigures(closest);
  const found = `found ${listFigures(pick(short, (name) => budget[name]!))}: the closest possible is ${figures}`;
  throw new TritbankError('E_USAGE', 'budget', `expected a reachable one, ${found}`);
}

/** What was asked for and what is possible, in words. */
export interface Reach {
  readonly found: readonly string[];
  readonly closest: readonly string[];
}

/** The error of a budget that is out of reach; several limits are each within reach, but not all together. */
export function unreachable({ found, closest }: Reach): TritbankError {
  const apart = found.length > 1 ? ', each within reach but not all together' : '';
  const detail = `found ${found.join(', ')}${apart}: the closest possible is ${closest.join(', ')}`;
  return new TritbankError('E_USAGE', 'budget', `expected a reachable one, ${detail}`);
}

/** A budget, and as near as one can come to it. */
export const reachOf = (budget: Budget, closest: Relative): Reach => ({
  found: figuresOf(budget),
  closest: figuresOf(pick(namesIn(budget), (name) => roundReachable(name, closest[name]))),
});
