/** The tables of a cost measurement and of a sweep, column by column: shown as HTML and as plain text. */

import type { LayerCost, NetworkCost, NodeCost, Sweep, SweepPoint } from '../cost/records.ts';
import type { Column } from './columns.ts';
import { type EnergyScale, scaleEnergy } from './energy-unit.ts';
import {
  formatCount,
  formatFixed,
  formatKilobytes,
  formatMillions,
  formatPercent,
  formatResidual,
  formatSetting,
  shorten,
} from './format.ts';

export interface TotalColumn<Row> extends Column<Row> {
  /** The cell of the whole network. */
  readonly total: string;
}

/** Energies of a network and its layers in one unit. */
export const energyScaleOf = (cost: NetworkCost): EnergyScale =>
  scaleEnergy(cost.energyUnit, cost.energy + cost.memoryEnergy);

const none = '–';

export function costColumns(cost: NetworkCost): readonly TotalColumn<LayerCost>[] {
  const { unit, short, divisor } = energyScaleOf(cost);
  const inUnit = short === '' ? '' : ` (${short})`;
  const formatEnergy = (energy: number) => formatFixed(energy / divisor, 3);
  const counted = <K extends 'macs' | 'products' | 'additions'>(key: K, hint: string): TotalColumn<LayerCost> => ({
    head: `${key === 'macs' ? 'MACs' : key} (M)`,
    hint,
    cell: (row) => formatMillions(row[key]),
    total: formatMillions(cost[key]),
  });
  const memory: TotalColumn<LayerCost> = {
    head: `memory${inUnit}`,
    hint: `Energy of moving weights, inputs and outputs once, in ${unit}`,
    cell: (row) => formatEnergy(row.memoryEnergy),
    total: formatEnergy(cost.memoryEnergy),
  };
  return [
    { head: 'kind', cell: (row) => row.kind, total: '' },
    { head: 'method', cell: (row) => (row.kind === 'other' ? none : row.method), total: '' },
    {
      head: 'fp+ternary',
      hint: 'Full-precision filters + ternary filters',
      cell: (row) => (row.kind === 'other' ? none : `${row.fullPrecision}+${row.filters - row.fullPrecision}`),
      total: '',
    },
    {
      head: 'r',
      hint: 'Hidden units of the strassenified part',
      cell: (row) => (row.hidden > 0 ? formatCount(row.hidden) : none),
      total: '',
    },
    {
      head: 'parameters',
      hint: 'Stored values: weights, scales and biases after batch norms are folded',
      cell: (row) => formatCount(row.parameters),
      total: formatCount(cost.parameters),
    },
    {
      head: 'size (KB)',
      hint: 'Stored bytes in the storage scheme; 1 KB is 1024 bytes',
      cell: (row) => formatKilobytes(row.bytes),
      total: formatKilobytes(cost.bytes),
    },
    counted('macs', 'Products of a full-precision weight and an activation that are added up, in millions'),
    counted('products', 'Products outside of MACs, in millions'),
    counted('additions', 'Additions outside of MACs, in millions'),
    {
      head: `${cost.memoryEnergy > 0 ? 'arithmetic' : 'energy'}${inUnit}`,
      hint: `Energy of the arithmetic, in ${unit}`,
      cell: (row) => formatEnergy(row.energy),
      total: formatEnergy(cost.energy),
    },
    {
      head: 'share (%)',
      hint: "Share of the network's energy of arithmetic",
      cell: (row) => formatPercent(row.energy / cost.energy, 1),
      total: formatPercent(cost.energy / cost.energy, 1),
    },
    ...(cost.memoryEnergy > 0 ? [memory] : []),
    {
      head: 'busy (%)',
      hint: "Utilisation: share of the array's area that is busy while this layer runs on the fixed split",
      cell: (row) => (hasArithmetic(row) ? formatPercent(row.utilisation, 1) : none),
      total: formatPercent(cost.fixedSplit.utilisation, 1),
    },
  ];
}

const hasArithmetic = ({ macs, products, additions }: LayerCost) => macs + products + additions > 0;

