/** What every page is: one HTML document without any outside resource, no font, no image file, and one script of its own. */

import { html, Markup } from './html.ts';
import { sortTables, sortTablesHash } from './sort-tables.ts';
import { style } from './style.ts';
import type { Statement } from './text-table.ts';

export interface HtmlDocument {
  readonly title: string;
  /** The line below the title. */
  readonly lead: string;
  /** The program and its version. */
  readonly generatedBy: string;
  /** Rules besides those of `style.ts`. */
  readonly rules?: string;
  /** What stands at the head of the page, below title and lead. */
  readonly head: Markup;
  readonly sections: readonly (Markup | undefined)[];
}

export function renderDocument({ title, lead, generatedBy, rules = '', head, sections }: HtmlDocument): string {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${generatedBy}">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src '${new Markup(sortTablesHash)}'">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Markup(style + rules)}</style>
</head>
<body>
<main>
<header>
<h1>${title}</h1>
<p class="lead">${lead}</p>
${head}
</header>
${sections.map((body) => html`${body}\n`)}</main>
<footer>${generatedBy}</footer>
<script>${new Markup(sortTables)}</script>
</body>
</html>
`;
  return document.text;
}

/** A section under its heading; nothing for a body that is nothing. */
export function section(title: string, body: Markup | undefined): Markup | undefined {
  return body && html`<section><h2>${title}</h2>${body}</section>`;
}

/** A figure at the head of a page: what it is, its value and unit, and in small letters what it compares with. */
export const tile = (term: string, value: string, unit: string, detail?: string): Markup =>
  html`<div class="card"><dt>${term}</dt>
<dd>${value}${unit ? html`<span class="unit">${unit}</span>` : undefined}${detail ? html`<small>${detail}</small>` : undefined}</dd></div>`;

/** A term of the facts below the tiles. */
export interface Fact extends Statement {
  /** `long` takes two columns, `code` the whole width in the typeface of code. */
  readonly form?: 'long' | 'code';
}

/** The facts without those that have no text. */
export function renderFacts(facts: readonly Fact[]): Markup {
  const item = ({ term, texts, form }: Fact) => {
    const open = form === 'code' ? html`<div class="wide">` : form === 'long' ? html`<div class="long">` : html`<div>`;
    const text = (text: string) => (form === 'code' ? html`<dd><code>${text}</code></dd>` : html`<dd>${text}</dd>`);
    return html`${open}<dt>${term}</dt>${texts.map(text)}</div>`;
  };
  return html`<dl class="facts">${facts.filter(({ texts }) => texts.length > 0).map(item)}</dl>`;
}
