/** Training and test loss against epochs. */

import type { EpochRecord } from '../../train/records.ts';
import { formatFixed } from '../format.ts';
import type { Markup } from '../html.ts';
import type { NamedRun } from '../runs.ts';
import { drawCurves } from './curves.ts';
import { figure } from './draw.ts';

export function drawLoss(runs: readonly NamedRun[]): Markup {
  const format = (loss: number) => `${formatFixed(loss, 4)} nats`;
  const curves = [
    { name: 'training loss', value: (record: EpochRecord) => record.trainLoss, format, dashed: true },
    { name: 'test loss', value: (record: EpochRecord) => record.testLoss, format },
  ];
  return figure({
    title: 'Loss',
    note: 'Solid: test. Dashed: training, as it is minimised.',
    legend: runs.map(({ name, color }) => ({ name, color, shape: 'line' })),
    body: drawCurves('Training and test loss against epoch', 'Loss (nats)', runs, curves),
  });
}
