/** The points of a sweep: predicted loss (where it is known) or energy against size, the Pareto points joined. */

import * as Plot from '@observablehq/plot';
import type { SweepPoint } from '../../cost/records.ts';
import { formatFixed, formatKilobytes, formatPercent, formatResidual, formatSetting } from '../format.ts';
import type { Markup } from '../html.ts';
import { draw, figure, fullWidth, ink, rule } from './draw.ts';
import { makeRamp } from './ramp.ts';
import { findRange } from './range.ts';
import { referenceLine } from './reference-line.ts';

/** What stands on the vertical axis, and what the colour says. */
interface Axes {
  readonly title: string;
  readonly label: string;
  readonly y: Plot.ScaleOptions;
  readonly height: (point: SweepPoint) => number;
  readonly colour: (point: SweepPoint) => number;
  readonly key: string;
  readonly note: string;
}

const relatively = 'Energy (of the arithmetic) and throughput are relative to the same architecture in full precision.';

/** Loss against size where losses are known: that is what a choice of filters trades; else energy. */
function chooseAxes(points: readonly SweepPoint[]): Axes {
  if (points.every(({ loss }) => loss !== undefined && loss > 0)) {
    return {
      title: 'Predicted loss, size and energy of each configuration',
      label: 'Predicted loss against size, energy as colour',
      y: {
        label: 'Predicted loss',
        type: 'log',
        labelArrow: 'up',
        ticks: logTicks(points.map(({ loss }) => loss!)),
        tickFormat: formatSetting,
      },
      height: ({ loss }) => loss!,
      colour: ({ relative }) => relative.energy,
      key: 'Energy',
      note:
        'Losses are predicted, before training. Ringed: Pareto points, for which no other is at least as good in size, energy and loss, and better in one. ' +
        ` The line joins those that have the least loss of all up to their size. ${relatively}`,
    };
  }
  return {
    title: 'Size, energy and throughput of each configuration',
    label: 'Energy against size, throughput as colour',
    y: {
      label: 'Energy, relative',
      domain: findRange(points.map(({ relative }) => relative.energy)),
      nice: true,
      labelArrow: 'up',
    },
    height: ({ relative }) => relative.energy,
    colour: ({ relative }) => relative.throughput,
    key: 'Throughput',
    note:
      'Loss is not among these figures, since the network was not analysed: fewer filters and hidden units always cost ' +
      'less. Ringed and joined: Pareto points, for which no other is at least as good in size, energy and throughput, and ' +
      `better in one. ${relatively}`,
  };
}

/** 1, 2 and 5 times powers of ten, about the values. */
function logTicks(values: readonly number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const powers = Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1;
  const ticks = Array.from({ length: powers }, (_, i) => i + Math.floor(Math.log10(low))).flatMap((power) =>
    [1, 2, 5].map((step) => Number(`${step}e${power}`)),
  );
  return ticks.filter((tick) => tick >= low / 2 && tick <= high * 2);
}

/** Points that are lower than all to their left. */
function lowest<T extends { readonly x: number; readonly y: number }>(dots: readonly T[]): T[] {
  let least = Number.POSITIVE_INFINITY;
  return [...dots]
    .sort((a, b) => a.x - b.x || a.y - b.y)
    .filter(({ y }) => {
      const isLower = y < least;
      least = Math.min(least, y);
      return isLower;
    });
}

export function drawPareto(sweep: readonly SweepPoint[]): Markup {
  const points = sweep.filter(({ bytes, relative }) => Number.isFinite(bytes) && Number.isFinite(relative.energy));
  const axes = chooseAxes(points);
  const ramp = makeRamp(points.map(axes.colour));
  const dots = points.map((point) => ({
    x: point.bytes / 1024,
    y: axes.height(point),
    color: ramp.color(axes.colour(point)),
    isPareto: point.pareto,
    title: describe(point),
  }));
  const front = dots.filter(({ isPareto }) => isPareto);
  const int8 = int8Kilobytes(points);
  const sizes = findRange([...dots.map(({ x }) => x), ...(int8 === undefined ? [] : [int8])]);
  const svg = draw(axes.label, {
    width: fullWidth,
    height: 440,
    marginLeft: 62,
    marginTop: 44,
    marginBottom: 42,
    inset: 14,
    x: { domain: sizes, nice: true },
    y: axes.y,
    marks: [
      Plot.gridY({ stroke: rule, strokeOpacity: 1 }),
      Plot.axisX({ anchor: 'bottom', label: 'Size (KB)', labelAnchor: 'center', labelArrow: 'none' }),
      ...shareAxis(points, sizes),
      ...(int8 === undefined ? [] : referenceLine(int8, 'uncompressed in int8', sizes)),
      Plot.line(lowest(front), { x: 'x', y: 'y', stroke: ink, strokeOpacity: 0.45, strokeWidth: 1.5, curve: 'linear' }),
      Plot.dot(dots, { x: 'x', y: 'y', r: 4.5, fill: 'color', title: 'title' }),
      Plot.dot(front, { x: 'x', y: 'y', r: 8, stroke: ink, strokeWidth: 1.5, pointerEvents: 'none' }),
    ],
  });
  return figure({
    title: axes.title,
    note: axes.note,
    key: ramp.key(axes.key, (value) => formatFixed(value, 2)),
    body: svg,
  });
}

/** Kilobytes of the uncompressed network with every value at 8 bits: the same for all points. */
function int8Kilobytes([first]: readonly SweepPoint[]): number | undefined {
  const kilobytes = first && first.bytes / first.relative.size / 2 / 1024;
  return kilobytes !== undefined && Number.isFinite(kilobytes) ? kilobytes : undefined;
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
        labelAnchor: 'right',
        labelArrow: 'none',
        tickFormat: (x: number) => formatSetting((100 * x) / kilobytes),
      },
    ),
  ];
}

function describe({ alpha, widthRatio, bytes, loss, relative, pareto }: SweepPoint): string {
  return [
    `alpha ${formatSetting(alpha)}, width ratio ${formatSetting(widthRatio)}${pareto ? ' (Pareto point)' : ''}`,
    `${formatKilobytes(bytes)} KB, ${formatPercent(relative.size, 1)} % of 16 bits`,
    ...(loss === undefined ? [] : [`predicted loss ${formatResidual(loss)}`]),
    `energy ${formatFixed(relative.energy, 4)}`,
    `throughput ${formatFixed(relative.throughput, 4)}`,
  ].join('\n');
}
