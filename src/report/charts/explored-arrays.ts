/** Throughput of arrays against their area, one dot an array; those on the Pareto front joined. */

import * as Plot from '@observablehq/plot';
import type { ExploredArray } from '../../hardware/explore.ts';
import { formatCount, formatFixed } from '../format.ts';
import type { Markup } from '../html.ts';
import { draw, figure, fullWidth, ink, rule } from './draw.ts';

const kinds = [
  { name: 'MACs only', color: 'var(--fp)', has: ({ array }: ExploredArray) => array.adders === 0 },
  {
    name: 'lists, zeros skipped',
    color: 'var(--hybrid)',
    has: ({ array }: ExploredArray) => array.adders > 0 && array.ternary === 'lists',
  },
  {
    name: 'dense trits',
    color: 'var(--twn)',
    has: ({ array }: ExploredArray) => array.adders > 0 && array.ternary !== 'lists',
  },
];

export function drawExploredArrays(arrays: readonly ExploredArray[], budget: number | undefined): Markup {
  const points = arrays.map((one) => ({
    x: one.area / 1e6,
    y: one.throughput,
    color: kinds.find(({ has }) => has(one))!.color,
    opacity: one.isInBudget ? 1 : 0.35,
    isPareto: one.isPareto,
    title: `${one.name}: ${formatCount(Math.round(one.cycles))} cycles, ${formatFixed(one.area / 1e6, 3)} mm2`,
  }));
  const front = points.filter(({ isPareto }) => isPareto).sort((a, b) => a.x - b.x);
  const svg = draw('Throughput against area of the core', {
    width: fullWidth,
    height: 320,
    marginLeft: 56,
    marginBottom: 40,
    x: { label: 'Area of the core (mm2)', labelAnchor: 'center', labelArrow: 'none', zero: true, nice: true },
    y: { label: 'Images a second', zero: true, nice: true, labelArrow: 'up' },
    marks: [
      Plot.gridY({ stroke: rule, strokeOpacity: 1, ticks: 5 }),
      ...(budget === undefined ? [] : [Plot.ruleX([budget / 1e6], { stroke: ink, strokeDasharray: '4 4' })]),
      Plot.line(front, { x: 'x', y: 'y', stroke: ink, strokeWidth: 1 }),
      Plot.dot(points, { x: 'x', y: 'y', fill: 'color', fillOpacity: 'opacity', r: 6, title: 'title' }),
      Plot.dot(front, { x: 'x', y: 'y', stroke: ink, r: 8 }),
    ],
  });
  const legend = kinds
    .filter(({ has }) => arrays.some(has))
    .map(({ name, color }): { name: string; color: string } => ({ name, color }));
  return figure({
    title: 'Throughput against area',
    legend,
    body: svg,
    note: 'Ringed and joined: arrays in the budget than which none is both as fast and as small. Dashed: the budget.',
  });
}
