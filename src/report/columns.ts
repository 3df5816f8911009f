/** Columns of a table, each defined once and shown as HTML in a report and as plain text on the terminal. */

import { html, type Markup } from './html.ts';

export interface Column<Row> {
  readonly head: string;
  /** What the head leaves out, shown as its tooltip. */
  readonly hint?: string;
  readonly cell: (row: Row) => string;
}

export interface HtmlRow<Row> {
  readonly name: Markup | string;
  readonly row: Row;
}

export interface HtmlTable<Row> {
  /** Head of the rows' names. */
  readonly corner: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly HtmlRow<Row>[];
  /** The last row: its name, then a cell for each column. */
  readonly total?: readonly [string, ...string[]];
  /** Less space, and names that stay in sight while the table scrolls sideways: for many rows and columns. */
  readonly isDense?: boolean;
}

/**
 * A table that scrolls sideways where it does not fit, on narrow screens a block a row. A press on a head sorts by it
 * (`sort-tables.ts`).
 */
export function renderColumns<Row>({ corner, columns, rows, total, isDense }: HtmlTable<Row>): Markup {
  // heads break between words, not at the hyphen of `top-1`
  const words = (head: string) => head.split(' ').map((word, i) => html`${i > 0 ? ' ' : ''}<span>${word}</span>`);
  const sorter = (name: string) => html`<button type="button">${words(name)}</button>`;
  const head = ({ head, hint }: Column<Row>) =>
    html`<th scope="col"${hint ? html` title="${hint}"` : undefined}>${sorter(head)}</th>`;
  const body = ({ name, row }: HtmlRow<Row>) => html`<tr>
<th scope="row">${name}</th>
${columns.map((column) => html`<td data-head="${column.head}">${column.cell(row)}</td>`)}
</tr>`;
  const foot = total?.map((cell, i) =>
    i === 0 ? html`<th scope="row">${cell}</th>` : html`<td data-head="${columns[i - 1]!.head}">${cell}</td>`,
  );
  return html`<div class="scroll"><table class="results${isDense ? ' dense' : ''}">
<thead><tr><th scope="col">${sorter(corner)}</th>${columns.map(head)}</tr></thead>
<tbody>${rows.map(body)}</tbody>
${foot && html`<tfoot><tr>${foot}</tr></tfoot>`}
</table></div>`;
}
