/** The report of `tritbank hardware explore`, and its table on the terminal. */

import type { Exploration, ExploredArray } from '../hardware/explore.ts';
import { drawExploredArrays } from './charts/explored-arrays.ts';
import { renderColumns } from './columns.ts';
import { type Fact, renderDocument, renderFacts, section, tile } from './document.ts';
import { clockNote, controlNote, exploreColumns, sortArrays } from './explore-text.ts';
import { formatCount, formatDate, formatFixed } from './format.ts';
import { html } from './html.ts';

export interface ExploreReport {
  readonly title: string;
  readonly generatedBy: string;
  readonly command: string;
  /** ISO 8601. */
  readonly date: string;
  readonly exploration: Exploration;
  /** um2. */
  readonly budget: number | undefined;
  readonly clockMHz: number;
}

const bestTile = (term: string, best: ExploredArray | undefined, value: (one: ExploredArray) => string, unit: string) =>
  tile(term, best ? value(best) : '', unit, best?.name ?? 'none in the budget');

export function renderExplorePage({ title, generatedBy, command, date, ...report }: ExploreReport): string {
  const { exploration, budget, clockMHz } = report;
  const { arrays, fastest, densest, library, refused } = exploration;
  const facts: Fact[] = [
    { term: 'Library', texts: [library] },
    { term: 'Clock', texts: [`${clockMHz} MHz`] },
    { term: 'Date', texts: [formatDate(date)] },
    { term: 'Command', texts: [command], form: 'code' },
  ];
  const slow = clockNote(arrays, clockMHz);
  const rows = sortArrays(arrays).map((row) => ({ name: row.name, row }));
  return renderDocument({
    title,
    lead: `${formatCount(arrays.length)} arrays: cycles of the cycle model, areas as synthesised`,
    generatedBy,
    head: html`<dl class="tiles">
${bestTile('Fastest', fastest, (one) => formatFixed(one.throughput, 1), 'images/s')}
${bestTile('Most for its area', densest, (one) => formatFixed(one.throughputPerArea, 1), 'images/s and mm2')}
</dl><div class="card">${renderFacts(facts)}</div>`,
    sections: [
      section(
        'Arrays',
        html`${drawExploredArrays(arrays, budget)}
<div class="card">${renderColumns({ corner: 'array', columns: exploreColumns(exploration), rows, isDense: true })}
<p class="note">${controlNote(exploration)}</p>
${slow === undefined ? undefined : html`<p class="note">${slow}</p>`}
${refused.map(({ name, reason }) => html`<p class="note">${name}: ${reason}</p>`)}</div>`,
      ),
    ],
  });
}
