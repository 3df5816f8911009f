/** The report about the sensitivity of a network's filters. */

import type { Analysis, AnalyzedLayer } from '../compress/sensitivity.ts';
import { analysisColumns, describeAnalysis, lossesAt, shownRatios, spreadOf, worstShare } from './analysis-columns.ts';
import { leastShown } from './charts/heat-map.ts';
import { drawHeatMaps, heatRules } from './charts/heat-maps.ts';
import { renderColumns } from './columns.ts';
import { type Fact, renderDocument, renderFacts, section, tile } from './document.ts';
import { formatCount, formatDate, formatFixed, formatPercent, formatSetting } from './format.ts';
import { html, type Markup, shortName } from './html.ts';
import type { Statement } from './text-table.ts';

export interface AnalysisReport {
  readonly title: string;
  /** The program and its version, shown at the foot of the page. */
  readonly generatedBy: string;
  readonly command: string;
  /** ISO 8601. */
  readonly date: string;
  /** Of at least one layer. */
  readonly analysis: Analysis;
}

export function renderAnalysisPage({ title, generatedBy, command, date, analysis }: AnalysisReport): string {
  const { data, model } = analysis;
  const facts: Fact[] = [
    { term: 'Model', texts: [model] },
    ...statementsOf(analysis, date).map(factOf),
    { term: 'Command', texts: [command], form: 'code' },
  ];
  return renderDocument({
    title,
    lead: `How much each filter of ${model} suffers from becoming ternary, ${data ? `on ${data.name}` : 'by its weights alone'}`,
    generatedBy,
    rules: heatRules,
    head: html`<dl class="tiles">${tiles(analysis)}</dl>
<div class="card">${renderFacts(facts)}</div>`,
    sections: [section('Filters', drawHeatMaps(analysis)), section('Layers', renderLayers(analysis))],
  });
}

/** Without what the tiles say; short ones first, so that rows of facts are about as high. */
function statementsOf(analysis: Analysis, date: string): Statement[] {
  const all = [...describeAnalysis(analysis), { term: 'date', texts: [formatDate(date)] }];
  return all.filter(({ term }) => term !== 'filters').sort((a, b) => Number(isLong(a)) - Number(isLong(b)));
}

const isLong = ({ texts }: Statement) => texts.some((text) => text.length > 48);

const factOf = (statement: Statement): Fact => ({
  term: statement.term.charAt(0).toUpperCase() + statement.term.slice(1),
  texts: statement.texts,
  ...(isLong(statement) && { form: 'long' }),
});

/** The ratio that filters are put in order by. */
const orderOf = (analysis: Analysis) => shownRatios(analysis)[0]!;

function tiles(analysis: Analysis): Markup[] {
  const { layers, ratios } = analysis;
  const i = orderOf(analysis);
  const ratio = formatSetting(ratios[i]!);
  const filters = layers.reduce((sum, layer) => sum + layer.filters, 0);
  const mean = spreadOf(layers.map((layer) => spreadOf(layer.residuals[i]!).mean)).mean;
  const spread = spreadOf(layers.map((layer) => decileRatio(layer, i))).median;
  const worst = spreadOf(layers.map((layer) => worstShare(lossesAt(layer, i)))).median;
  return [
    tile('Filters', formatCount(filters), '', `in ${formatCount(layers.length)} layers`),
    tile(`Residual at width ratio ${ratio}`, formatPercent(mean), '%', 'mean over layers'),
    tile('Spread within a layer', formatFixed(spread, 1), '×', 'ninth decile by first, median over layers'),
    tile('Loss of the worst 10 %', formatPercent(worst, 0), '%', 'of the predicted loss, median over layers'),
  ];
}

/** How many times the residual that a tenth of the filters exceed is above the one that a tenth stay below. */
function decileRatio({ residuals }: AnalyzedLayer, i: number): number {
  const sorted = residuals[i]!.toSorted((a, b) => a - b);
  const at = (share: number) => Math.max(sorted[Math.round(share * (sorted.length - 1))]!, leastShown);
  return at(0.9) / at(0.1);
}

function renderLayers(analysis: Analysis): Markup {
  const rows = analysis.layers.map((row) => ({ name: shortName(row.name, 28), row }));
  const columns = analysisColumns(analysis);
  return html`<div class="card">${renderColumns({ corner: 'layer', columns, rows, isDense: true })}</div>`;
}
