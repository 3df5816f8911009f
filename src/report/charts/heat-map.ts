/**
 * The residuals of a layer's filters at every width ratio, as a heat map: a column per filter, a row per ratio. Drawn by
 * hand: neighbouring cells of one colour are one rectangle, all rectangles of one colour are one path, so that a network of
 * ten thousand filters takes some hundred kilobytes.
 */

import type { AnalyzedLayer } from '../../compress/sensitivity.ts';
import { spreadOf } from '../analysis-columns.ts';
import { formatCount, formatSetting, shorten } from '../format.ts';
import { html, type Markup } from '../html.ts';
import type { Ramp } from './ramp.ts';

/** Columns at most; a column then is several filters. */
export const maxColumns = 256;

/** Residuals below this have its colour. */
export const leastShown = 1e-4;

const colors = 32;
const rowHeight = 15;
const size = { width: 362, left: 46, right: 4, bottom: 22 } as const;

/** The order of the filters by `values`, falling. */
export function rankFilters(values: readonly number[]): number[] {
  return Array.from(values, (_, f) => f).sort((a, b) => values[b]! - values[a]! || a - b);
}

/** Common logarithms of `values` in columns: neighbours share one, which has their mean. */
export function binColumns(values: readonly number[], columns = maxColumns): number[] {
  const logs = values.map((value) => Math.log10(Math.max(value, leastShown)));
  if (logs.length <= columns) return logs;
  return Array.from({ length: columns }, (_, i) => {
    const [from, to] = [i, i + 1].map((at) => Math.floor((at * logs.length) / columns));
    const part = logs.slice(from, to);
    return part.reduce((sum, log) => sum + log, 0) / part.length;
  });
}

export interface HeatMap {
  readonly layer: AnalyzedLayer;
  readonly ratios: readonly number[];
  /** Index of the ratio whose residuals give the order of the filters. */
  readonly order: number;
  /** Over common logarithms of residuals. */
  readonly ramp: Ramp;
  readonly formatResidual: (value: number) => string;
}

/** The map with its axes; the least ratio is the lowest row. */
export function drawHeatMap({ layer, ratios, order, ramp, formatResidual }: HeatMap): Markup {
  const { name, filters, residuals } = layer;
  const ranked = rankFilters(residuals[order]!);
  const width = size.width - size.left - size.right;
  const height = rowHeight * ratios.length;
  const paths = new Map<number, string>();
  for (const i of ratios.keys()) {
    const levels = binColumns(ranked.map((f) => residuals[i]![f]!)).map(levelOf);
    const x = (column: number) => Math.round((10 * (width * column)) / levels.length) / 10;
    const y = height - rowHeight * (i + 1);
    for (let from = 0; from < levels.length; ) {
      const level = levels[from]!;
      let to = from + 1;
      while (levels[to] === level) to++;
      paths.set(level, `${paths.get(level) ?? ''}M${x(from)} ${y}H${x(to)}v${rowHeight}H${x(from)}z`);
      from = to;
    }
  }
  const cells = [...paths].map(([level, d]) => html`<path fill="${ramp.color(logOf(level))}" d="${d}"/>`);
  const rows = ratios.map((ratio, i) => {
    const { mean, min, median, max } = spreadOf(residuals[i]!);
    const figures = { mean, min, median, max };
    const lines = Object.entries(figures).map(([key, value]) => `${key} ${formatResidual(value)}`);
    const y = height - rowHeight * (i + 1);
    return html`<text x="-7" y="${y + rowHeight / 2}" dy="0.34em" text-anchor="end">${formatSetting(ratio)}</text>
<rect y="${y}" width="${width}" height="${rowHeight}" fill="none" pointer-events="all"><title>${[`width ratio ${formatSetting(ratio)}`, ...lines].join('\n')}</title></rect>`;
  });
  const below = height + 15;
  const label = `Residuals of ${name}: filters by column, width ratios by row`;
  return html`<div class="heat"><h4 title="${name}">${shorten(name, 34)}</h4>
<svg role="img" aria-label="${label}" viewBox="0 0 ${size.width} ${height + size.bottom}" font-size="12" fill="currentColor">
<g transform="translate(${size.left},0)"><g shape-rendering="crispEdges">${cells}</g>
${rows}
<text x="0" y="${below}">1</text><text x="${width}" y="${below}" text-anchor="end">${formatCount(filters)}</text>
<text x="${width / 2}" y="${below}" text-anchor="middle">filters, the hardest first</text></g>
</svg></div>`;
}

const range = -Math.log10(leastShown);

/** Residuals are 0 to 1; those of bad luck above 1 count as 1. */
const levelOf = (log: number) => Math.min(colors - 1, Math.max(0, Math.floor((colors * (log + range)) / range)));
const logOf = (level: number) => ((level + 0.5) / colors) * range - range;