/** Layers, and of the operators outside of layers those that have any cost in the table. */
export function costlyRows(cost: NetworkCost): LayerCost[] {
  const isCostly = (row: LayerCost) => hasArithmetic(row) || row.parameters + row.bytes + row.memoryEnergy > 0;
  return cost.layers.filter((row) => row.kind !== 'other' || isCostly(row));
}

/** The columns behind a node's name. Totals of values and outputs would mean nothing: they may be shared. */
export const nodeColumns = ({ macs, products, additions, counts }: NetworkCost): readonly TotalColumn<NodeCost>[] => [
  { head: 'operator', cell: (node) => node.op, total: '' },
  { head: 'layer', cell: (node) => shorten(node.layer ?? none, 36), total: '' },
  { head: 'parameters', cell: (node) => formatCount(node.parameters), total: '' },
  { head: 'output (KB)', cell: (node) => formatKilobytes(node.outputBytes), total: '' },
  { head: 'MACs (M)', cell: (node) => formatMillions(node.macs), total: formatMillions(macs) },
  { head: 'products (M)', cell: (node) => formatMillions(node.products), total: formatMillions(products) },
  { head: 'additions (M)', cell: (node) => formatMillions(node.additions), total: formatMillions(additions) },
  {
    head: 'comparisons (M)',
    cell: (node) => formatMillions(node.counts.comparisons),
    total: formatMillions(counts.comparisons),
  },
  {
    head: 'functions (M)',
    cell: (node) => formatMillions(node.counts.functions),
    total: formatMillions(counts.functions),
  },
];

/** The control as a row of the sweep's table: it has no configuration, and loses nothing that is predicted. */
export const controlPoint = (control: Sweep['control']): SweepPoint => ({
  ...{ alpha: Number.NaN, widthRatio: Number.NaN, parameters: Number.NaN, macs: Number.NaN, products: Number.NaN },
  additionsWithMacs: Number.NaN,
  ...control,
  pareto: false,
});

/** The columns behind alpha; with the loss where it is known. */
export const sweepColumns = (points: readonly SweepPoint[]): readonly Column<SweepPoint>[] => [
  {
    head: 'width ratio',
    hint: 'Hidden units per ternary filter of a bank',
    cell: (point) => (Number.isNaN(point.widthRatio) ? none : formatSetting(point.widthRatio)),
  },
  {
    head: 'size (KB)',
    hint: 'Stored bytes in the storage scheme; 1 KB is 1024 bytes',
    cell: (point) => formatKilobytes(point.bytes),
  },
  {
    head: 'of 16 bit (%)',
    hint: 'Size against the uncompressed network with every value at 16 bits',
    cell: (point) => formatPercent(point.relative.size, 1),
  },
  {
    head: 'multiplications (M)',
    hint: 'MACs and products outside of MACs, in millions',
    cell: (point) => formatMillions(point.multiplications),
  },
  {
    head: 'additions (M)',
    hint: 'Additions outside of MACs, in millions',
    cell: (point) => formatMillions(point.additions),
  },
  {
    head: 'energy',
    hint: 'Energy of the arithmetic, relative to the uncompressed network',
    cell: (point) => formatFixed(point.relative.energy, 4),
  },
  ...(points.some(({ relative }) => relative.totalEnergy !== undefined)
    ? [
        {
          head: 'with memory',
          hint: 'Energy of arithmetic and memory, relative to the uncompressed network',
          cell: ({ relative }: SweepPoint) => formatFixed(relative.totalEnergy ?? Number.NaN, 4),
        },
      ]
    : []),
  {
    head: 'throughput',
    hint: 'Of an array of the same area, relative to the uncompressed network; area split at its best',
    cell: (point) => formatFixed(point.relative.throughput, 4),
  },
  ...(points.some(({ loss }) => loss !== undefined)
    ? [
        {
          head: 'predicted loss',
          hint: 'Before training, summed over the banks',
          cell: ({ loss }: SweepPoint) => (loss === undefined ? none : formatResidual(loss)),
        },
      ]
    : []),
  {
    head: 'Pareto',
    hint: 'No other point is at least as good in size, energy and loss (throughput where no loss is known), and better in one',
    cell: (point) => (point.pareto ? '*' : ''),
  },
];
