/** Loss of training images and of those evaluated against epochs. */

import type { EpochRecord } from '../../train/records.ts';
import { formatFixed } from '../format.ts';
import type { Markup } from '../html.ts';
import type { NamedRun } from '../runs.ts';
import { drawCurves } from './curves.ts';
import { figure } from './draw.ts';
import { splitOf } from './split.ts';

export function drawLoss(runs: readonly NamedRun[]): Markup {
  const format = (loss: number) => `${formatFixed(loss, 4)} nats`;
  const split = splitOf(runs);
  const curves = [
    { name: 'training loss', value: (record: EpochRecord) => record.trainLoss, format, dashed: true },
    { name: `${split} loss`, value: (record: EpochRecord) => record.testLoss, format },
  ];
  return figure({
    title: 'Loss',
    note: `Solid: ${split}. Dashed: training, as it is minimised.`,
    legend: runs.map(({ name, color }) => ({ name, color, shape: 'line' })),
    body: drawCurves(`Training and ${split} loss against epoch`, 'Loss (nats)', runs, curves),
  });
}
