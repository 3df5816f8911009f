/** The points of a sweep: energy against size, throughput as colour, the Pareto points joined. */

import * as Plot from '@observablehq/plot';
import type { SweepPoint } from '../../cost/records.ts';
import { formatFixed, formatKilobytes, formatPercent, formatSetting } from '../format.ts';
import type { Markup } from '../html.ts';
import { draw, figure, ink, rule } from './draw.ts';
import { makeRamp } from './ramp.ts';
import { findRange } from './range.ts';

export function drawPareto(sweep: readonly SweepPoint[]): Markup {
  const points = sweep.filter(({ bytes, relative }) => Number.isFinite(bytes) && Number.isFinite(relative.energy));
  const ramp = makeRamp(points.map(({ relative }) => relative.throughput));
  const dots = points.map((point) => ({
    x: point.bytes / 1024,
    y: point.relative.energy,
    color: ramp.color(point.relative.throughput),
    isPareto: point.pareto,
    title: describe(point),
  }));
  const front = dots.filter(({ isPareto }) => isPareto).sort((a, b) => a.x - b.x);
  const sizes = findRange(dots.map(({ x }) => x));
  const svg = draw('Energy against size, throughput as colour', {
    width: 1120,
    height: 440,
    marginLeft: 52,
    marginTop: 44,
    marginBottom: 42,
    inset: 14,
    x: { domain: sizes, nice: true },
    y: { label: 'Energy, relative', domain: findRange(dots.map(({ y }) => y)), nice: true, labelArrow: 'up' },
    marks: [
      Plot.gridY({ stroke: rule, strokeOpacity: 1 }),
      Plot.axisX({ anchor: 'bottom', label: 'Size (KB)', labelAnchor: 'center', labelArrow: 'none' }),
      ...shareAxis(points, sizes),
      Plot.line(front, { x: 'x', y: 'y', stroke: ink, strokeOpacity: 0.45, strokeWidth: 1.5, curve: 'linear' }),
      Plot.dot(dots, { x: 'x', y: 'y', r: 4.5, fill: 'color', title: 'title' }),
      Plot.dot(front, { x: 'x', y: 'y', r: 8, stroke: ink, strokeWidth: 1.5, pointerEvents: 'none' }),
    ],
  });
  return figure({
    title: 'Size, energy and throughput of each configuration',
    note:
      'Accuracy is not among these figures: fewer filters and hidden units always cost less. ' +
      'Ringed and joined: Pareto points, for which no other is at least as good in size, energy and throughput, and ' +
      'better in one. Energy and throughput are relative to the same architecture in full precision.',
    key: ramp.key('Throughput', (throughput) => formatFixed(throughput, 2)),
    body: svg,
  });
}

/** A second axis above: sizes as shares of the uncompressed network's at 16 bits, which is the same for all points. */
function shareAxis(points: readonly SweepPoint[], [low, high]: readonly [number, number]): Plot.Markish[] {
  const [kilobytes] = points.map(({ bytes, relative }) => bytes / 1024 / relative.size);
  if (kilobytes === undefined || !Number.isFinite(kilobytes)) return [];
  const span = (100 * (high - low)) / kilobytes;
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((candidate) => span / candidate <= 12) ?? 100;
  const first = Math.ceil((100 * low) / kilobytes / step);
  const count = Math.floor((100 * high) / kilobytes / step) - first + 1;
  const shares = Array.from({ length: Math.max(count, 0) }, (_, i) => step * (first + i));
  return [
    Plot.axisX(
      shares.map((share) => (share * kilobytes) / 100),
      {
        anchor: 'top',
        label: 'Share of the size at 16 bits (%)',
        labelAnchor: 'center',
        labelArrow: 'none',
        tickFormat: (x: number) => formatSetting((100 * x) / kilobytes),
      },
    ),
  ];
}

function describe({ alpha, widthRatio, bytes, relative, pareto }: SweepPoint): string {
  return [
    `alpha ${formatSetting(alpha)}, width ratio ${formatSetting(widthRatio)}${pareto ? ' (Pareto point)' : ''}`,
    `${formatKilobytes(bytes)} KB, ${formatPercent(relative.size, 1)} % of 16 bits`,
    `energy ${formatFixed(relative.energy, 4)}`,
    `throughput ${formatFixed(relative.throughput, 4)}`,
  ].join('\n');
}
