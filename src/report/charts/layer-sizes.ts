/** The size of each layer under each method, before the outline of the baseline. */

import * as Plot from '@observablehq/plot';
import type { LayerRecord } from '../../train/records.ts';
import { formatCount, formatKilobytes } from '../format.ts';
import type { Markup } from '../html.ts';
import { methodNames, type NamedRun } from '../runs.ts';
import { figure } from './draw.ts';
import { collectLayers, drawLayerPanels, panelChannels } from './facets.ts';

export function drawLayerSizes(runs: readonly NamedRun[], baseline: NamedRun | undefined): Markup {
  const reference = baseline && runs.length > 1 ? baseline.run.layers : [];
  const largest = Math.max(...[...runs.flatMap(({ run }) => run.layers), ...reference].map((layer) => layer.bytes), 1);
  const bars = (panels: readonly NamedRun[]) =>
    panels.flatMap(({ run, name, color }) =>
      run.layers.map((layer) => ({
        panel: name,
        layer: layer.name,
        x: layer.bytes / 1024,
        color,
        title: describe(layer),
      })),
    );
  const outlines = (panels: readonly NamedRun[]) =>
    panels
      .filter((panel) => panel !== baseline)
      .flatMap(({ name }) => reference.map((layer) => ({ panel: name, layer: layer.name, x: layer.bytes / 1024 })));
  const svgs = drawLayerPanels({
    label: 'Size of each layer by run',
    xLabel: 'Size (KB)',
    xDomain: [0, (1.02 * largest) / 1024],
    runs,
    layers: collectLayers(runs),
    marks: (panels) => [
      Plot.barX(outlines(panels), { ...panelChannels, x: 'x', fill: 'var(--ghost)' }),
      Plot.barX(bars(panels), { ...panelChannels, x: 'x', fill: 'color', title: 'title' }),
    ],
  });
  const note = reference.length > 0 ? `Grey: the same layer in ${baseline!.name}.` : undefined;
  return figure({ title: 'Size of each layer', ...(note ? { note } : {}), body: svgs });
}

function describe(layer: LayerRecord): string {
  const parts = [
    `${layer.name} (${layer.kind}, ${methodNames[layer.method]})`,
    `${formatKilobytes(layer.bytes)} KB, ${formatCount(layer.parameters)} parameters`,
    `${layer.filters} filters, ${layer.fullPrecision} in full precision`,
  ];
  if (layer.hidden > 0) parts.push(`${layer.hidden} hidden units`);
  return parts.join('\n');
}
