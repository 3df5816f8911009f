/** The report of `tritbank hardware simulate`: a network on an array, layer by layer. */

import type { ArrayParameters, Timeline } from '../accelerator/index.ts';
import type { LayerFigures } from '../hardware/layer-figures.ts';
import { drawTimeline } from './charts/engine-timeline.ts';
import { drawRoofline } from './charts/roofline.ts';
import { renderColumns } from './columns.ts';
import { type Fact, renderDocument, renderFacts, section, tile } from './document.ts';
import { formatCount, formatDate, formatFixed } from './format.ts';
import { html } from './html.ts';
import { accessColumns, layerColumns } from './simulate-text.ts';

export interface SimulateReport {
  readonly title: string;
  readonly generatedBy: string;
  readonly command: string;
  /** ISO 8601. */
  readonly date: string;
  /** As `nameArray` says it. */
  readonly arrayName: string;
  readonly array: ArrayParameters;
  readonly timeline: Timeline;
  readonly layers: readonly LayerFigures[];
  /** Shares of the time in which lanes compute; without adders for an array of MACs only. */
  readonly busy: { readonly mac?: number; readonly adder?: number };
  /** What the RTL said. */
  readonly verdict: string;
}

const percent = (share: number | undefined) => (share === undefined ? '' : formatFixed(100 * share, 1));

export function renderSimulatePage({ title, generatedBy, command, date, ...report }: SimulateReport): string {
  const { array, arrayName, timeline, layers, busy, verdict } = report;
  const { images } = array;
  const facts: Fact[] = [
    { term: 'Array', texts: [arrayName] },
    { term: 'RTL', texts: [verdict] },
    { term: 'Date', texts: [formatDate(date)] },
    { term: 'Command', texts: [command], form: 'code' },
  ];
  const rows = layers.map((row) => ({ name: row.name, row }));
  const table = (columns: typeof layerColumns) => renderColumns({ corner: 'layer', columns, rows, isDense: true });
  const each = formatCount(Math.round(timeline.cycles / images));
  return renderDocument({
    title,
    lead: `${images} image${images > 1 ? 's' : ''} on the array, to the cycle`,
    generatedBy,
    head: html`<dl class="tiles">
${tile('Cycles an image', each, '', `${formatCount(timeline.cycles)} in all`)}
${tile('MACs at work', percent(busy.mac), '%', 'of the time')}
${busy.adder === undefined ? undefined : tile('Adders at work', percent(busy.adder), '%', 'of the time')}
</dl><div class="card">${renderFacts(facts)}</div>`,
    sections: [
      section('When', drawTimeline(timeline, images)),
      section('How near to the limits', drawRoofline(layers, array)),
      section('Cycles', html`<div class="card">${table(layerColumns)}</div>`),
      section('Memories', html`<div class="card">${table(accessColumns)}</div>`),
    ],
  });
}
