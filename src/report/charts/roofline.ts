/** Roofline of both engines (Williams, Waterman, Patterson, 2009): operations a cycle against operations a byte. */

import * as Plot from '@observablehq/plot';
import type { ArrayParameters } from '../../accelerator/index.ts';
import { bandwidthOf, type LayerFigures, peakOf } from '../../hardware/layer-figures.ts';
import { formatCount, formatFixed } from '../format.ts';
import type { Markup } from '../html.ts';
import { draw, figure, fullWidth, rule } from './draw.ts';

const engines = [
  { engine: 'mac', name: 'MACs', color: 'var(--macs)' },
  { engine: 'adder', name: 'additions of non-zeros', color: 'var(--additions)' },
] as const;

export function drawRoofline(layers: readonly LayerFigures[], array: ArrayParameters): Markup {
  const known = layers.filter(({ operations }) => operations > 0);
  const here = engines.filter(({ engine }) => known.some((layer) => layer.engine === engine));
  const [least, most] = [
    Math.min(...known.map(({ intensity }) => intensity), 0.5) / 2,
    Math.max(...known.map(({ intensity }) => intensity), 8) * 2,
  ];
  const total = known.reduce((sum, { cycles }) => sum + cycles, 0);
  const roofs = here.flatMap(({ engine, color }) => {
    const peak = peakOf(array, engine);
    const ridge = peak / bandwidthOf(array);
    return [least, Math.min(Math.max(ridge, least), most), most].map((x) => ({
      ...{ x, y: Math.min(peak, x * bandwidthOf(array)), engine, color },
    }));
  });
  const points = here.flatMap(({ engine, color }) =>
    known
      .filter((layer) => layer.engine === engine)
      .map(({ name, cycles, operations, intensity }) => ({
        ...{ x: intensity, y: operations / cycles, color, r: 3 + 14 * Math.sqrt(cycles / total) },
        title: `${name}: ${formatFixed(operations / cycles, 1)} of ${peakOf(array, engine)} operations a cycle, ${formatFixed(intensity, 1)} a byte, ${formatCount(Math.round(cycles))} cycles`,
      })),
  );
  const svg = draw('Operations a cycle against operations for each byte of activations', {
    width: fullWidth,
    height: 360,
    marginLeft: 56,
    marginBottom: 40,
    x: {
      type: 'log',
      label: 'Operations a byte of activations that is read',
      labelAnchor: 'center',
      labelArrow: 'none',
      tickFormat: String,
      nice: true,
    },
    y: { type: 'log', tickFormat: String, nice: true, label: 'Operations a cycle', labelArrow: 'up' },
    marks: [
      Plot.gridY({ stroke: rule, strokeOpacity: 1, ticks: 4 }),
      Plot.line(roofs, { x: 'x', y: 'y', z: 'engine', stroke: 'color', strokeWidth: 1.5 }),
      Plot.dot(points, { x: 'x', y: 'y', fill: 'color', fillOpacity: 0.55, stroke: 'color', r: 'r', title: 'title' }),
    ],
  });
  return figure({
    title: 'Roofline',
    legend: here.map(({ name, color }) => ({ name, color })),
    body: svg,
    note: 'A dot is a layer on one engine, larger the longer it takes. Lines: what the lanes can do at most, and to their left what the activation memory can feed.',
  });
}
