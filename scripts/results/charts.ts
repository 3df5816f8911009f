/** Charts of the results as SVG files: light or dark by the reader's preference. */

import * as Plot from '@observablehq/plot';
import { drawOne, rule } from '../../src/report/charts/draw.ts';
import { formatFixed } from '../../src/report/format.ts';
import { theme } from '../../src/report/style.ts';
import type { Summary } from './summary.ts';

const frame = { width: 860, marginLeft: 52, marginBottom: 44, marginTop: 28 } as const;

/** A plot as a file of its own. */
export function toFile(label: string, options: Plot.PlotOptions): string {
  const { text } = drawOne(label, options);
  const style = `<style>${theme} svg { background: var(--card); color: var(--ink); font-family: system-ui, sans-serif !important; }</style>`;
  return `${text.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ').replace(/(<svg [^>]*>)/, `$1${style}`)}\n`;
}

/** What a chart of accuracies shows of a row. */
export interface Plotted {
  readonly label: string;
  readonly color: string;
  /** What it costs. */
  readonly x: number;
  /** Its accuracy, and what it may be or was, in per cent, or points beside another one. */
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

interface Axes {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly unit: '%' | 'points';
  /** Pixels on the right for the names of rows; 250 unless told. */
  readonly marginRight?: number;
}

type Pixels = readonly [x: number, y: number];

const [lineHeight, letterWidth, labelGap, dotRadius] = [14, 6.6, 10, 6];

/** How far below its point each label goes: beside it or, where points and other labels are, as near above or below as there is room. */
function placeLabels(points: readonly { readonly label: string; readonly at: Pixels }[]): number[] {
  const taken = points.map(({ at: [x, y] }) => ({
    left: x - dotRadius,
    right: x + dotRadius,
    y,
    half: dotRadius,
  }));
  const offsets = points.map(() => 0);
  // The right ones first: those on their left run into them.
  const order = [...points.keys()].sort((a, b) => points[b]!.at[0] - points[a]!.at[0]);
  for (const i of order) {
    const { label, at } = points[i]!;
    const left = at[0] + labelGap;
    const right = left + label.length * letterWidth;
    const half = lineHeight / 2;
    const isFree = (y: number) =>
      taken.every((one) => one.left > right || one.right < left || Math.abs(one.y - y) >= one.half + half);
    const steps = Array.from({ length: 8 * points.length }, (_, step) => (step * half) / 2);
    const offset = steps.flatMap((step) => [-step, step]).find((step) => isFree(at[1] + step)) ?? 0;
    taken.push({ left, right, y: at[1] + offset, half });
    offsets[i] = offset;
  }
  return offsets;
}

/**
 * Where an axis of accuracies starts for the differences between most rows to be seen: below the lowest or, where a gap of more
 * than twice the range of those above leaves a few out, below the lowest above that gap.
 */
function axisStart(accuracies: readonly number[]): number {
  const sorted = [...accuracies].sort((a, b) => b - a);
  const last = sorted.findIndex((value, i) => {
    const gap = value - (sorted[i + 1] ?? value);
    return i + 1 >= sorted.length / 2 && gap > 2 * (sorted[0]! - value);
  });
  return sorted.at(last)!;
}

/** Accuracy against a cost: a dot a row, a bar from its worst to its best; a triangle for a row below the axis. */
export function drawAccuracyAgainst({ title, x, y, unit, marginRight = 250 }: Axes, rows: readonly Plotted[]): string {
  const [height, inset] = [420, 16];
  const start = axisStart(rows.map((row) => row.y));
  const found = rows.map((row) => {
    const isBelow = row.y < start;
    return { ...row, isBelow, label: isBelow ? `${row.label}, ${formatFixed(row.y, 2)} ${unit}` : row.label };
  });
  const inside = found.filter(({ isBelow }) => !isBelow);
  const xs = [0, Math.max(...found.map(({ x }) => x))] as const;
  const ys = [
    Math.floor(5 * Math.min(...inside.map(({ low }) => low)) - 0.5) / 5,
    Math.ceil(5 * Math.max(...inside.map(({ high }) => high)) + 0.5) / 5,
  ] as const;
  const [wide, high] = [frame.width - frame.marginLeft - marginRight, height - frame.marginTop - frame.marginBottom];
  const perPixel = (ys[1] - ys[0]) / (high - 2 * inset);
  const points = found.map((point) => ({
    ...point,
    y: point.isBelow ? ys[0] : point.y,
    turn: point.isBelow ? 180 : 0,
  }));
  const offsets = placeLabels(
    points.map((point) => ({
      label: point.label,
      at: [(point.x / xs[1]) * (wide - 2 * inset), (ys[1] - point.y) / perPixel],
    })),
  );
  const labels = points.map((point, i) => ({
    ...point,
    labelY: point.y - offsets[i]! * perPixel,
    offset: offsets[i]!,
  }));
  const text: Plot.TextOptions = {
    x: 'x',
    y: 'labelY',
    text: 'label',
    fill: 'color',
    textAnchor: 'start',
    dx: labelGap,
    fontSize: 12,
    stroke: 'var(--card)',
    strokeWidth: 3,
  };
  return toFile(title, {
    ...frame,
    marginRight,
    height,
    inset,
    x: { label: x, labelAnchor: 'center', labelArrow: 'none', domain: [...xs] },
    y: { label: y, labelArrow: 'up', domain: [...ys] },
    symbol: { domain: [false, true], range: ['circle', 'triangle'] },
    marks: [
      Plot.gridY({ stroke: rule, strokeOpacity: 1 }),
      Plot.gridX({ stroke: rule, strokeOpacity: 1 }),
      Plot.link(
        labels.filter(({ offset }) => Math.abs(offset) >= lineHeight),
        { x: 'x', y1: 'y', y2: 'labelY', stroke: 'color', strokeWidth: 1, strokeOpacity: 0.5 },
      ),
      Plot.ruleX(inside, { x: 'x', y1: 'low', y2: 'high', stroke: 'color', strokeWidth: 2 }),
      Plot.dot(points, {
        x: 'x',
        y: 'y',
        r: dotRadius,
        fill: 'color',
        stroke: 'var(--card)',
        symbol: 'isBelow',
        rotate: 'turn',
      }),
      Plot.text(labels, text),
    ],
  });
}

/** Heights for labels of points at the heights `values`, at least `gap` apart, from the top. */
function spread(values: readonly number[], gap: number): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[b]! - values[a]!);
  const heights = [...values];
  for (const [rank, i] of order.entries()) {
    if (rank > 0) heights[i] = Math.min(values[i]!, heights[order[rank - 1]!]! - gap);
  }
  return heights;
}

