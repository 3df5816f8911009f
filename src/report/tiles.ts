/** The figures at the head of the report: the featured run against the baseline. */

import { formatInterval, intervalOf } from './accuracy-words.ts';
import { tile } from './document.ts';
import { formatCount, formatKilobytes, formatPercent, formatSigned } from './format.ts';
import { html, type Markup } from './html.ts';
import type { NamedRun } from './runs.ts';

export function renderTiles({ run, name }: NamedRun, baseline: NamedRun | undefined): Markup {
  const other = baseline && baseline.run !== run ? baseline : undefined;
  const points = other && `, ${formatSigned(100 * (run.top1 - other.run.top1))} points against ${other.name}`;
  const interval = `${formatInterval(intervalOf(run))} %`;
  const ternary = run.layers.reduce((sum, { ternary: t }) => sum + (t ? t.minus + t.zero + t.plus : 0), 0);
  const share = run.parameters > 0 ? ternary / run.parameters : 0;
  const tiles = [
    tile(`Top-1 accuracy, ${name}`, formatPercent(run.top1), '%', `${interval}${points ?? ''}`),
    tile('Model size', formatKilobytes(run.bytes), 'KB', `${formatKilobytes(run.bytes16)} KB at 16 bits`),
    tile('Smaller than 16-bit', formatPercent(1 - run.bytes / run.bytes16, 1).replace('-', '−'), '%'),
    tile(
      'Parameters',
      formatCount(run.parameters),
      '',
      ternary > 0 ? `${formatPercent(share, 1)} % ternary` : undefined,
    ),
  ];
  return html`<dl class="tiles">${tiles}</dl>`;
}
