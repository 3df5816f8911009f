/** The planner's problem apart from whoever solves it: one item per layer, the least sum of losses, several limits. */

/** Costs are those that are limited, in the order of the limits. */
export interface Item {
  readonly loss: number;
  readonly costs: readonly number[];
}

/** At least one layer, each of at least one item, and at least one limit, all above 0. */
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

/** Rounding errors, as a fraction of a limit. */
const limitTolerance = 1e-12;

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Costs as shares of what the limits leave beside the cheapest choice; undefined where they leave less than nothing. */
export function toShares({ layers, limits }: Knapsack): Knapsack['layers'] | undefined {
  const lows = layers.map((items) => limits.map((_, i) => Math.min(...items.map(({ costs }) => costs[i]!))));
  const rooms = limits.map((limit, i) => limit * (1 + limitTolerance) - sum(lows.map((low) => low[i]!)));
  if (rooms.some((room) => room < 0)) return undefined;
  const share = (excess: number, room: number) => (excess === 0 ? 0 : excess / room);
  return layers.map((items, l) =>
    items.map(({ loss, costs }) => ({ loss, costs: costs.map((cost, i) => share(cost - lows[l]![i]!, rooms[i]!)) })),
  );
}

/** Whether a choice keeps the limits, up to rounding errors. */
export function fits({ layers, limits }: Knapsack, choice: readonly number[]): boolean {
  const used = (i: number) => sum(choice.map((j, l) => layers[l]![j]!.costs[i]!));
  return limits.every((limit, i) => used(i) <= limit * (1 + limitTolerance));
}
