/** Accuracy against size, one dot a run: what compression costs. */

import * as Plot from '@observablehq/plot';
import { formatKilobytes, formatPercent } from '../format.ts';
import type { Markup } from '../html.ts';
import type { NamedRun } from '../runs.ts';
import { draw, figure, fullWidth, rule } from './draw.ts';
import { referenceLine } from './reference-line.ts';

export function drawTradeoff(runs: readonly NamedRun[]): Markup {
  const points = runs.map(({ run, name, color }) => ({
    x: run.bytes / 1024,
    y: 100 * run.top1,
    color,
    title: `${name}: ${formatPercent(run.top1)} % top-1, ${formatKilobytes(run.bytes)} KB`,
  }));
  // the same network behind all runs, or no line
  const sizes = new Set(runs.map(({ run }) => run.bytes16));
  const [bytes16] = sizes;
  const int8 = sizes.size === 1 && bytes16 ? bytes16 / 2 / 1024 : undefined;
  const svg = draw('Top-1 accuracy against model size', {
    width: fullWidth,
    height: 240,
    marginLeft: 48,
    marginBottom: 40,
    insetTop: 14,
    insetBottom: 14,
    insetRight: 14,
    x: { label: 'Model size (KB)', labelAnchor: 'center', labelArrow: 'none', zero: true, nice: true },
    y: { label: 'Top-1 accuracy (%)', nice: true, ticks: 5, labelArrow: 'up' },
    marks: [
      Plot.gridY({ stroke: rule, strokeOpacity: 1, ticks: 5 }),
      ...(int8 === undefined
        ? []
        : referenceLine(int8, 'uncompressed in int8', [0, Math.max(int8, ...points.map(({ x }) => x))])),
      Plot.dot(points, {
        x: 'x',
        y: 'y',
        fill: 'color',
        stroke: 'var(--card)',
        strokeWidth: 1.5,
        r: 7,
        title: 'title',
      }),
    ],
  });
  const legend = runs.map(({ name, color }) => ({ name, color }));
  return figure({ title: 'Accuracy against size', legend, body: svg });
}
