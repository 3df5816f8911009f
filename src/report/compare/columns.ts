/** The tables of a comparison, for the terminal and the page. */

import type { Column } from '../columns.ts';
import { formatDuration, formatFixed, formatKilobytes, formatPercent } from '../format.ts';
import { alignTable } from '../text-table.ts';
import { type ComparedRun, type Comparison, commonDirectory, type Measure, type RunGroup } from './records.ts';

const none = '–';

const formats: { readonly [M in Measure]: (value: number) => string } = {
  top1: (value) => formatPercent(value),
  loss: (value) => formatFixed(value, 4),
  bytes: formatKilobytes,
  size: (value) => formatPercent(value, 1),
  energy: (value) => formatFixed(value, 2),
  throughput: (value) => formatFixed(value, 2),
  seconds: formatDuration,
};

const heads: { readonly [M in Measure]: readonly [head: string, hint?: string] } = {
  top1: ['top-1 (%)', 'Test images whose most probable class is right'],
  loss: ['loss'],
  bytes: ['size (KB)'],
  size: ['size (%)', 'Relative to the original at 16 bits'],
  energy: ['energy', 'Relative to the original'],
  throughput: ['throughput', 'Of an array of the same area, relative to the original'],
  seconds: ['time', 'Training and its evaluations'],
};

const shownMeasures = Object.keys(heads) as Measure[];

/** Mean and sample standard deviation, where there are several runs that differ. */
function formatSpread({ figures }: RunGroup, measure: Measure): string {
  const spread = figures[measure];
  if (!spread) return none;
  const format = formats[measure];
  const text = format(spread.mean);
  return spread.deviation > 0 && measure !== 'seconds' ? `${text} ± ${format(spread.deviation)}` : text;
}

export const groupColumns: readonly Column<RunGroup>[] = [
  { head: 'runs', hint: 'Finished ones of all', cell: ({ finished, paths }) => `${finished}/${paths.length}` },
  ...shownMeasures.map((measure): Column<RunGroup> => {
    const [head, hint] = heads[measure];
    return { head, ...(hint !== undefined && { hint }), cell: (group) => formatSpread(group, measure) };
  }),
];

export const runColumns: readonly Column<ComparedRun>[] = [
  { head: 'seed', cell: ({ seed }) => `${seed}` },
  { head: 'state', cell: ({ isFinished, history }) => (isFinished ? 'finished' : `epoch ${history.length}`) },
  ...shownMeasures.map((measure): Column<ComparedRun> => {
    const [head, hint] = heads[measure];
    const cell = (run: ComparedRun) => (run[measure] === undefined ? none : formats[measure](run[measure]));
    return { head, ...(hint !== undefined && { hint }), cell };
  }),
];

/** Both tables as text. */
export function printComparison({ groups, runs }: Comparison): string {
  const table = <Row>(corner: string, columns: readonly Column<Row>[], rows: readonly (readonly [string, Row])[]) =>
    alignTable(
      [corner, ...columns.map(({ head }) => head)],
      rows.map(([name, row]) => [name, ...columns.map(({ cell }) => cell(row))]),
    );
  const directory = commonDirectory(runs);
  const grouped = table(
    'mean ± deviation',
    groupColumns,
    groups.map((group) => [group.name, group]),
  );
  const each = table(
    directory === '' ? 'run' : `run in ${directory}`,
    runColumns,
    runs.map((run) => [run.path.slice(directory.length), run]),
  );
  return `${grouped}\n\n${each}`;
}
