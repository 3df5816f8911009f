/** A compression in tables: layers before and after, and the budget beside what was predicted and measured. */

import type { CompressResult } from '../compress/compress.ts';
import type { Analysis } from '../compress/sensitivity.ts';
import type { PlanFile } from '../cost/plan-file.ts';
import type { LayerCost, NetworkCost, Relative } from '../cost/records.ts';
import { isBank, type LayerPlan } from '../quantize/plan.ts';
import type { Column } from './columns.ts';
import { costlyRows, type TotalColumn } from './cost-columns.ts';
import { type EnergyScale, scaleEnergy } from './energy-unit.ts';
import { formatCount, formatFixed, formatKilobytes, formatResidual, formatSetting } from './format.ts';

/** A layer, or an operator outside of layers, in the original, the compressed network and the plan. */
export interface ComparedLayer {
  readonly name: string;
  readonly kind: LayerCost['kind'];
  readonly before?: LayerCost;
  readonly after?: LayerCost;
  readonly planned?: LayerPlan;
  /** Of a layer that was planned by predictions. */
  readonly predictedLoss?: number;
}

/** Rows of either network, those of the original first. */
export function pairLayers(
  before: NetworkCost,
  after: NetworkCost,
  { layers, predicted }: Pick<PlanFile, 'layers' | 'predicted'>,
): ComparedLayer[] {
  // an operator may have the name of a layer
  const keyOf = ({ kind, name }: LayerCost) => `${kind === 'other' ? 'operator' : 'layer'} ${name}`;
  const index = (cost: NetworkCost) => new Map(costlyRows(cost).map((row) => [keyOf(row), row]));
  const [first, second] = [index(before), index(after)];
  return [...new Set([...first.keys(), ...second.keys()])].map((key) => {
    const [was, is] = [first.get(key), second.get(key)];
    const { name, kind } = (was ?? is)!;
    const planned = kind !== 'other' && Object.hasOwn(layers, name) ? layers[name] : undefined;
    const predictedLoss = planned && predicted?.losses[name];
    return {
      name,
      kind,
      ...(was && { before: was }),
      ...(is && { after: is }),
      ...(planned && { planned }),
      ...(predictedLoss !== undefined && { predictedLoss }),
    };
  });
}

/** Filters, those of them in full precision, and hidden units, as planned or else as found in the compressed network. */
export function sizesOf({
  before,
  after,
  planned,
}: ComparedLayer): Readonly<Record<'filters' | 'fullPrecision' | 'hidden', number>> | undefined {
  const cost = before ?? after;
  if (!cost || cost.kind === 'other') return undefined;
  const { filters } = cost;
  if (!planned) return { filters, fullPrecision: after?.fullPrecision ?? filters, hidden: after?.hidden ?? 0 };
  if (isBank(planned)) return { filters, fullPrecision: planned.fullPrecision.length, hidden: planned.hidden };
  return { filters, fullPrecision: planned.method === 'fp' ? filters : 0, hidden: 0 };
}

/** One unit for both networks. */
export const sharedScale = (before: NetworkCost, after: NetworkCost): EnergyScale =>
  scaleEnergy(after.energyUnit, Math.max(before.energy, after.energy));

const none = '–';

export interface Compared {
  readonly before: NetworkCost;
  readonly after: NetworkCost;
  readonly predictedLoss: number;
  readonly lossUnit?: Analysis['lossUnit'];
  /** Whether some layer has a sparse decomposition, which takes a column. */
  readonly isSparse: boolean;
}

/** Of a bank's decomposition; 0 where none was asked for. */
export const sparsityOf = ({ planned }: ComparedLayer): number =>
  planned && isBank(planned) ? (planned.sparsity ?? 0) : 0;

/** The columns behind a layer's name. */
export function compareColumns({
  before,
  after,
  predictedLoss,
  lossUnit,
  isSparse,
}: Compared): readonly TotalColumn<ComparedLayer>[] {
  const { unit, short, divisor } = sharedScale(before, after);
  const inUnit = short === '' ? '' : ` (${short})`;
  const costs = [
    ['before', before],
    ['after', after],
  ] as const;
  const hints = { before: 'Every value of the original at 16 bits', after: 'The exported file in the storage scheme' };
  const sizes = costs.map(([key, cost]): TotalColumn<ComparedLayer> => {
    return {
      head: `size ${key} (KB)`,
      hint: `${hints[key]}; 1 KB is 1024 bytes`,
      cell: (row) => formatKilobytes(row[key]?.bytes ?? Number.NaN),
      total: formatKilobytes(cost.bytes),
    };
  });
  const energies = costs.map(([key, cost]): TotalColumn<ComparedLayer> => {
    return {
      head: `energy ${key}${inUnit}`,
      hint: `Energy of the arithmetic, in ${unit}`,
      cell: (row) => formatFixed((row[key]?.energy ?? Number.NaN) / divisor, 3),
      total: formatFixed(cost.energy / divisor, 3),
    };
  });
  const meaning =
    lossUnit === 'nats' ? 'Increase of the cross-entropy in nats' : "The layer's error relative to its output";
  return [
    { head: 'kind', cell: ({ kind }) => kind, total: '' },
    {
      head: 'fp+ternary',
      hint: 'Full-precision filters + ternary filters',
      cell: (row) => {
        const found = sizesOf(row);
        return found ? `${found.fullPrecision}+${found.filters - found.fullPrecision}` : none;
      },
      total: '',
    },
    {
      head: 'r',
      hint: 'Hidden units of the strassenified part',
      cell: (row) => formatCountAbove(sizesOf(row)?.hidden ?? 0),
      total: '',
    },
    ...(isSparse
      ? [
          {
            head: 'sparsity',
            hint: 'Of the decomposition: higher ones have fewer non-zeros',
            cell: (row: ComparedLayer) => (sparsityOf(row) > 0 ? formatSetting(sparsityOf(row)) : none),
            total: '',
          },
        ]
      : []),
    ...sizes,
    ...energies,
    {
      head: 'predicted loss',
      hint: `${meaning}, before training, as the plan has it`,
      cell: ({ predictedLoss: loss }) => (loss === undefined ? none : formatResidual(loss)),
      total: formatResidual(predictedLoss),
    },
  ];
}

const formatCountAbove = (count: number) => (count > 0 ? formatCount(count) : none);

/** A figure relative to the original. */
export interface BudgetRow {
  readonly name: keyof Relative;
  readonly limit: number | undefined;
  readonly predicted: number | undefined;
  readonly measured: number;
}

export function budgetRows({ plan, relative }: Pick<CompressResult, 'plan' | 'relative'>): BudgetRow[] {
  const names = ['size', 'energy', 'multiplications', 'throughput'] as const;
  return names.map((name) => ({
    name,
    limit: plan.budget?.[name],
    predicted: plan.predicted?.[name],
    measured: relative[name],
  }));
}

export const budgetColumns: readonly Column<BudgetRow>[] = [
  {
    head: 'budget',
    hint: 'At most; throughput: at least',
    cell: ({ name, limit }) =>
      limit === undefined ? none : `${name === 'throughput' ? '≥' : '≤'} ${formatFixed(limit, 4)}`,
  },
  {
    head: 'predicted',
    hint: 'Of the plan as it was made: a plan that was edited keeps these figures',
    cell: ({ predicted }) => (predicted === undefined ? none : formatFixed(predicted, 4)),
  },
  { head: 'measured', hint: 'Of the exported file', cell: ({ measured }) => formatFixed(measured, 4) },
];
