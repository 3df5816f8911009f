/** Cost measurements and sweeps as plain text. */

import type { NetworkCost, Sweep, SweepPoint } from '../cost/records.ts';
import { controlPoint, costColumns, costlyRows, nodeColumns, sweepColumns } from './cost-columns.ts';
import {
  describeAdditions,
  describeFigures,
  describeFile,
  describeTotals,
  describeUnknown,
  type Figure,
} from './cost-words.ts';
import { formatSetting, shorten } from './format.ts';
import { alignTable, printNote, printStatements, type Statement } from './text-table.ts';

/** Characters of a name at most. */
const maxName = 44;

export interface PrintCostOptions {
  /** The table has a row a node instead of a row a layer. */
  readonly nodes?: boolean;
  /** Size of the model on disk. */
  readonly fileBytes?: number;
}

/** A table of the layers with a total, then the network's figures, then what is unknown. No line end at the end. */
export function printCost(cost: NetworkCost, { nodes = false, fileBytes }: PrintCostOptions = {}): string {
  const { size, multiplications, energy, throughput } = describeFigures(cost);
  const figures = [
    line(size),
    ...describeFile(fileBytes),
    line(multiplications),
    ...describeAdditions(cost),
    line(energy),
    line(throughput),
  ];
  const unknown = describeUnknown(cost);
  const table = nodes ? printNodes(cost) : printLayers(cost);
  const parts = [table, '', printStatements([...figures, ...describeTotals(cost)])];
  if (unknown !== undefined) parts.push('', printNote(`warning: ${unknown}`));
  return parts.join('\n');
}

function line({ term, value, unit, relation }: Figure): Statement {
  return { term, texts: [unit === '' ? `${value} ${relation}` : `${value} ${unit}, ${relation}`] };
}

function printLayers(cost: NetworkCost): string {
  const columns = costColumns(cost);
  return alignTable(
    ['layer', ...columns.map(({ head }) => head)],
    costlyRows(cost).map((row) => [shorten(row.name, maxName), ...columns.map(({ cell }) => cell(row))]),
    ['total', ...columns.map(({ total }) => total)],
  );
}

function printNodes(cost: NetworkCost): string {
  const columns = nodeColumns(cost);
  return alignTable(
    ['node', ...columns.map(({ head }) => head)],
    cost.nodes.map((node) => [shorten(node.name, maxName), ...columns.map(({ cell }) => cell(node))]),
    ['total', ...columns.map(({ total }) => total)],
  );
}

/** A table of the points in their order, Pareto points marked; below it what its columns mean. */
export function printSweep(points: readonly SweepPoint[], control?: Sweep['control']): string {
  const columns = sweepColumns(points);
  const table = alignTable(
    ['alpha', ...columns.map(({ head }) => head)],
    points.map((point) => [formatSetting(point.alpha), ...columns.map(({ cell }) => cell(point))]),
    control && ['int8', ...columns.map(({ cell }) => cell(controlPoint(control)))],
  );
  const hasLoss = points.some(({ loss }) => loss !== undefined);
  const notes = [
    ...(control ? ['int8: the uncompressed network with every value at 8 bits, which a hybrid has to beat'] : []),
    'energy (of the arithmetic), throughput: relative to the same architecture in full precision',
    `*: no other point is at least as good in size, energy${hasLoss ? ' and loss' : ' and throughput'}, and better in one`,
  ];
  return [table, '', ...notes.map((note) => printNote(note))].join('\n');
}
