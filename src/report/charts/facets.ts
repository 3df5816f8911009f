/** Horizontal bars by layer, one panel a run: shared by the layer size and ternary weight charts. */

import type { Markish } from '@observablehq/plot';
import { axisFx, ruleX } from '@observablehq/plot';
import { shorten } from '../format.ts';
import type { Markup } from '../html.ts';
import type { NamedRun } from '../runs.ts';
import { draw, rule } from './draw.ts';
import { layerAxis, rowHeight } from './layer-axis.ts';

export interface LayerPanels {
  readonly label: string;
  readonly xLabel: string;
  readonly xDomain: readonly [number, number];
  readonly runs: readonly NamedRun[];
  /** Layer names from the network's input to its output. */
  readonly layers: readonly string[];
  /** Marks whose data has `layer` and `panel` (the run's name). */
  readonly marks: (panels: readonly NamedRun[]) => readonly Markish[];
}

/** The channels that put a datum into its panel and row. */
export const panelChannels = { fx: 'panel', y: 'layer' } as const;

const perRow = 4;

/** At most four panels side by side; more runs make further rows with the same scales. */
export function drawLayerPanels({ label, xLabel, xDomain, runs, layers, marks }: LayerPanels): Markup[] {
  const { marginLeft, y, mark } = layerAxis(layers);
  const panelWidth = Math.min(620, (1120 - marginLeft - 20) / Math.min(perRow, runs.length));
  const rows: Markup[] = [];
  for (let i = 0; i < runs.length; i += perRow) {
    const panels = runs.slice(i, i + perRow);
    rows.push(
      draw(label, {
        width: marginLeft + 20 + panelWidth * panels.length,
        height: 64 + rowHeight * layers.length,
        marginLeft,
        marginRight: 20,
        marginTop: 26,
        marginBottom: 38,
        x: { domain: xDomain, label: xLabel, ticks: 3, labelAnchor: 'center', labelArrow: 'none', grid: true },
        y,
        fx: { domain: panels.map(({ name }) => name), label: null, padding: 0.11, axis: null },
        marks: [
          axisFx({
            anchor: 'top',
            fontSize: 13,
            fontWeight: 600,
            label: null,
            tickFormat: (name: string) => shorten(name, 34),
          }),
          mark,
          ...marks(panels),
          ruleX([xDomain[0]], { stroke: rule }),
        ],
      }),
    );
  }
  return rows;
}

/** The layers of all runs, in the order of the first run that has them. */
export function collectLayers(runs: readonly NamedRun[]): string[] {
  return [...new Set(runs.flatMap(({ run }) => run.layers.map((layer) => layer.name)))];
}
