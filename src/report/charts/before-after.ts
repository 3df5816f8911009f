/** Size and energy of each layer before and after a compression, as pairs of bars. */

import type { LayerCost } from '../../cost/records.ts';
import type { ComparedLayer } from '../compress-columns.ts';
import type { EnergyScale } from '../energy-unit.ts';
import { formatFixed, formatKilobytes } from '../format.ts';
import type { Markup } from '../html.ts';
import { drawLayerBars, type LayerBar } from './layer-bars.ts';

const lanes = [
  { key: 'before', color: 'var(--fp)' },
  { key: 'after', color: 'var(--hybrid)' },
] as const;

const legend = lanes.map(({ key, color }) => ({ name: key, color }));

export function drawBeforeAfter(layers: readonly ComparedLayer[], { unit, divisor }: EnergyScale): readonly Markup[] {
  const names = layers.map(({ name }) => name);
  const barsOf = (value: (layer: LayerCost) => number, text: (layer: LayerCost) => string): LayerBar[] =>
    layers.flatMap((layer, row) =>
      lanes.flatMap(({ key, color }, lane): LayerBar[] => {
        const cost = layer[key];
        if (!cost) return [];
        return [{ row, lane, x1: 0, x2: value(cost), color, title: `${layer.name}, ${key}\n${text(cost)}` }];
      }),
    );
  return [
    drawLayerBars({
      title: 'Size of each layer',
      xLabel: 'Size (KB)',
      names,
      lanes: 2,
      legend,
      bars: barsOf(
        ({ bytes }) => bytes / 1024,
        ({ bytes }) => `${formatKilobytes(bytes)} KB`,
      ),
    }),
    drawLayerBars({
      title: 'Energy of each layer',
      xLabel: `Energy (${unit})`,
      names,
      lanes: 2,
      legend,
      bars: barsOf(
        ({ energy }) => energy / divisor,
        ({ energy }) => `${formatFixed(energy / divisor, 3)} ${unit}`,
      ),
    }),
  ];
}