/** Accuracy epoch by epoch, on the images that were evaluated then, of the first seed of each row; trainings differ in length, so each is drawn over its own. */
export function drawHistories(summaries: readonly Summary[]): string {
  const lines = summaries.flatMap(({ row, shown: { history } }) => {
    const last = history.at(-1);
    if (!last) return [];
    const points = history.map(({ epoch, top1 }) => ({ share: (100 * epoch) / last.epoch, top1: 100 * top1 }));
    return [{ points, end: 100 * last.top1, label: `${row.label}, ${last.epoch} epochs`, color: row.color }];
  });
  const points = lines.flatMap(({ points, label, color }) => points.map((point) => ({ ...point, label, color })));
  // a training from scratch begins far below where all of them end
  const ends = lines.map(({ end }) => end);
  const [foot, top] = [Math.min(...ends) - 5, Math.max(...points.map(({ top1 }) => top1))];
  const visible = points.filter(({ top1 }) => top1 >= foot);
  const heights = spread(ends, 0.045 * (top - foot));
  const labels = lines.map((line, i) => ({ ...line, share: 100, top1: heights[i]! }));
  const splits = new Set(summaries.flatMap(({ shown: { history } }) => history.map(({ split = 'test' }) => split)));
  const images = `${[...splits].join(' and ')} images`;
  return toFile(`Accuracy on ${images} in the course of training`, {
    ...frame,
    marginRight: 320,
    height: 420,
    x: { label: 'Share of the training (%)', labelAnchor: 'center', labelArrow: 'none', domain: [0, 100] },
    y: { label: `Top-1 accuracy on ${images} (%)`, labelArrow: 'up', domain: [foot, top], nice: true },
    marks: [
      Plot.gridY({ stroke: rule, strokeOpacity: 1 }),
      Plot.line(visible, { x: 'share', y: 'top1', z: 'label', stroke: 'color', strokeWidth: 2 }),
      Plot.dot(labels, { x: 'share', y: 'end', r: 4, fill: 'color' }),
      Plot.text(labels, { x: 'share', y: 'top1', text: 'label', fill: 'color', textAnchor: 'start', dx: 8 }),
    ],
  });
}
