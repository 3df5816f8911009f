/** Arrays that were explored, as a table on the terminal. */

import type { Exploration, ExploredArray } from '../hardware/explore.ts';
import type { Column } from './columns.ts';
import { formatCount, formatFixed } from './format.ts';
import { alignTable, printNote, printPairs } from './text-table.ts';

const known = (value: number | undefined) => (value === undefined ? '' : formatFixed(value, 1));

export const exploreColumns: readonly Column<ExploredArray>[] = [
  { head: 'cycles', hint: 'of an image in a stream', cell: ({ cycles }) => formatCount(Math.round(cycles)) },
  { head: 'images/s', cell: ({ throughput }) => formatFixed(throughput, 1) },
  { head: 'MACs (%)', hint: 'of the time', cell: ({ busy }) => formatFixed(100 * busy.mac, 1) },
  {
    head: 'adders (%)',
    hint: 'of the time',
    cell: ({ busy, array }) => (array.adders === 0 ? '' : formatFixed(100 * busy.adder, 1)),
  },
  { head: 'area (mm2)', cell: ({ area }) => formatFixed(area / 1e6, 3) },
  { head: '+ memory', cell: ({ areaWithMemory }) => formatFixed(areaWithMemory / 1e6, 2) },
  { head: 'images/s/mm2', cell: ({ throughputPerArea }) => formatFixed(throughputPerArea, 1) },
  { head: 'energy (uJ)', cell: ({ energy }) => known(energy) },
  { head: 'with memory', cell: ({ energyWithMemory }) => known(energyWithMemory) },
  { head: '', cell: ({ isPareto, isInBudget }) => (isPareto ? 'Pareto' : isInBudget ? '' : 'too large') },
];

/** The ones with the highest throughput per area first. */
export const sortArrays = (arrays: readonly ExploredArray[]): ExploredArray[] =>
  [...arrays].sort((a, b) => b.throughputPerArea - a.throughputPerArea);

/** No line end behind the last line. */
export function printExploration(exploration: Exploration): string {
  const { arrays, fastest, densest, refused, library } = exploration;
  const head = ['', ...exploreColumns.map(({ head }) => head)];
  const rows = sortArrays(arrays).map((one) => [one.name, ...exploreColumns.map(({ cell }) => cell(one))]);
  return [
    alignTable(head, rows),
    '',
    printPairs([
      ['library', library],
      ['fastest', fastest?.name ?? 'none in the budget'],
      ['most for its area', densest?.name ?? 'none in the budget'],
    ]),
    '',
    printNote(controlNote(exploration)),
    ...refused.map(({ name, reason }) => printPairs([['left out'.padEnd(17), `${name}: ${reason}`]])),
  ].join('\n');
}

/** What rows without adders are, and what they are not. */
export const controlNote = ({ arrays }: Exploration): string =>
  arrays.some(({ isControl }) => isControl)
    ? 'Rows of MACs only run the compressed network; the control is the uncompressed one in int8, on MACs only.'
    : 'Rows of MACs only run the compressed network: they are no control. --control FILE takes the uncompressed one.';
