/** Horizontal bars by layer, in one or more lanes a row: shared by the charts about a compression. */

import * as Plot from '@observablehq/plot';
import type { Markup } from '../html.ts';
import { draw, figure, type LegendItem, rule } from './draw.ts';
import { layerAxis } from './layer-axis.ts';

export interface LayerBar {
  /** Index of the layer. */
  readonly row: number;
  /** Counted from the top of the row; default 0. */
  readonly lane?: number;
  readonly x1: number;
  readonly x2: number;
  readonly color: string;
  /** The tooltip. */
  readonly title: string;
}

export interface LayerChart {
  readonly title: string;
  readonly note?: string;
  readonly xLabel: string;
  readonly names: readonly string[];
  /** Characters of a name that are shown; by default those of a layer's. */
  readonly longestName?: number;
  readonly bars: readonly LayerBar[];
  readonly legend?: readonly LegendItem[];
  /** Default: from 0 to the end of the longest bar. */
  readonly domain?: readonly [number, number];
  /** Bars above each other in a row. Default 1. */
  readonly lanes?: number;
  /** A vertical line. */
  readonly mark?: number;
}

const laneHeight = 11;
const gap = 6;

export function drawLayerBars(chart: LayerChart): Markup {
  const { title, note, xLabel, names, bars, legend, lanes = 1, mark } = chart;
  // rows are known by number: names of operators may be names of layers too
  const rows = names.map((_, row) => row);
  const axis = layerAxis(names, rows, chart.longestName);
  const longest = bars.reduce((most, { x2 }) => Math.max(most, x2), 0) || 1;
  const height = lanes * laneHeight + gap;
  const lane = (index: number) => ({
    insetTop: gap / 2 + index * laneHeight,
    insetBottom: gap / 2 + (lanes - 1 - index) * laneHeight,
  });
  const plot: Plot.PlotOptions = {
    width: 480,
    height: 48 + height * names.length,
    marginLeft: axis.marginLeft,
    marginRight: 20,
    marginTop: 8,
    marginBottom: 40,
    x: {
      domain: chart.domain ?? [0, 1.02 * longest],
      label: xLabel,
      ticks: 5,
      labelAnchor: 'center',
      labelArrow: 'none',
    },
    y: { ...axis.y, padding: 0 },
    marks: [
      Plot.gridX({ stroke: rule, strokeOpacity: 1, ticks: 5 }),
      axis.mark,
      ...Array.from({ length: lanes }, (_, index) =>
        Plot.barX(
          bars.filter((bar) => (bar.lane ?? 0) === index && bar.x2 > bar.x1),
          { x1: 'x1', x2: 'x2', y: 'row', fill: 'color', title: 'title', ...lane(index) },
        ),
      ),
      Plot.ruleX([0], { stroke: rule }),
      ...(mark === undefined ? [] : [Plot.ruleX([mark], { stroke: 'var(--muted)', strokeDasharray: '2,3' })]),
    ],
  };
  return figure({
    title,
    ...(note !== undefined && { note }),
    ...(legend && { legend }),
    body: draw(title, plot),
  });
}
