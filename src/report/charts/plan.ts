/** The plan of a compression: which share of each layer's filters stays as it is, and how wide the others are. */

import type { ComparedLayer } from '../compress-columns.ts';
import { sizesOf } from '../compress-columns.ts';
import { formatCount, formatFixed, formatPercent } from '../format.ts';
import type { Markup } from '../html.ts';
import { drawLayerBars, type LayerBar } from './layer-bars.ts';

const colors = { fullPrecision: 'var(--fp)', ternary: 'var(--hybrid)' } as const;

/** Two charts with the same rows: the planned layers. */
export function drawPlan(layers: readonly ComparedLayer[]): readonly Markup[] {
  const rows = layers.flatMap((layer) => {
    const sizes = sizesOf(layer);
    return layer.planned && sizes ? [{ name: layer.name, ...sizes }] : [];
  });
  const names = rows.map(({ name }) => name);
  const shares = rows.flatMap(({ name, filters, fullPrecision }, row): LayerBar[] => {
    const x = (100 * fullPrecision) / filters;
    const kept = `${formatCount(fullPrecision)} of ${formatCount(filters)} filters in full precision`;
    const title = `${name}\n${kept} (${formatPercent(fullPrecision / filters, 1)} %)`;
    return [
      { row, x1: 0, x2: x, color: colors.fullPrecision, title },
      { row, x1: x, x2: 100, color: colors.ternary, title },
    ];
  });
  const widths = rows.flatMap(({ name, filters, fullPrecision, hidden }, row): LayerBar[] => {
    if (hidden === 0) return [];
    const ternary = filters - fullPrecision;
    const ratio = hidden / ternary;
    const words = `${formatCount(hidden)} hidden units for ${formatCount(ternary)} ternary filters`;
    return [{ row, x1: 0, x2: ratio, color: colors.ternary, title: `${name}\n${words}: ${formatFixed(ratio, 3)}` }];
  });
  return [
    drawLayerBars({
      title: 'Filters that stay in full precision',
      xLabel: 'Share of the filters (%)',
      names,
      bars: shares,
      domain: [0, 100],
      legend: [
        { name: 'full precision', color: colors.fullPrecision },
        { name: 'ternary', color: colors.ternary },
      ],
    }),
    drawLayerBars({
      title: 'Width of the ternary part',
      note: 'Layers without a bar stay as they are.',
      xLabel: 'Hidden units per ternary filter',
      names,
      bars: widths,
      mark: 1,
    }),
  ];
}
