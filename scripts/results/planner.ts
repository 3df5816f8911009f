/** The figures of `npm run bench -- planner` as a Markdown table, and how well predictions rank plans. */

import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { median } from '../../bench/numbers.ts';
import type { PlannerReport, PlannerRow, SolverResult } from '../../bench/planner/report.ts';
import { formatFixed, formatPercent } from '../../src/report/format.ts';
import type { RankReport } from '../planner/record.ts';
import { fillPage } from './pages.ts';
import { describeRanks } from './rank.ts';
import { type Column, table } from './tables.ts';

const figure = (value: number) => value.toPrecision(5);

/** How far the loss is from the lower bound, in per cent of the loss. */
function gapOf({ loss, lowerBound }: SolverResult): string {
  if (loss === undefined || lowerBound === undefined) return '';
  return loss === 0 ? '0' : formatPercent((loss - lowerBound) / loss, 3).replace(/^0\.000$/, '0');
}

const columnsOf = (solver: string): Column<PlannerRow>[] => {
  const column = (title: string, cell: (result: SolverResult) => string): Column<PlannerRow> => ({
    title: `${solver}: ${title}`,
    cell: ({ solvers }) => {
      const result = solvers.find(({ name }) => name === solver);
      return result ? cell(result) : '';
    },
  });
  return [
    column('loss', ({ loss }) => (loss === undefined ? 'out of reach' : figure(loss))),
    column('above the bound, %', gapOf),
    column('seconds', ({ seconds }) => formatFixed(median(seconds), 2)),
  ];
};

const page = 'results/planner/README.md';

/** The page about the planner, with its tables made anew from what is stored beside it. */
export function makePlannerPage(read: (path: string) => string): [string, string] {
  const folder = dirname(page);
  const report = JSON.parse(read(join(folder, 'planner.json'))) as PlannerReport;
  const ranked = readdirSync(folder).filter((file) => /^rank-.*\.json$/.test(file));
  const reports = ranked.sort().map((file) => JSON.parse(read(join(folder, file))) as RankReport);
  return [page, fillPage(page, read(page), { planner: printPlanner(report), ranks: describeRanks(reports) })];
}

/** A row per model and budget, with three columns per solver. */
export function printPlanner({ rows }: Pick<PlannerReport, 'rows'>): string {
  const solvers = [...new Set(rows.flatMap((row) => row.solvers.map(({ name }) => name)))];
  return table(
    [
      { title: 'model, and its budget', cell: ({ model, task }) => `\`${model}\`: ${task}` },
      ...solvers.flatMap(columnsOf),
    ],
    rows,
  );
}
