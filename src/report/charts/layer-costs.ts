/** What each layer of a network costs: its size, operations, energy, and how busy it keeps the array. */

import * as Plot from '@observablehq/plot';
import type { LayerCost, NetworkCost } from '../../cost/records.ts';
import { costlyRows, energyScaleOf } from '../cost-columns.ts';
import { formatFixed, formatKilobytes, formatMillions, formatPercent } from '../format.ts';
import type { Markup } from '../html.ts';
import { draw, figure, rule } from './draw.ts';
import { layerAxis, rowHeight } from './layer-axis.ts';

/** A part of a layer's bar. */
interface Segment {
  readonly name: string;
  readonly color: string;
  readonly value: (layer: LayerCost) => number;
  /** The value in words. */
  readonly text: (layer: LayerCost) => string;
}

interface LayerBars {
  readonly title: string;
  readonly xLabel: string;
  readonly layers: readonly LayerCost[];
  readonly segments: readonly Segment[];
  readonly domain?: readonly [number, number];
  readonly note?: string;
}

/** Four charts with the same rows. */
export function drawLayerCosts(cost: NetworkCost): readonly Markup[] {
  const layers = costlyRows(cost);
  const { unit, divisor } = energyScaleOf(cost);
  const operations = (name: string, key: 'macs' | 'products' | 'additions'): Segment => ({
    name,
    color: `var(--${key})`,
    value: (layer) => layer[key] / 1e6,
    text: (layer) => `${formatMillions(layer[key])} M ${name}`,
  });
  const energy = (name: string, color: string, key: 'energy' | 'memoryEnergy'): Segment => ({
    name,
    color,
    value: (layer) => layer[key] / divisor,
    text: (layer) => `${formatFixed(layer[key] / divisor, 3)} ${unit}, ${name}`,
  });
  const memory =
    cost.memoryEnergy > 0 ? [energy('moving weights and activations', 'var(--memory)', 'memoryEnergy')] : [];
  const size: Segment = {
    name: 'size',
    color: 'var(--fp)',
    value: (layer) => layer.bytes / 1024,
    text: (layer) => `${formatKilobytes(layer.bytes)} KB`,
  };
  const busy: Segment = {
    name: 'busy',
    color: 'var(--busy)',
    value: (layer) => 100 * layer.utilisation,
    text: (layer) => `${formatPercent(layer.utilisation, 1)} % of the array is busy`,
  };
  const kinds = [operations('MACs', 'macs'), operations('products', 'products'), operations('additions', 'additions')];
  return [
    drawBars({
      title: 'Operations of each layer',
      note: 'Products and additions are those outside of MACs.',
      xLabel: 'Operations (M)',
      layers,
      segments: kinds,
    }),
    drawBars({
      title: 'Energy of each layer',
      xLabel: `Energy (${unit})`,
      layers,
      segments: [energy('arithmetic', 'var(--energy)', 'energy'), ...memory],
    }),
    drawBars({ title: 'Size of each layer', xLabel: 'Size (KB)', layers, segments: [size] }),
    drawBars({
      title: 'Utilisation by each layer',
      note: `While the layer runs, with ${formatPercent(cost.fixedSplit.split, 1)} % of the area in MAC units.`,
      xLabel: 'Area that is busy (%)',
      layers,
      segments: [busy],
      domain: [0, 100],
    }),
  ];
}

function drawBars({ title, xLabel, layers, segments, domain, note }: LayerBars): Markup {
  // rows are known by number: names of operators may be names of layers too
  const rows = layers.map((_, row) => row);
  const axis = layerAxis(
    layers.map(({ name }) => name),
    rows,
  );
  const bars = layers.flatMap((layer, row) => {
    let x1 = 0;
    return segments.flatMap(({ value, text, color }) => {
      const length = value(layer);
      if (!(length > 0)) return [];
      const bar = { row, x1, x2: x1 + length, color, title: `${layer.name} (${layer.kind})\n${text(layer)}` };
      x1 = bar.x2;
      return [bar];
    });
  });
  const longest = bars.reduce((most, { x2 }) => Math.max(most, x2), 0) || 1;
  const plot: Plot.PlotOptions = {
    width: 480,
    height: 56 + rowHeight * layers.length,
    marginLeft: axis.marginLeft,
    marginRight: 20,
    marginTop: 8,
    marginBottom: 40,
    x: {
      domain: domain ?? [0, 1.02 * longest],
      label: xLabel,
      ticks: 5,
      labelAnchor: 'center',
      labelArrow: 'none',
    },
    y: axis.y,
    marks: [
      Plot.gridX({ stroke: rule, strokeOpacity: 1, ticks: 5 }),
      axis.mark,
      Plot.barX(bars, { x1: 'x1', x2: 'x2', y: 'row', fill: 'color', title: 'title' }),
      Plot.ruleX([0], { stroke: rule }),
    ],
  };
  const legend = segments.length > 1 ? { legend: segments } : {};
  return figure({ title, ...(note !== undefined && { note }), ...legend, body: draw(title, plot) });
}
