/** Accuracy of test images, or of those held out, against epochs. */

import { formatPercent } from '../format.ts';
import type { Markup } from '../html.ts';
import type { NamedRun } from '../runs.ts';
import { drawCurves } from './curves.ts';
import { figure } from './draw.ts';
import { splitOf } from './split.ts';

export function drawAccuracy(runs: readonly NamedRun[]): Markup {
  const split = splitOf(runs);
  const title = `${split[0]!.toUpperCase()}${split.slice(1)}`;
  const test = {
    name: `${split} top-1`,
    value: ({ top1 }: { readonly top1: number }) => 100 * top1,
    format: (percent: number) => `${formatPercent(percent / 100)} %`,
  };
  return figure({
    title: `${title} accuracy`,
    note: 'Dotted lines and the strip below mark the phases of training.',
    legend: runs.map(({ name, color }) => ({ name, color, shape: 'line' })),
    body: drawCurves(`${title} top-1 accuracy against epoch`, 'Top-1 accuracy (%)', runs, [test]),
  });
}
