/** A continuous scale of colours, low to high, whose ends the page's light and dark scheme define (`style.ts`). */

import { html, type Markup } from '../html.ts';

export interface Ramp {
  readonly color: (value: number) => string;
  /** The scale with its ends, as a legend. */
  readonly key: (name: string, format: (value: number) => string) => Markup;
}

/** Mixed in Oklab, in which equal steps look equal. `at` is in 0..1. */
function mix(at: number): string {
  const [from, to, share] = at < 0.5 ? ['low', 'middle', 2 * at] : ['middle', 'high', 2 * at - 1];
  return `color-mix(in oklab, var(--ramp-${from}), var(--ramp-${to}) ${Math.round(1000 * share) / 10}%)`;
}

const steps = 40;

/** A scale over the finite values; equal ones have the middle colour. */
export function makeRamp(values: readonly number[]): Ramp {
  const finite = values.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const at = (value: number) =>
    high > low && !Number.isNaN(value) ? Math.min(Math.max((value - low) / (high - low), 0), 1) : 0.5;
  return {
    color: (value) => mix(at(value)),
    key: (name, format) => {
      const colors = Array.from({ length: steps }, (_, i) => mix(high > low ? i / (steps - 1) : 0.5));
      return html`<div class="ramp"><span>${name}</span><span>${format(low)}</span>
<span class="steps">${colors.map((color) => html`<i style="background:${color}"></i>`)}</span><span>${format(high)}</span></div>`;
    },
  };
}
