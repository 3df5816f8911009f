/** Draws a Plot specification as inline SVG, without a browser: Plot builds its elements in a linkedom document. */

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { html, Markup, replaceControls } from '../html.ts';

const { document } = parseHTML('<!doctype html><html><body></body></html>');

/** Colours that follow the page's light or dark scheme (`style.ts`). */
export const ink = 'var(--ink)';
export const muted = 'var(--muted)';
export const rule = 'var(--rule)';

/**
 * The SVG of a plot; `label` describes it to screen readers. On narrow screens a chart shrinks to the share `least` of its
 * width, where its text is hard to read, then scrolls.
 */
export function draw(label: string, options: Plot.PlotOptions, least = 0.78): Markup {
  const svg = Plot.plot({
    ...options,
    document,
    style: { fontSize: '12px', fontFamily: 'inherit', overflow: 'visible' },
  });
  const width = Number(svg.getAttribute('width'));
  svg.setAttribute('style', `${svg.getAttribute('style') ?? ''};min-width:${Math.round(least * width)}px`);
  for (const path of Array.from(svg.querySelectorAll('path'))) {
    const d = path.getAttribute('d');
    if (d) path.setAttribute('d', d.replace(/(\.\d\d)\d+/g, '$1'));
  }
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
