/** A compression on the machine that it was planned for: limits, predictions, figures of the files, layer by layer. */

import type { CompressResult } from '../compress/compress.ts';
import type { LayerMilliseconds } from '../compress/target-figures.ts';
import type { PlanTarget } from '../cost/plan-file.ts';
import { type LimitName, limitNames, limitUnits } from '../targets/target.ts';
import { type Column, renderColumns } from './columns.ts';
import { formatCount, formatFixed } from './format.ts';
import { html, type Markup, shortName } from './html.ts';
import type { Statement } from './text-table.ts';

type Planned = Pick<CompressResult, 'plan' | 'target'>;

/** What a limit is about, of the network as planned and as a file. */
interface TotalRow {
  readonly name: LimitName;
  readonly limit: number | string | undefined;
  readonly predicted: number;
  /** Predicted of the uncompressed network in int8. */
  readonly control: number;
  readonly measured: number | undefined;
  readonly measuredControl: number | undefined;
  /** Over the control's, as both files ran here. */
  readonly here: number | undefined;
}

function totalRows(planned: PlanTarget, target: CompressResult['target']): TotalRow[] {
  return limitNames.flatMap((name) => {
    const figure = planned.totals[name];
    if (!figure) return [];
    return [
      {
        ...{ name, limit: planned.limits[name], ...figure },
        ...{ measured: target?.model[name], measuredControl: target?.control[name] },
        here: name === 'latency' ? target?.latency?.measured : undefined,
      },
    ];
  });
}

const none = '–';

/** Bytes in KB, times in ms, counts as they are. */
function formatFigure(name: LimitName, value: number): string {
  if (limitUnits[name] === 'bytes') return `${formatFixed(value / 1024, 1)} KB`;
  return limitUnits[name] === 'ms' ? `${formatFixed(value, 3)} ms` : formatCount(Math.round(value));
}

const share = (value: number, of: number) => (of > 0 ? formatFixed(value / of, 3) : none);

/** What the files took on this machine, one after the other in turns. */
const describeMeasured = (target: CompressResult['target']): string =>
  target?.latency?.measured === undefined ? '' : `, ${formatFixed(target.latency.measured, 3)} of int8's measured here`;

/** A line for what can be limited on the target; none without one. */
export function describeTarget({ plan, target }: Planned): Statement[] {
  if (!plan.target) return [];
  const texts = totalRows(plan.target, target).map(({ name, limit, predicted, control, measured, measuredControl }) => {
    const figure = (value: number, of: number) => `${formatFigure(name, value)} (${share(value, of)} of int8's)`;
    const found = measured === undefined ? '' : `, ${figure(measured, measuredControl ?? 0)} of the file`;
    const most = limit === undefined ? '' : `, at most ${limit}`;
    const here = name === 'latency' ? describeMeasured(target) : '';
    return `${name}: ${figure(predicted, control)} planned${found}${here}${most}`;
  });
  return [{ term: `target ${plan.target.name}`, texts }];
}

const totalColumns: readonly Column<TotalRow>[] = [
  { head: 'limit', cell: ({ limit }) => (limit === undefined ? none : `≤ ${limit}`) },
  { head: 'planned', cell: ({ name, predicted }) => formatFigure(name, predicted) },
  { head: 'int8', hint: 'The uncompressed network in int8', cell: ({ name, control }) => formatFigure(name, control) },
  { head: 'of int8', cell: ({ predicted, control }) => share(predicted, control) },
  {
    head: 'of the file',
    hint: 'Compiled or laid out as it is',
    cell: ({ name, measured }) => (measured === undefined ? none : formatFigure(name, measured)),
  },
  {
    head: "of int8's file",
    hint: 'The same for the control',
    cell: ({ measured, measuredControl }) =>
      measured === undefined || measuredControl === undefined ? none : share(measured, measuredControl),
  },
];

const hereColumn: Column<TotalRow> = {
  head: 'measured, of int8',
  hint: 'Both files, run here in turns',
  cell: ({ here }) => (here === undefined ? none : formatFixed(here, 3)),
};

type LayerRow = PlanTarget['layers'][string] & { readonly measured?: LayerMilliseconds | undefined };

/** As many digits as three that tell something. */
const formatAmount = (value: number) => (value < 10 ? formatFixed(value, 3) : formatCount(Math.round(value)));

const measuredColumns: readonly Column<LayerRow>[] = [
  { head: 'measured, ms', hint: 'The least of all runs', cell: ({ measured }) => formatMeasured(measured?.model) },
  { head: 'int8', hint: 'Uncompressed', cell: ({ measured }) => formatMeasured(measured?.control) },
];

const formatMeasured = (value: number | undefined) => (value === undefined ? none : formatFixed(value, 3));

const plannedColumns = ({ resources }: PlanTarget): Column<LayerRow>[] =>
  resources.flatMap((name, i): Column<LayerRow>[] => [
    { head: name, hint: 'As planned', cell: ({ predicted }) => formatAmount(predicted[i]!) },
    { head: `${name}, int8`, hint: 'Uncompressed', cell: ({ control }) => formatAmount(control[i]!) },
  ]);

/** Undefined without a target. */
export function renderTarget({ plan, target }: Planned): Markup | undefined {
  const planned = plan.target;
  if (!planned) return undefined;
  const totals = totalRows(planned, target).map((row) => ({ name: row.name, row }));
  const isMeasured = totals.some(({ row }) => row.here !== undefined);
  const shownColumns = isMeasured ? [...totalColumns, hereColumn] : totalColumns;
  const measured = new Map(target?.layers?.map((layer) => [layer.name, layer]));
  const layers = Object.entries(planned.layers).map(([name, row]) => ({
    name: shortName(name, 28),
    row: { ...row, measured: measured.get(name) },
  }));
  const columns = [...plannedColumns(planned), ...(measured.size > 0 ? measuredColumns : [])];
  const sum = (of: (row: LayerRow) => readonly number[], i: number) =>
    layers.reduce((total, { row }) => total + of(row)[i]!, 0);
  const measuredSum = (file: 'model' | 'control') =>
    formatMeasured(layers.reduce((total, { row }) => total + (row.measured?.[file] ?? 0), 0));
  const total = [
    'planned layers',
    ...planned.resources.flatMap((_, i) => [
      formatAmount(sum((row) => row.predicted, i)),
      formatAmount(sum((row) => row.control, i)),
    ]),
    ...(measured.size > 0 ? [measuredSum('model'), measuredSum('control')] : []),
  ] as const;
  return html`<div class="card"><p class="note">Planned for ${planned.name}. Limits without a unit are shares of what the uncompressed network takes there in int8.</p>
${renderColumns({ corner: 'figure', columns: shownColumns, rows: totals })}</div>
<div class="card">${renderColumns({ corner: 'layer', columns, rows: layers, total, isDense: true })}</div>`;
}
