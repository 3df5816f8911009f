/**
 * Chooses one item per layer so that the sum of losses is least and all limits are kept: a multiple-choice knapsack with
 * several limits (Kellerer, Pferschy & Pisinger, "Knapsack Problems", 2004, chapters 9 and 11) as a mixed-integer program
 *
 *     min sum loss_lj x_lj     x_lj in {0, 1},   sum_j x_lj = 1 for each layer l,   sum share_lji x_lj <= 1 for each limit i
 *
 * which HiGHS solves (https://highs.dev; the package `highs` has it in WebAssembly, for Node and browsers).
 *
 *   - Shares are of what a limit leaves beside the cheapest choice, and losses are divided by the optimum of the linear
 *     relaxation: tolerances of a solver are absolute, bytes are millions, and the least loss may be a millionth of the most.
 *   - HiGHS keeps limits to 1e-10 only. A choice that passes for that reason is cut off, and the program solved again.
 *   - The same input gives the same choice everywhere: one thread, a fixed seed, a limit of nodes and none of time, in
 *     WebAssembly's arithmetic, which is defined to the last bit. Of items of a layer that are equal the first is taken.
 */

import type { Highs, Model, ModelData } from 'highs';
import { fits, type Item, type Knapsack, type Solution, sum, toShares } from './knapsack-problem.ts';
import { loadHighs } from './load-highs.ts';

/** Where a search ends. */
export interface Effort {
  /** How far the loss may be from the lower bound, relative to the loss. */
  readonly gap: number;
  /** Nodes of the tree; then the best choice so far is taken. */
  readonly nodes: number;
}

export const defaultEffort: Effort = { gap: 0, nodes: 20_000 };

/** What counts as no gap. */
const noGap = 1e-9;

const solverOptions = {
  output_flag: false,
  random_seed: 0,
  // the least that HiGHS takes
  primal_feasibility_tolerance: 1e-10,
  dual_feasibility_tolerance: 1e-10,
  mip_feasibility_tolerance: 1e-10,
  // smaller coefficients are left out
  small_matrix_value: 1e-12,
  mip_abs_gap: 0,
} as const;

type Layers = Knapsack['layers'];

/** A variable from 0 to `upper`; its coefficients stand in a row per layer and then one per limit. */
interface Column {
  readonly cost: number;
  readonly upper: number;
  readonly isWhole: boolean;
  readonly entries: readonly (readonly [row: number, value: number])[];
}

/** A variable per item, layer by layer; 0 for an item of which a share is above `most`. */
function itemColumns(layers: Layers, lossUnit: number, most: number): Column[] {
  return layers.flatMap((items, l) =>
    items.map(({ loss, costs }): Column => {
      const isPossible = costs.every((share) => share <= most);
      const shares = costs.map((share, i) => [layers.length + i, share] as const).filter(([, share]) => share !== 0);
      const entries = [[l, 1] as const, ...(isPossible ? shares : [])];
      return { cost: loss / lossUnit, upper: isPossible ? 1 : 0, isWhole: true, entries };
    }),
  );
}

/** Each layer's row is 1, each limit's at most `most`. */
function toModel(columns: readonly Column[], { layers, limits }: Knapsack, most: number): ModelData {
  const [numCols, numRows] = [columns.length, layers.length + limits.length];
  const starts = [0];
  for (const { entries } of columns) starts.push(starts.at(-1)! + entries.length);
  return {
    numCols,
    numRows,
    colCost: columns.map(({ cost }) => cost),
    colLower: new Float64Array(numCols),
    colUpper: columns.map(({ upper }) => upper),
    rowLower: [...layers.map(() => 1), ...limits.map(() => -Infinity)],
    rowUpper: [...layers.map(() => 1), ...limits.map(() => most)],
    matrix: {
      format: 'csc',
      numRows,
      numCols,
      starts,
      indices: columns.flatMap(({ entries }) => entries.map(([row]) => row)),
      values: columns.flatMap(({ entries }) => entries.map(([, value]) => value)),
    },
    integrality: columns.map(({ isWhole }) => (isWhole ? 1 : 0)),
  };
}

/** The optimum of the linear relaxation; undefined where even that does not keep the limits. */
function relax(highs: Highs, { integrality: _, ...linear }: ModelData): number | undefined {
  return highs.withModel(linear, (model) => {
    model.options.set(solverOptions);
    model.run();
    const isSolved = model.getModelStatus() === highs.constants.modelStatus.optimal;
    return isSolved ? model.getObjectiveValue() : undefined;
  });
}

