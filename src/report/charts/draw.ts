/** Draws a Plot specification as inline SVG, without a browser: Plot builds its elements in a linkedom document. */

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { html, Markup, replaceControls } from '../html.ts';

const { document } = parseHTML('<!doctype html><html><body></body></html>');

/** Colours that follow the page's light or dark scheme (`style.ts`). */
export const ink = 'var(--ink)';
export const muted = 'var(--muted)';
export const rule = 'var(--rule)';

/** Pixels of a chart that has a card of its own. */
export const fullWidth = 1120;

/** Pixels that a chart has on the narrowest screens, phones of 390 pixels. */
export const narrowWidth = 330;

/** Charts above this width are drawn for narrow screens besides, where they would shrink until nobody could read them. */
const widest = 500;

/**
 * The SVG of a plot, as wide as its card allows; `label` describes it to screen readers. A wide one is two drawings, of
 * which the style sheet shows one: for narrow screens it has `narrow` in place of those options.
 */
export function draw(label: string, options: Plot.PlotOptions, narrow: Plot.PlotOptions = {}): Markup {
  if ((options.width ?? 640) <= widest) return drawOne(label, options);
  const wide = drawOne(label, options, 'wide');
  return html`${wide}${drawOne(label, { ...options, width: narrowWidth, ...narrow }, 'narrow')}`;
}

/** One drawing; with a place it is shown on wide or on narrow screens only. */
export function drawOne(label: string, options: Plot.PlotOptions, place?: 'wide' | 'narrow'): Markup {
  const svg = Plot.plot({
    ...options,
    document,
    style: { fontSize: '12px', fontFamily: 'inherit', overflow: 'visible' },
  });
  for (const path of Array.from(svg.querySelectorAll('path'))) {
    const d = path.getAttribute('d');
    if (d) path.setAttribute('d', d.replace(/(\.\d\d)\d+/g, '$1'));
  }
  if (place) svg.setAttribute('class', `${svg.getAttribute('class') ?? ''} ${place}`.trim());
  // linkedom escapes elements' text, but neither `&` in attributes nor control characters.
  const drawing = replaceControls(svg.outerHTML).replace(
    '<svg ',
    () => html`<svg role="img" aria-label="${label}" `.text,
  );
  return new Markup(drawing);
}

export interface LegendItem {
  readonly name: string;
  readonly color: string;
  /** How the item is drawn; default a filled square. */
  readonly shape?: 'line' | 'square';
}

export interface Figure {
  readonly title: string;
  /** What one has to know to read the chart. */
  readonly note?: string;
  readonly legend?: readonly LegendItem[];
  /** A legend of another form, above the chart. */
  readonly key?: Markup;
  readonly body: Markup | readonly Markup[];
}

/** A chart with its title, legend and note. */
export function figure({ title, note, legend = [], key, body }: Figure): Markup {
  const item = ({ name, color, shape = 'square' }: LegendItem) =>
    html`<li><span class="key ${shape}" style="color:${color}"></span>${name}</li>`;
  return html`<figure>
<figcaption><h3>${title}</h3>${note ? html`<p>${note}</p>` : undefined}</figcaption>
${legend.length > 0 ? html`<ul class="legend">${legend.map(item)}</ul>` : undefined}
${key}
<div class="chart">${body}</div>
</figure>`;
}
