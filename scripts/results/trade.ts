/**
 * The picture of the trade in the README: top-1 accuracy against size and against energy, both relative to the network at 16
 * bits, of every method that was measured, from the stored runs.
 */

import * as Plot from '@observablehq/plot';
import { rule } from '../../src/report/charts/draw.ts';
import { toFile } from './charts.ts';
import type { Summary } from './summary.ts';

/** What the picture tells apart, and its colours. */
const families = [
  { name: 'full precision', color: 'var(--fp)', has: /^full precision$/ },
  { name: 'int8', color: 'var(--extra-1)', has: /^int8(?!, width)/ },
  { name: 'int8, narrower network', color: 'var(--extra-4)', has: /^int8, width/ },
  { name: 'int4', color: 'var(--extra-0)', has: /^int4/ },
  { name: 'TWN', color: 'var(--twn)', has: /^TWN/ },
  { name: 'StrassenNets', color: 'var(--strassen)', has: /^StrassenNets/ },
  { name: 'uniform hybrid (the paper)', color: 'var(--extra-3)', has: /^hybrid as in the paper/ },
  { name: 'planned hybrid, 16-bit filters', color: 'var(--hybrid)', has: /^hybrid, planned(?!.*int8)/ },
  { name: 'planned hybrid, int8', color: 'var(--extra-2)', has: /^hybrid,.*int8/ },
] as const;

const familyOf = ({ row }: Summary) => families.find(({ has }) => has.test(row.label));

const size = 'size, % of 16 bits';
const energy = 'energy of the arithmetic, % of 16 bits';

/** Accuracies so far below the best are drawn at the foot, with their figure. */
const range = 1.75;

interface Point {
  readonly panel: string;
  readonly family: string;
  readonly x: number;
  readonly top1: number;
  readonly y: number;
  readonly isBelow: boolean;
}

const pointsOf = (summary: Summary, floor: number): Point[] => {
  const family = familyOf(summary)?.name;
  if (!family) return [];
  const { bytes, dense } = summary.shown;
  const top1 = 100 * summary.top1;
  const common = { family, top1, y: Math.max(floor, top1), isBelow: top1 < floor };
  return [
    { ...common, panel: size, x: (100 * bytes.twoBit) / bytes.original },
    { ...common, panel: energy, x: 100 * dense.energy },
  ];
};

/** The best of those that take no more, from left to right: what nothing else beats. */
function frontOf(points: readonly Point[], panel: string): Point[] {
  const sorted = points
    .filter((point) => point.panel === panel && !point.isBelow)
    .sort((a, b) => a.x - b.x || b.top1 - a.top1);
  let best = -Infinity;
  return sorted.filter(({ top1 }) => {
    if (top1 <= best) return false;
    best = top1;
    return true;
  });
}

export function drawTrade(title: string, summaries: readonly Summary[]): string {
  const best = 100 * Math.max(...summaries.map(({ top1 }) => top1));
  const floor = best - range;
  const points = summaries.flatMap((summary) => pointsOf(summary, floor));
  const shown = families.filter(({ name }) => points.some(({ family }) => family === name));
  const fronts = [size, energy].flatMap((panel) => frontOf(points, panel));
  return toFile(`${title}: top-1 accuracy against size and energy`, {
    ...{ width: 920, height: 418, marginLeft: 52, marginRight: 20, marginBottom: 46, marginTop: 74, inset: 12 },
    fx: { domain: [size, energy], label: null, axis: null, padding: 0.08 },
    x: { domain: [0, 100], label: null, ticks: 5 },
    y: { domain: [floor, best + 0.15], label: null },
    color: { domain: shown.map(({ name }) => name), range: shown.map(({ color }) => color) },
    marks: [
      Plot.gridY({ stroke: rule, strokeOpacity: 1 }),
      Plot.gridX({ stroke: rule, strokeOpacity: 1 }),
      Plot.text([size], {
        fx: (panel: string) => panel,
        text: () => 'top-1 accuracy, %',
        frameAnchor: 'left',
        rotate: -90,
        dx: -44,
        fontSize: 13,
        fill: 'currentColor',
      }),
      Plot.text([size, energy], {
        fx: (panel: string) => panel,
        text: (panel: string) => panel,
        frameAnchor: 'bottom',
        dy: 40,
        fontSize: 13,
        fill: 'currentColor',
      }),
      Plot.line(fronts, { fx: 'panel', x: 'x', y: 'y', stroke: rule, strokeWidth: 3, curve: 'step-after' }),
      Plot.dot(points, {
        ...{ fx: 'panel', x: 'x', y: 'y', r: 6.5, fill: 'family', stroke: 'var(--card)', strokeWidth: 1.5 },
        symbol: ({ isBelow }: Point) => (isBelow ? 'triangle' : 'circle'),
        rotate: ({ isBelow }: Point) => (isBelow ? 180 : 0),
      }),
      Plot.text(
        points.filter(({ isBelow }) => isBelow),
        {
          ...{ fx: 'panel', x: 'x', y: 'y', dx: 10, textAnchor: 'start', fill: 'family', fontSize: 12 },
          text: ({ family, top1 }: Point) => `${family}, ${top1.toFixed(1)} %`,
        },
      ),
      ...shown.map(({ name, color }, i) =>
        Plot.text([size], {
          fx: (panel: string) => panel,
          text: () => `● ${name}`,
          frameAnchor: 'top-left',
          dx: 4 + 290 * (i % 3),
          dy: -62 + 18 * Math.floor(i / 3),
          fill: color,
          fontSize: 12,
        }),
      ),
    ],
    symbol: { range: ['circle', 'triangle'], domain: ['circle', 'triangle'] },
  });
}