/** Solves the program in place. */
function search(highs: Highs, model: Model, layers: Layers, { gap, nodes }: Effort): Found {
  model.options.set({ ...solverOptions, mip_rel_gap: gap, mip_max_nodes: nodes });
  model.run();
  const { constants } = highs;
  const bound = Number(model.info.get('mip_dual_bound'));
  const isImpossible = model.getModelStatus() === constants.modelStatus.infeasible;
  if (model.info.get('primal_solution_status') !== constants.solutionStatus.feasible) return { bound, isImpossible };
  const values = model.getSolution().colValue;
  let first = 0;
  const choice = layers.map((items) => {
    const own = values.subarray(first, first + items.length);
    first += items.length;
    const taken = items[own.indexOf(Math.max(...own))]!;
    return items.findIndex((item) => item.loss === taken.loss && isWithin(item, taken) && isWithin(taken, item));
  });
  return { choice, bound, isImpossible };
}

interface Found {
  /** Of each layer the item whose variable is largest, or the first that equals it. Absent where none was found. */
  readonly choice?: readonly number[];
  /** No choice has a smaller objective. */
  readonly bound: number;
  readonly isImpossible: boolean;
}

/** True where `a` costs nowhere more than `b`. */
const isWithin = (a: Item, b: Item) => a.costs.every((cost, i) => cost <= b.costs[i]!);

/** Forbids `choice`, and every choice that costs nowhere less in any layer. */
function cutOff(model: Model, layers: Layers, choice: readonly number[]): void {
  const all = layers.flatMap((items, l) => items.map((item) => isWithin(items[choice[l]!]!, item)));
  const indices = all.flatMap((isIn, column) => (isIn ? [column] : []));
  model.addRow(-Infinity, layers.length - 1, { indices, values: indices.map(() => 1) });
}

/** The best choice that keeps the limits by more than the solver's tolerance. */
function searchExactly(highs: Highs, program: ModelData, layers: Layers, knapsack: Knapsack, effort: Effort): Found {
  return highs.withModel(program, (model) => {
    for (;;) {
      const found = search(highs, model, layers, effort);
      if (!found.choice || fits(knapsack, found.choice)) return found;
      cutOff(model, layers, found.choice);
    }
  });
}

/** The choice of least loss; undefined where no choice keeps the limits, as far as `effort` can tell. */
export async function solveKnapsack(knapsack: Knapsack, effort = defaultEffort): Promise<Solution | undefined> {
  const layers = toShares(knapsack);
  if (!layers) return undefined;
  const highs = await loadHighs();
  const programIn = (lossUnit: number) => toModel(itemColumns(layers, lossUnit, 1), knapsack, 1);
  const most = sum(layers.map((items) => Math.max(...items.map(({ loss }) => loss)))) || 1;
  const relaxed = relax(highs, programIn(most));
  if (relaxed === undefined) return undefined;
  const lossUnit = most * (relaxed > 0 ? relaxed : 1);
  const found = searchExactly(highs, programIn(lossUnit), layers, knapsack, effort);
  if (found.isImpossible) return undefined;
  // out of nodes before any choice was met: one that is nearest to the limits keeps them, if any does
  const choice = found.choice ?? (await findClosest(knapsack));
  if (!found.choice && !fits(knapsack, choice)) return undefined;
  const loss = sum(choice.map((j, l) => layers[l]![j]!.loss));
  const bound = Math.max(0, relaxed * most, found.bound * lossUnit);
  return { choice, loss, lowerBound: bound >= loss * (1 - noGap) ? loss : bound };
}

/** The choice whose largest cost, as a share of its limit, is least: a factor of the limits is minimised. */
export async function findClosest({ layers, limits }: Knapsack): Promise<readonly number[]> {
  const highs = await loadHighs();
  const relative = layers.map((items) =>
    items.map(({ costs }) => ({ loss: 0, costs: costs.map((cost, i) => cost / limits[i]!) })),
  );
  const entries = limits.map((_, i) => [layers.length + i, -1] as const);
  const columns = [...itemColumns(relative, 1, Infinity), { cost: 1, upper: Infinity, isWhole: false, entries }];
  const program = toModel(columns, { layers, limits }, 0);
  const { choice } = highs.withModel(program, (model) => search(highs, model, relative, defaultEffort));
  if (!choice) throw new Error('internal: every choice keeps some multiple of the limits, and none was found');
  return choice;
}
