/** How the ternary weights of each layer divide into -1, 0 and 1. */

import * as Plot from '@observablehq/plot';
import { formatCount, formatPercent } from '../format.ts';
import type { Markup } from '../html.ts';
import type { NamedRun } from '../runs.ts';
import { figure } from './draw.ts';
import { collectLayers, drawLayerPanels, panelChannels } from './facets.ts';

const values = [
  { key: 'minus', name: '−1', color: 'var(--minus)' },
  { key: 'zero', name: '0', color: 'var(--zero)' },
  { key: 'plus', name: '1', color: 'var(--plus)' },
] as const;

/** `undefined` when no run has ternary weights. */
export function drawTernary(runs: readonly NamedRun[]): Markup | undefined {
  const ternary = runs
    .map((named) => ({ ...named, run: { ...named.run, layers: named.run.layers.filter((layer) => layer.ternary) } }))
    .filter(({ run }) => run.layers.length > 0);
  if (ternary.length === 0) return undefined;
  const svgs = drawLayerPanels({
    label: 'Shares of -1, 0 and 1 among the ternary weights of each layer',
    xLabel: 'Share of ternary weights (%)',
    xDomain: [0, 100],
    runs: ternary,
    layers: collectLayers(ternary),
    marks: (panels) => [
      Plot.barX(panels.flatMap(segments), {
        ...panelChannels,
        x1: 'x1',
        x2: 'x2',
        fill: 'color',
        title: 'title',
      }),
    ],
  });
  return figure({
    title: 'Ternary weights of each layer',
    note: 'Zeros need neither an addition nor, in hardware that skips them, a cycle.',
    legend: values,
    body: svgs,
  });
}

function segments({ run, name: panel }: NamedRun) {
  return run.layers.flatMap(({ name: layer, ternary }) => {
    if (!ternary) return [];
    const total = ternary.minus + ternary.zero + ternary.plus || 1;
    let x1 = 0;
    return values.map(({ key, name, color }) => {
      const share = ternary[key] / total;
      const title = `${layer}: ${name} in ${formatPercent(share, 1)} % (${formatCount(ternary[key])} weights)`;
      const segment = { panel, layer, x1, x2: x1 + 100 * share, color, title };
      x1 = segment.x2;
      return segment;
    });
  });
}
