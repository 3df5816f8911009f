/** Test images that the original and the compressed network put into different classes. */

import type { Agreement, ExampleImage } from '../classifier/compare.ts';
import { type Column, renderColumns } from './columns.ts';
import { formatCount, formatPercent } from './format.ts';
import { html, type Markup } from './html.ts';
import { encodeImage } from './samples.ts';

type Example = Agreement['examples'][number];

/**
 * A gallery, or without images a table by class numbers. `total` is the number of images compared; `undefined` where the
 * networks agree on all of them.
 */
export async function renderDisagreements(
  { share, examples }: Agreement,
  total: number,
  samples: readonly ExampleImage[] = [],
): Promise<Markup | undefined> {
  if (examples.length === 0) return undefined;
  const count = Math.round((1 - share) * total);
  const first = examples.length < count ? ` The first ${examples.length} of them:` : '';
  const note = html`<p class="note">The networks differ on ${formatCount(count)} of ${formatCount(total)} test images
(${formatPercent(count / total)} %).${first} ✓ and ✗ tell which predictions are right.</p>`;
  if (samples.length === 0) return html`${note}${renderTable(examples)}`;
  const uris = await Promise.all(samples.map(encodeImage));
  return html`${note}
<ul class="samples">${samples.map((sample, i) => card(sample, uris[i]!))}</ul>`;
}

/** The frame tells whether the compressed network is right. */
function card({ label, before, after }: ExampleImage, uri: string): Markup {
  const sign = (prediction: string) => (prediction === label ? '✓' : '✗');
  return html`<li class="${after === label ? 'right' : 'wrong'}">
<img src="${uri}" alt="${label}" width="80" height="80">
<span class="prediction"><span title="Predicted by the compressed network: ${after}">${sign(after)} ${after}</span></span>
<span class="label" title="Predicted by the original: ${before}">before: ${sign(before)} ${before}</span>
<span class="label" title="True class: ${label}">true: ${label}</span>
</li>`;
}

const columns: readonly Column<Example>[] = [
  { head: 'true class', cell: ({ label }) => `${label}` },
  { head: 'before', hint: 'Class that the original predicts', cell: ({ before }) => `${before}` },
  { head: 'after', hint: 'Class that the compressed network predicts', cell: ({ after }) => `${after}` },
];

const renderTable = (examples: readonly Example[]) =>
  renderColumns({
    corner: 'image',
    columns,
    rows: examples.map((row) => ({ name: `${row.image}`, row })),
    isDense: true,
  });
