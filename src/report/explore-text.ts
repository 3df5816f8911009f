/** Arrays that were explored, as a table on the terminal. */

import type { Exploration, ExploredArray } from '../hardware/explore.ts';
import type { Column } from './columns.ts';
import { formatCount, formatFixed } from './format.ts';
import { alignTable, printNote, printPairs } from './text-table.ts';

const known = (value: number | undefined) => (value === undefined ? '' : formatFixed(value, 1));

const ratio = (value: number | undefined) => (value === undefined ? '' : formatFixed(value, 3));

const ownColumns: readonly Column<ExploredArray>[] = [
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
  {
    head: 'clock limit (MHz)',
    hint: 'an estimate of the longest path',
    cell: ({ clockLimit }) => formatFixed(clockLimit, 1),
  },
];

const verdict: Column<ExploredArray> = {
  head: '',
  cell: ({ isPareto, isInBudget }) => (isPareto ? 'Pareto' : isInBudget ? '' : 'too large'),
};

/** Of the first control. */
const relativeColumns: readonly Column<ExploredArray>[] = [
  {
    head: 'throughput per area',
    hint: "a fraction of the control's",
    cell: ({ relative }) => ratio(relative?.throughput),
  },
  {
    head: 'with memory',
    hint: "a fraction of the control's",
    cell: ({ relative }) => ratio(relative?.throughputWithMemory),
  },
  { head: 'energy', hint: "a fraction of the control's", cell: ({ relative }) => ratio(relative?.energy) },
  {
    head: 'with memory',
    hint: "a fraction of the control's",
    cell: ({ relative }) => ratio(relative?.energyWithMemory),
  },
];

/** Fractions of the control's where there is one. */
export const exploreColumns = ({ arrays }: Exploration): readonly Column<ExploredArray>[] => [
  ...ownColumns,
  ...(arrays.some(({ relative }) => relative) ? relativeColumns : []),
  verdict,
];

/** The ones with the highest throughput per area first. */
export const sortArrays = (arrays: readonly ExploredArray[]): ExploredArray[] =>
  [...arrays].sort((a, b) => b.throughputPerArea - a.throughputPerArea);

/** No line end behind the last line. */
export function printExploration(exploration: Exploration): string {
  const { arrays, fastest, densest, refused, library } = exploration;
  const columns = exploreColumns(exploration);
  const head = ['', ...columns.map(({ head }) => head)];
  const rows = sortArrays(arrays).map((one) => [one.name, ...columns.map(({ cell }) => cell(one))]);
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
    ? 'Rows of MACs only run the compressed network; the control is the uncompressed one in int8, on MACs only. The last ' +
      'columns are fractions of the first control: throughput on equal areas, energy of an image.'
    : 'Rows of MACs only run the compressed network: they are no control. --control FILE takes the uncompressed one.';

/** What is said of arrays that are too slow for the clock; undefined where none is. */
export function clockNote(arrays: readonly Pick<ExploredArray, 'clockLimit'>[], clockMHz: number): string | undefined {
  const slow = arrays.filter(({ clockLimit }) => clockLimit < clockMHz);
  if (slow.length === 0) return undefined;
  const least = Math.min(...slow.map(({ clockLimit }) => clockLimit));
  const which = slow.length === arrays.length ? 'all arrays' : `${slow.length} of ${arrays.length} arrays`;
  return `${clockMHz} MHz is more than ${which} can do, by an estimate of their longest paths (the slowest: ${formatFixed(least, 1)} MHz)`;
}
