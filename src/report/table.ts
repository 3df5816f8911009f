/** The results table: one list of columns, shown as HTML in the report and as plain text on the terminal. */

import type { RunResult } from '../train/records.ts';
import { formatCount, formatDuration, formatFixed, formatKilobytes, formatPercent, formatSigned } from './format.ts';
import { html, type Markup, replaceControls } from './html.ts';
import { findBaseline, type NamedRun, nameRuns } from './runs.ts';

interface Column {
  readonly head: string;
  /** What the head leaves out, shown as its tooltip. */
  readonly hint?: string;
  readonly cell: (run: RunResult) => string;
}

const columns: readonly Column[] = [
  { head: 'top-1 (%)', hint: 'Test images whose most probable class is right', cell: (r) => formatPercent(r.top1) },
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
  { head: 'epochs', cell: (r) => formatCount(r.epochs) },
  { head: 'time', hint: 'Training and evaluation', cell: (r) => formatDuration(r.seconds) },
  {
    head: 'images/s',
    hint: 'Training, without evaluation',
    cell: (r) => (r.imagesPerSecond < 100 ? formatFixed(r.imagesPerSecond, 1) : formatCount(r.imagesPerSecond)),
  },
];

/** The accuracy against another run, in percentage points. */
const difference = (baseline: NamedRun): Column => ({
  head: 'Δ top-1',
  hint: `Percentage points against ${baseline.name}`,
  cell: (r) => (r === baseline.run ? '' : formatSigned(100 * (r.top1 - baseline.run.top1))),
});

function columnsFor(runs: readonly NamedRun[], baseline: NamedRun | undefined): readonly Column[] {
  if (!baseline || runs.length < 2) return columns;
  return [columns[0]!, difference(baseline), ...columns.slice(1)];
}

/** The table as plain text with aligned columns, one run a line, without a line end behind the last. */
export function printTable(runs: readonly RunResult[]): string {
  const named = nameRuns(runs);
  const shown = columnsFor(named, findBaseline(named));
  const rows = [
    ['method', ...shown.map((column) => column.head)],
    ...named.map(({ run, name }) => [replaceControls(name), ...shown.map((column) => column.cell(run))]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => [...row[i]!].length)));
  const pad = (text: string, i: number) => (i === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[i]!));
  const lines = rows.map((row) => row.map(pad).join('  '));
  return [lines[0], '-'.repeat(lines[0]!.length), ...lines.slice(1)].join('\n');
}

/** The table as HTML; each method is marked with its colour. */
export function renderTable(runs: readonly NamedRun[], baseline: NamedRun | undefined): Markup {
  const shown = columnsFor(runs, baseline);
  const head = ({ head, hint }: Column) =>
    html`<th scope="col"${hint ? html` title="${hint}"` : undefined}>${head}</th>`;
  const row = ({ run, name, color }: NamedRun) => html`<tr>
<th scope="row"><span class="dot" style="background:${color}"></span>${name}</th>
${shown.map((column) => html`<td>${column.cell(run)}</td>`)}
</tr>`;
  return html`<div class="scroll"><table class="results">
<thead><tr><th scope="col">method</th>${shown.map(head)}</tr></thead>
<tbody>${runs.map(row)}</tbody>
</table></div>`;
}
