/** The results as Markdown tables. */

import {
  formatCount,
  formatDuration,
  formatFixed,
  formatKilobytes,
  formatPercent,
  formatSigned,
} from '../../src/report/format.ts';
import { type DataName, networksOf } from '../cifar/setting.ts';
import { type Ablations, cycles } from './rows.ts';
import type { Counted, StoredRun } from './stored.ts';
import { type Summary, summarizeRows } from './summary.ts';

export interface Column<T> {
  readonly title: string;
  readonly cell: (item: T) => string;
}

/** A Markdown table; the first column names the row, the others are figures. */
export function table<T>(columns: readonly Column<T>[], items: readonly T[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const ruler = columns.map((_, i) => (i === 0 ? '---' : '---:'));
  return [
    line(columns.map(({ title }) => title)),
    line(ruler),
    ...items.map((item) => line(columns.map(({ cell }) => cell(item)))),
  ].join('\n');
}

const share = (value: number) => `${formatPercent(value, 1)} %`;
const millions = (count: number) => formatFixed(count / 1e6, 2);
const ratio = (value: number) => formatFixed(value, 3);

function accuracy({ top1, deviation, runs }: Summary): string {
  const spread = deviation === undefined ? '' : ` ± ${formatPercent(deviation)}`;
  return `${formatPercent(top1)}${spread}${runs.length > 1 ? ` (${runs.length})` : ''}`;
}

const name: Column<Summary> = { title: '', cell: ({ row }) => row.label };
const top1: Column<Summary> = { title: 'top-1, %', cell: accuracy };

/** A column of figures of the row's first seed. */
const figure = (title: string, cell: (run: StoredRun) => string): Column<Summary> => ({
  title,
  cell: ({ shown }) => cell(shown),
});

const points = (title: string, from: (summary: Summary) => number | undefined): Column<Summary> => ({
  title,
  cell: (summary) => {
    const start = from(summary);
    return start === undefined ? '' : formatSigned(100 * (summary.top1 - start));
  },
});

/** In points, what became of the original that a row's runs started from. */
const change = points('points', ({ shown }) => shown.start);
/** In points, the difference to the first row. */
const difference = ([first, ...others]: readonly Summary[]) =>
  points('points', (summary) => (others.includes(summary) ? first!.top1 : undefined));

const twoBitSize = figure('size', ({ bytes }) => share(bytes.twoBit / bytes.original));
const training = figure('training', ({ epochs, seconds, history, before }) => {
  if (epochs === undefined) return 'none';
  if (before.length > 0) {
    const all = [...before, { epochs, seconds }];
    const total = all.reduce((sum, cycle) => sum + cycle.seconds!, 0);
    return `${all.map((cycle) => cycle.epochs).join(' + ')} epochs, ${formatDuration(total)}`;
  }
  const ternary = history.filter(({ phase }) => phase === 'ternary').length;
  const how = ternary > 0 ? `${ternary} of them straight through, ` : '';
  return `${epochs} epochs, ${how}${formatDuration(seconds!)}`;
});

/** Every ternary weight counts, as in the paper. */
export function printDense(summaries: readonly Summary[]): string {
  return table(
    [
      name,
      top1,
      change,
      figure('KB', ({ bytes }) => formatKilobytes(bytes.twoBit)),
      twoBitSize,
      figure('multiplications, M', ({ dense }) => millions(dense.multiplications)),
      figure('', ({ dense }) => share(dense.relativeMultiplications)),
      figure('additions, M', ({ dense }) => millions(dense.additions)),
      figure('energy', ({ dense }) => ratio(dense.energy)),
      figure('throughput', ({ dense }) => ratio(dense.throughput)),
      training,
    ],
    summaries,
  );
}

/** Ternary weights of zero cost nothing to add, and are packed. */
export function printSparse(summaries: readonly Summary[]): string {
  const packed = (title: string, kind: 'fiveTrit' | 'entropy') =>
    figure(title, ({ bytes }) => share(bytes[kind] / bytes.original));
  return table(
    [
      name,
      top1,
      figure('zeros', ({ zeros }) => (zeros === undefined ? '' : share(zeros))),
      twoBitSize,
      packed('five to a byte', 'fiveTrit'),
      packed('entropy', 'entropy'),
      figure('file, KB', ({ fileBytes }) => (fileBytes === undefined ? '' : formatKilobytes(fileBytes))),
      figure('additions, M', ({ zeroSkipping }) => millions(zeroSkipping.additions)),
      figure('energy', ({ zeroSkipping }) => ratio(zeroSkipping.energy)),
      figure('throughput', ({ zeroSkipping }) => ratio(zeroSkipping.throughput)),
    ],
    summaries,
  );
}

/** The row of that name under another label, where it has runs. */
function summarizeAs(runs: readonly StoredRun[], name: string, label: string): Summary[] {
  const row = runs.find((run) => run.row.name === name)?.row;
  return row ? summarizeRows(runs, [row]).map((summary) => ({ ...summary, row: { ...row, label } })) : [];
}

/** What parts bring; undefined without the run that the others are compared with. */
export function printAblations(runs: readonly StoredRun[], ablations: Ablations): string | undefined {
  const parts = Object.entries(ablations).map(([part, label]) => [`ablation-${part}`, label] as const);
  const found = parts.flatMap(([place, label]) => summarizeAs(runs, place, label));
  if (found[0]?.row.name !== parts[0]![0]) return undefined;
  const counted = (title: string, cell: (counted: Counted) => number) =>
    figure(title, ({ zeroSkipping }) => ratio(cell(zeroSkipping)));
  return table(
    [
      name,
      top1,
      difference(found),
      twoBitSize,
      counted('energy', (c) => c.energy),
      counted('throughput', (c) => c.throughput),
      training,
    ],
    found,
  );
}

/** What each cycle of an original brought; undefined for one with a single cycle. */
export function printCycles(runs: readonly StoredRun[]): string | undefined {
  const named = Object.entries(cycles).flatMap(([cycle, label]) => summarizeAs(runs, cycle, label));
  if (named.length < 2) return undefined;
  const own = figure('training', ({ epochs, seconds }) => `${epochs} epochs, ${formatDuration(seconds!)}`);
  return table([{ ...name, title: 'cycle' }, top1, own], named);
}

/** What `scripts/cifar/run.ts` is asked for, for each run, with dates; the command itself is in its `run.json`. */
export function printRuns(data: DataName, network: string, runs: readonly StoredRun[]): string {
  const order = [...runs].sort((a, b) => a.row.name.localeCompare(b.row.name) || a.seed - b.seed);
  return order
    .map(({ row, seed, date, parameters }) => {
      const place = network === networksOf(data)[0] ? '' : ` --network ${network}`;
      return `- \`${row.name} ${seed}${place}\`, ${date}, ${formatCount(parameters)} values`;
    })
    .join('\n');
}

/** The columns that matter most. */
export function printSummary(title: string, summaries: readonly Summary[]): string {
  return table(
    [
      { ...name, title },
      top1,
      twoBitSize,
      figure('energy', ({ dense }) => share(dense.energy)),
      figure('zeros skipped', ({ zeroSkipping }) => share(zeroSkipping.energy)),
      figure('throughput', ({ dense }) => formatFixed(dense.throughput, 2)),
      figure('zeros skipped', ({ zeroSkipping }) => formatFixed(zeroSkipping.throughput, 2)),
    ],
    summaries,
  );
}
