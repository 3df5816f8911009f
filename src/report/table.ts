/** The results table: one list of columns, shown as HTML in the report and as plain text on the terminal. */

import type { RunResult } from '../train/records.ts';
import { formatInterval, intervalOf } from './accuracy-words.ts';
import { type Column, renderColumns } from './columns.ts';
import { formatCount, formatDuration, formatFixed, formatKilobytes, formatPercent, formatSigned } from './format.ts';
import { html, type Markup } from './html.ts';
import { findBaseline, type NamedRun, nameRuns } from './runs.ts';
import { alignTable } from './text-table.ts';

const columns: readonly Column<RunResult>[] = [
  { head: 'top-1 (%)', hint: 'Test images whose most probable class is right', cell: (r) => formatPercent(r.top1) },
  {
    head: '95 %',
    hint: "Wilson's interval of the top-1 accuracy: what other test images may give",
    cell: (r) => formatInterval(intervalOf(r)),
  },
  {
    head: 'top-5 (%)',
    hint: 'Test images whose class is among the five most probable; not shown for five classes or fewer',
    cell: (r) => (r.classes.length > 5 ? formatPercent(r.top5) : '–'),
  },
  {
    head: 'parameters',
    hint: 'Stored values: weights, scales and biases after batch norms are folded',
    cell: (r) => formatCount(r.parameters),
  },
  {
    head: 'size (KB)',
    hint: 'Ternary values at 2 bits, full-precision filters at 2 bytes, other values at 4 bytes; 1 KB is 1024 bytes',
    cell: (r) => formatKilobytes(r.bytes),
  },
  {
    head: 'reduction (%)',
    hint: 'Against the same architecture in full precision with every value at 16 bits',
    cell: (r) => formatPercent(1 - r.bytes / r.bytes16, 1).replace('-', '−'),
  },
  {
    head: 'energy',
    hint: 'Per inference, as a fraction of the same architecture in full precision; accelerator model `paper`',
    cell: (r) => formatFixed(r.energy ?? Number.NaN, 2),
  },
  {
    head: 'throughput',
    hint:
      'Of an array of the same area, relative to the same architecture in full precision; ' +
      'accelerator model `paper`, area split at its best',
    cell: (r) => formatFixed(r.throughput ?? Number.NaN, 2),
  },
  { head: 'epochs', cell: (r) => formatCount(r.epochs) },
  { head: 'time', hint: 'Training and evaluation', cell: (r) => formatDuration(r.seconds) },
  {
    head: 'images/s',
    hint: 'Training, without evaluation',
    cell: (r) => (r.imagesPerSecond < 100 ? formatFixed(r.imagesPerSecond, 1) : formatCount(r.imagesPerSecond)),
  },
];

/** The accuracy against another run, in percentage points. */
const difference = (baseline: NamedRun): Column<RunResult> => ({
  head: 'Δ top-1',
  hint: `Percentage points against ${baseline.name}`,
  cell: (r) => (r === baseline.run ? '' : formatSigned(100 * (r.top1 - baseline.run.top1))),
});

function columnsFor(runs: readonly NamedRun[], baseline: NamedRun | undefined): readonly Column<RunResult>[] {
  if (!baseline || runs.length < 2) return columns;
  return [columns[0]!, difference(baseline), ...columns.slice(1)];
}

/**
 * The table as plain text with aligned columns, one run a line, without a line end behind the last.
 *
 * @example
 * import { readFile } from 'node:fs/promises';
 * import { printTable, type RunResult } from 'tritbank';
 *
 * const run = JSON.parse(await readFile('runs/trained/result.json', 'utf8')) as RunResult;
 * console.log(printTable([run]));
 */
export function printTable(runs: readonly RunResult[]): string {
  const named = nameRuns(runs);
  const shown = columnsFor(named, findBaseline(named));
  const rows = named.map(({ run, name }) => [name, ...shown.map((column) => column.cell(run))]);
  return alignTable(['method', ...shown.map((column) => column.head)], rows);
}

/** The table as HTML; each method is marked with its colour. */
export function renderTable(runs: readonly NamedRun[], baseline: NamedRun | undefined): Markup {
  const rows = runs.map(({ run, name, color }) => ({
    name: html`<span class="dot" style="background:${color}"></span>${name}`,
    row: run,
  }));
  return renderColumns({ corner: 'method', columns: columnsFor(runs, baseline), rows });
}
