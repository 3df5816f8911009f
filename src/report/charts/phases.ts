/** The phases of training: where each begins, and the strip under a curve that names them. */

import * as Plot from '@observablehq/plot';
import type { EpochRecord, Phase } from '../../train/records.ts';
import type { Markup } from '../html.ts';
import type { NamedRun } from '../runs.ts';
import { draw, ink, narrowWidth } from './draw.ts';

/** Epochs `first` to `last` of a run, both included. */
export interface PhaseSpan {
  readonly phase: Phase;
  readonly first: number;
  readonly last: number;
}

const phaseWords: Readonly<Record<Phase, { readonly text: string; readonly opacity: number }>> = {
  head: { text: 'head only', opacity: 0.7 },
  full: { text: 'full-precision weights', opacity: 0.5 },
  ternary: { text: 'ternary, straight-through', opacity: 0.3 },
  frozen: { text: 'ternary, frozen', opacity: 0.14 },
};

/** The runs of equal phases in a history, in order. */
export function findPhases(history: readonly EpochRecord[]): PhaseSpan[] {
  const spans: PhaseSpan[] = [];
  for (const { phase, epoch } of history) {
    const last = spans.at(-1);
    if (last?.phase === phase) spans[spans.length - 1] = { ...last, last: epoch };
    else spans.push({ phase, first: epoch, last: epoch });
  }
  return spans;
}

/** The x axis that the curves and the strip share. */
export interface EpochAxis {
  readonly width: number;
  readonly marginLeft: number;
  readonly marginRight: number;
  readonly domain: readonly [number, number];
}

/** One bar a run, divided into its phases. */
export function drawPhaseStrip(runs: readonly NamedRun[], axis: EpochAxis): Markup {
  const label = 'Phases of training by run';
  const narrow = stripOf(runs, { ...axis, width: narrowWidth });
  return draw(label, stripOf(runs, axis), narrow);
}

function stripOf(runs: readonly NamedRun[], { width, marginLeft, marginRight, domain }: EpochAxis): Plot.PlotOptions {
  const pixels = (width - marginLeft - marginRight) / (domain[1] - domain[0]);
  const spans = runs.flatMap(({ run, name, color }) =>
    findPhases(run.history).map((span) => {
      const { text, opacity } = phaseWords[span.phase];
      const room = (span.last - span.first + 1) * pixels - 10;
      const fitting = [text, span.phase].find((candidate) => candidate.length * 6.2 < room) ?? '';
      const epochs = span.first === span.last ? `epoch ${span.first}` : `epochs ${span.first} to ${span.last}`;
      const title = `${name}, ${epochs}: ${text}`;
      return { x1: span.first - 0.5, x2: span.last + 0.5, name, color, opacity, fitting, title };
    }),
  );
  const row = { x1: 'x1', x2: 'x2', y: 'name', insetTop: 1, insetBottom: 1, insetRight: 1, title: 'title' } as const;
  return {
    width,
    marginLeft,
    marginRight,
    marginTop: 2,
    marginBottom: 38,
    height: 40 + 20 * runs.length,
    x: {
      domain,
      label: 'Epoch',
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks: epochTicks(domain),
      tickFormat: 'd',
      tickSize: 4,
    },
    y: { axis: null, domain: runs.map(({ name }) => name), padding: 0 },
    marks: [
      Plot.barX(spans, { ...row, fill: 'color', fillOpacity: 'opacity' }),
      Plot.text(spans, { x: 'x1', y: 'name', text: 'fitting', textAnchor: 'start', dx: 6, fill: ink, fontSize: 11 }),
    ],
    opacity: { type: 'identity' },
  };
}

/** At most about ten whole epochs. */
function epochTicks([first, last]: readonly [number, number]): number[] {
  const steps = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000];
  const step = steps.find((candidate) => (last - first) / candidate <= 10) ?? 2000;
  const ticks: number[] = [];
  for (let tick = Math.ceil(first / step) * step; tick <= last; tick += step) ticks.push(tick);
  return ticks;
}
