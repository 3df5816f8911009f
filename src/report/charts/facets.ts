/** Horizontal bars by layer, one panel a run: shared by the layer size and ternary weight charts. */

import * as Plot from '@observablehq/plot';
import { shorten } from '../format.ts';
import type { Markup } from '../html.ts';
import type { NamedRun } from '../runs.ts';
import { drawOne, fullWidth, narrowWidth, rule } from './draw.ts';
import { type LayerAxis, layerAxis, rowHeight } from './layer-axis.ts';

export interface LayerPanels {
  readonly label: string;
  readonly xLabel: string;
  readonly xDomain: readonly [number, number];
  readonly runs: readonly NamedRun[];
  /** Layer names from the network's input to its output. */
  readonly layers: readonly string[];
  /** Marks whose data has `layer` and `panel` (the run's name). */
  readonly marks: (panels: readonly NamedRun[]) => readonly Plot.Markish[];
}

/** The channels that put a datum into its panel and row. */
export const panelChannels = { fx: 'panel', y: 'layer' } as const;

const perRow = 4;
/** Characters of a layer's name on narrow screens. */
const narrowName = 16;

/** At most four panels side by side, one on narrow screens; more runs make further rows with the same scales. */
export function drawLayerPanels({ label, xLabel, xDomain, runs, layers, marks }: LayerPanels): Markup[] {
  const axis = layerAxis(layers);
  const short = layerAxis(layers, layers, narrowName);
  const height = 64 + rowHeight * layers.length;
  const plot = (panels: readonly NamedRun[], { marginLeft, y, mark }: LayerAxis, width: number): Plot.PlotOptions => ({
    width,
    height,
    marginLeft,
    marginRight: 20,
    marginTop: 26,
    marginBottom: 38,
    x: { domain: xDomain, label: xLabel, ticks: 3, labelAnchor: 'center', labelArrow: 'none', grid: true },
    y,
    fx: { domain: panels.map(({ name }) => name), label: null, padding: 0.11, axis: null },
    marks: [
      Plot.axisFx({
        anchor: 'top',
        fontSize: 13,
        fontWeight: 600,
        label: null,
        tickFormat: (name: string) => shorten(name, 34),
      }),
      mark,
      ...marks(panels),
      Plot.ruleX([xDomain[0]], { stroke: rule }),
    ],
  });
  const rowsOf = (count: number) =>
    Array.from({ length: Math.ceil(runs.length / count) }, (_, i) => runs.slice(count * i, count * (i + 1)));
  const panelWidth = (fullWidth - axis.marginLeft - 20) / Math.min(perRow, runs.length);
  const wide = rowsOf(perRow).map((row) =>
    drawOne(label, plot(row, axis, axis.marginLeft + 20 + panelWidth * row.length), 'wide'),
  );
  return [...wide, ...rowsOf(1).map((row) => drawOne(label, plot(row, short, narrowWidth), 'narrow'))];
}

/** The layers of all runs, in the order of the first run that has them. */
export function collectLayers(runs: readonly NamedRun[]): string[] {
  return [...new Set(runs.flatMap(({ run }) => run.layers.map((layer) => layer.name)))];
}
