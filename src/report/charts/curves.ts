/** Curves over epochs, one colour a run, with the phases of training marked: shared by the accuracy and loss charts. */

import * as Plot from '@observablehq/plot';
import type { EpochRecord } from '../../train/records.ts';
import type { Markup } from '../html.ts';
import type { NamedRun } from '../runs.ts';
import { draw, rule } from './draw.ts';
import { drawPhaseStrip, findPhases } from './phases.ts';
import { findRange } from './range.ts';

export interface Curve {
  /** `test`, `training`: part of the tooltip. */
  readonly name: string;
  readonly value: (record: EpochRecord) => number;
  readonly format: (value: number) => string;
  readonly dashed?: boolean;
}

/** Dots a curve gets at most; further epochs have no dot, only the line. */
const maxDots = 60;

/** The curves above a strip with each run's phases. Runs without history are left out. */
export function drawCurves(
  label: string,
  yLabel: string,
  runs: readonly NamedRun[],
  curves: readonly Curve[],
): readonly Markup[] {
  const shown = runs.filter(({ run }) => run.history.length > 0);
  const epochs = shown.flatMap(({ run }) => run.history.map((record) => record.epoch));
  const first = epochs.reduce((a, b) => Math.min(a, b));
  const last = epochs.reduce((a, b) => Math.max(a, b));
  const axis = { width: 560, marginLeft: 48, marginRight: 12, domain: [first - 0.5, last + 0.5] } as const;
  const starts = shown.flatMap(({ run }) => findPhases(run.history).map((span) => span.first - 0.5));
  const boundaries = [...new Set(starts)].filter((x) => x > first - 0.5);
  const values = shown.flatMap(({ run }) => curves.flatMap(({ value }) => run.history.map(value)));
  const svg = draw(label, {
    ...axis,
    height: 280,
    marginTop: 24,
    marginBottom: 10,
    x: { domain: axis.domain, axis: null },
    y: { label: yLabel, domain: findRange(values), nice: 6, ticks: 6, labelArrow: 'up' },
    marks: [
      Plot.gridY({ stroke: rule, strokeOpacity: 1, ticks: 6 }),
      Plot.ruleX(boundaries, { stroke: 'var(--muted)', strokeOpacity: 0.6, strokeDasharray: '2,3' }),
      ...shown.flatMap((run) => curves.map((curve) => marksOf(run, curve))),
    ],
  });
  return [svg, drawPhaseStrip(shown, axis)];
}

function marksOf({ run, name, color }: NamedRun, curve: Curve): Plot.Markish[] {
  const points = run.history
    .map((record) => ({ x: record.epoch, y: curve.value(record), phase: record.phase }))
    .filter(({ y }) => Number.isFinite(y))
    .map(({ x, y, phase }) => ({
      x,
      y,
      title: `${name}, epoch ${x} (${phase}): ${curve.name} ${curve.format(y)}`,
    }));
  const every = Math.ceil(points.length / maxDots);
  const dots = points.filter((_, i) => i % every === 0 || i === points.length - 1);
  const r = points.length > maxDots / 2 ? 1.6 : curve.dashed ? 2 : 2.75;
  const dash = curve.dashed ? { strokeDasharray: '5,3', strokeOpacity: 0.8 } : {};
  return [
    Plot.lineY(points, { x: 'x', y: 'y', stroke: color, strokeWidth: 2, curve: 'linear', ...dash }),
    Plot.dot(dots, { x: 'x', y: 'y', r, fill: color, title: 'title' }),
  ];
}
