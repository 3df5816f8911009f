/** The report about a cost measurement, a sweep, or both. */

import type { CostSetting, LayerCost, NetworkCost, Sweep, SweepPoint } from '../cost/records.ts';
import { drawLayerCosts } from './charts/layer-costs.ts';
import { drawPareto } from './charts/pareto.ts';
import { renderColumns } from './columns.ts';
import { controlPoint, costColumns, costlyRows, sweepColumns } from './cost-columns.ts';
import {
  describeAdditions,
  describeFigures,
  describeFile,
  describeSetting,
  describeTotals,
  describeUnknown,
} from './cost-words.ts';
import { type Fact, renderDocument, renderFacts, section, tile } from './document.ts';
import { formatCount, formatDate, formatFixed, formatKilobytes, formatSetting } from './format.ts';
import { html, type Markup, shortName } from './html.ts';
import type { Statement } from './text-table.ts';

export interface CostReport {
  readonly title: string;
  /** The program and its version, shown at the foot of the page. */
  readonly generatedBy: string;
  readonly command: string;
  /** ISO 8601. */
  readonly date: string;
  readonly cost?: NetworkCost | undefined;
  /** Size on disk of the model with this cost. */
  readonly fileBytes?: number | undefined;
  readonly sweep?: readonly SweepPoint[] | undefined;
  /** Of the sweep: the uncompressed network in int8. */
  readonly control?: Sweep['control'] | undefined;
  /** Of a sweep without a cost beside it, which has its own. */
  readonly setting?: CostSetting | undefined;
}

export function renderCostPage(report: CostReport): string {
  const { title, generatedBy, command, cost, sweep } = report;
  const facts: Fact[] = [...statementsOf(report).map(factOf), { term: 'Command', texts: [command], form: 'code' }];
  const unknown = cost && describeUnknown(cost);
  const points = sweep && `${formatCount(sweep.length)} configurations of hybrid filter banks`;
  return renderDocument({
    title,
    lead: cost ? `${cost.name} on accelerator model ${cost.accelerator}, ${cost.format}` : (points ?? ''),
    generatedBy,
    head: html`<dl class="tiles">${cost ? costTiles(cost) : sweepTiles(sweep ?? [])}</dl>
<div class="card">${renderFacts(facts)}</div>
${unknown && html`<p class="card warning"><strong>Warning</strong>: ${unknown}</p>`}`,
    sections: [
      cost && section('Layers', renderLayers(cost)),
      sweep && section('Sweep', renderSweep(sweep, report.control)),
    ],
  });
}

/** By how much room they take, so that rows of facts are about as high. */
function statementsOf({ cost, fileBytes, setting, date }: CostReport): Statement[] {
  const figures = cost && [...describeFile(fileBytes), ...describeAdditions(cost), ...describeTotals(cost)];
  const about = figures ?? (setting ? describeSetting(setting) : []);
  const name = (cost ?? setting)?.name;
  const model = name === undefined ? [] : [{ term: 'model', texts: [name] }, ...about];
  const room = ({ texts }: Statement) => (texts.length > 1 ? 2 : Number(texts.some((text) => text.length > 48)));
  return [...model, { term: 'date', texts: [formatDate(date)] }].sort((a, b) => room(a) - room(b));
}

const factOf = ({ term, texts }: Statement): Fact => ({
  term: capitalise(term),
  texts,
  ...(texts.length > 1 && { form: 'long' }),
});

const capitalise = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const costTiles = (cost: NetworkCost): Markup[] =>
  Object.values(describeFigures(cost)).map(({ term, value, unit, relation }) =>
    tile(capitalise(term), value, unit, relation),
  );

/** The least size and energy and the most throughput in a sweep, each with its configuration. */
function sweepTiles(points: readonly SweepPoint[]): Markup[] {
  const [first] = points;
  if (!first) return [];
  const best = (score: (point: SweepPoint) => number) =>
    points.reduce((found, point) => (score(point) > score(found) ? point : found), first);
  const where = ({ alpha, widthRatio }: SweepPoint) =>
    `alpha ${formatSetting(alpha)}, width ratio ${formatSetting(widthRatio)}`;
  const smallest = best((point) => -point.bytes);
  const thriftiest = best((point) => -point.relative.energy);
  const fastest = best((point) => point.relative.throughput);
  return [
    tile('Least size', formatKilobytes(smallest.bytes), 'KB', where(smallest)),
    tile('Least energy, relative', formatFixed(thriftiest.relative.energy, 4), '', where(thriftiest)),
    tile('Most throughput, relative', formatFixed(fastest.relative.throughput, 4), '', where(fastest)),
    tile(
      'Pareto points',
      formatCount(points.filter(({ pareto }) => pareto).length),
      '',
      `of ${formatCount(points.length)}`,
    ),
  ];
}

function renderLayers(cost: NetworkCost): Markup {
  const columns = costColumns(cost);
  const rows = costlyRows(cost).map((row: LayerCost) => ({ name: shortName(row.name, 28), row }));
  const total = ['total', ...columns.map((column) => column.total)] as const;
  return html`<div class="pair">${drawLayerCosts(cost)}</div>
<div class="card">${renderColumns({ corner: 'layer', columns, rows, total, isDense: true })}</div>`;
}

function renderSweep(sweep: readonly SweepPoint[], control: CostReport['control']): Markup {
  const columns = sweepColumns(sweep);
  const cells = control && columns.map(({ cell }) => cell(controlPoint(control)));
  const rows = sweep.map((row) => ({ name: formatSetting(row.alpha), row }));
  return html`${drawPareto(sweep)}
<div class="card">${renderColumns({ corner: 'alpha', columns, rows, isDense: true, ...(cells && { total: ['int8, uncompressed', ...cells] as const }) })}</div>`;
}
