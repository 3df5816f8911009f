/** Charts of the results as SVG files: light or dark by the reader's preference. */

import * as Plot from '@observablehq/plot';
import { draw, rule } from '../../src/report/charts/draw.ts';
import { theme } from '../../src/report/style.ts';
import type { Summary } from './summary.ts';

const frame = { width: 860, marginLeft: 52, marginBottom: 44, marginTop: 28 } as const;
/** Room on the right for the names of rows. */
const marginRight = 250;

/** A plot as a file of its own. */
function toFile(label: string, options: Plot.PlotOptions): string {
  const { text } = draw(label, options);
  const style = `<style>${theme} svg { background: var(--card); color: var(--ink); font-family: system-ui, sans-serif !important; }</style>`;
  return `${text.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ').replace(/(<svg [^>]*>)/, `$1${style}`)}\n`;
}

export interface Axis {
  readonly label: string;
  readonly value: (summary: Summary) => number;
}

/** Where a label goes beside its point: at its height or, where other labels are, as near above or below as there is room. */
function placeLabels<T extends { readonly name: string }>(
  points: readonly T[],
  at: (point: T) => [number, number],
): number[] {
  const [lineHeight, letterWidth] = [14, 6.4];
  const taken: { x: number; end: number; y: number }[] = [];
  const offsets = new Map<T, number>();
  // The right ones first: those on their left run into them.
  for (const point of [...points].sort((a, b) => at(b)[0] - at(a)[0])) {
    const [x, y] = at(point);
    const end = x + point.name.length * letterWidth;
    const isFree = (offset: number) =>
      taken.every((one) => one.x > end || one.end < x || Math.abs(one.y - (y + offset)) >= lineHeight);
    const steps = points.flatMap((_, i) => [i * lineHeight, -i * lineHeight]);
    const offset = steps.find(isFree) ?? 0;
    taken.push({ x, end, y: y + offset });
    offsets.set(point, offset);
  }
  return points.map((point) => offsets.get(point)!);
}

/** Top-1 accuracy against a cost: a dot a row, a bar from the worst to the best seed. */
export function drawAccuracyAgainst({ label, value }: Axis, summaries: readonly Summary[]): string {
  const [height, inset] = [420, 14];
  const found = summaries.map((summary) => {
    const accuracies = summary.runs.map((run) => 100 * run.top1);
    return {
      x: value(summary),
      y: 100 * summary.top1,
      low: Math.min(...accuracies),
      high: Math.max(...accuracies),
      color: summary.row.color,
      name: summary.row.label,
    };
  });
  const xs: [number, number] = [0, Math.max(...found.map(({ x }) => x))];
  const ys: [number, number] = [
    Math.floor(Math.min(...found.map(({ low }) => low))),
    Math.ceil(Math.max(...found.map(({ high }) => high))),
  ];
  const pixels = (v: number, [low, high]: [number, number], span: number) =>
    ((v - low) / (high - low)) * (span - 2 * inset);
  const [wide, high] = [frame.width - frame.marginLeft - marginRight, height - frame.marginTop - frame.marginBottom];
  const offsets = placeLabels(found, ({ x, y }) => [pixels(x, xs, wide), -pixels(y, ys, high)]);
  const perPixel = (ys[1] - ys[0]) / (high - 2 * inset);
  const points = found.map((point, i) => ({ ...point, labelY: point.y - offsets[i]! * perPixel }));
  return toFile(`Top-1 accuracy against ${label}`, {
    ...frame,
    marginRight,
    height,
    inset,
    x: { label, labelAnchor: 'center', labelArrow: 'none', domain: xs },
    y: { label: 'Top-1 accuracy (%)', labelArrow: 'up', domain: ys },
    marks: [
      Plot.gridY({ stroke: rule, strokeOpacity: 1 }),
      Plot.gridX({ stroke: rule, strokeOpacity: 1 }),
      Plot.ruleX(points, { x: 'x', y1: 'low', y2: 'high', stroke: 'color', strokeWidth: 2 }),
      Plot.dot(points, { x: 'x', y: 'y', r: 6, fill: 'color', stroke: 'var(--card)' }),
      Plot.text(points, {
        x: 'x',
        y: 'labelY',
        text: 'name',
        fill: 'color',
        textAnchor: 'start',
        dx: 10,
        fontSize: 12,
      }),
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

/** Test accuracy epoch by epoch, of the first seed of each row. */
export function drawHistories(summaries: readonly Summary[]): string {
  const trained = summaries.filter(({ shown }) => shown.history.length > 0);
  const points = trained.flatMap(({ row, shown }) =>
    shown.history.map(({ epoch, top1 }) => ({ epoch, top1: 100 * top1, row: row.label, color: row.color })),
  );
  const ends = trained.map(({ row, shown }) => {
    const { epoch, top1 } = shown.history.at(-1)!;
    return { epoch, top1: 100 * top1, name: row.label, color: row.color };
  });
  const accuracies = points.map((point) => point.top1);
  const range = Math.max(...accuracies) - Math.min(...accuracies);
  const heights = spread(
    ends.map((end) => end.top1),
    0.045 * range,
  );
  const labels = ends.map((end, i) => ({ ...end, top1: heights[i]! }));
  return toFile('Test accuracy by epoch of training', {
    ...frame,
    marginRight,
    height: 420,
    x: { type: 'log', label: 'Epoch', labelAnchor: 'center', labelArrow: 'none', tickFormat: '~s' },
    y: { label: 'Top-1 accuracy on test images (%)', labelArrow: 'up', nice: true },
    marks: [
      Plot.gridY({ stroke: rule, strokeOpacity: 1 }),
      Plot.line(points, { x: 'epoch', y: 'top1', z: 'row', stroke: 'color', strokeWidth: 2 }),
      Plot.dot(ends, { x: 'epoch', y: 'top1', r: 4, fill: 'color' }),
      Plot.text(labels, { x: 'epoch', y: 'top1', text: 'name', fill: 'color', textAnchor: 'start', dx: 8 }),
    ],
  });
}
