/** Test accuracy against epochs. */

import { formatPercent } from '../format.ts';
import type { Markup } from '../html.ts';
import type { NamedRun } from '../runs.ts';
import { drawCurves } from './curves.ts';
import { figure } from './draw.ts';

export function drawAccuracy(runs: readonly NamedRun[]): Markup {
  const test = {
    name: 'test top-1',
    value: ({ top1 }: { readonly top1: number }) => 100 * top1,
    format: (percent: number) => `${formatPercent(percent / 100)} %`,
  };
  return figure({
    title: 'Test accuracy',
    note: 'Dotted lines and the strip below mark the phases of training.',
    legend: runs.map(({ name, color }) => ({ name, color, shape: 'line' })),
    body: drawCurves('Test top-1 accuracy against epoch', 'Top-1 accuracy (%)', runs, [test]),
  });
}
