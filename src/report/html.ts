/** Markup by tagged template: whatever is put in is escaped, unless it is markup itself. */

import { shorten } from './format.ts';

/** Finished markup. */
export class Markup {
  constructor(readonly text: string) {}
}

type Part = Markup | string | number | undefined | readonly Part[];

/** `html\`<b>${name}</b>\``: texts and numbers are escaped, markup and lists of it are put in, `undefined` is nothing. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = texts[0]!;
  for (const [i, part] of parts.entries()) text += render(part) + texts[i + 1]!;
  return new Markup(text);
}

function render(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'string' || typeof part === 'number') return escapeText(`${part}`);
  return part.map(render).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for element content and quoted attributes; control characters, which no document may hold, become U+FFFD. */
export function escapeText(text: string): string {
  return replaceControls(text).replace(/[&<>"']/g, (c) => entities[c]!);
}

/** A text without control characters except tab and line ends. */
export function replaceControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => ('\t\n\r'.includes(c) ? c : '\ufffd'));
}

/** A name in at most `length` characters, the whole of it as a tooltip. */
export function shortName(name: string, length: number): Markup {
  const short = shorten(name, length);
  return short === name ? html`${name}` : html`<span title="${name}">${short}</span>`;
}
