/** The confusion matrix of a run as a heat map; with many classes, of those that are confused most. */

import * as Plot from '@observablehq/plot';
import { formatCount, formatPercent, shorten } from '../format.ts';
import type { Markup } from '../html.ts';
import type { NamedRun } from '../runs.ts';
import { draw, figure, ink, muted } from './draw.ts';

/** Classes that are shown at most. */
export const maxClasses = 20;

/** The matrix of a run; `undefined` when the run has none. */
export function drawConfusion({ run, name, color }: NamedRun): Markup | undefined {
  const { confusion, classes } = run;
  if (confusion.length === 0) return undefined;
  const shown = selectClasses(confusion);
  const text = (index: number) => shorten(classes[index] ?? `${index}`, 18);
  const longest = Math.max(...shown.map((index) => [...text(index)].length));
  const cell = shown.length <= 6 ? 56 : shown.length <= 12 ? 44 : 36;
  const isTilted = longest > 4;
  const cells = shown.flatMap((label) => {
    const row = confusion[label] ?? [];
    const total = row.reduce((sum, count) => sum + count, 0);
    return shown.map((prediction) => {
      const count = row[prediction] ?? 0;
      const share = total > 0 ? count / total : 0;
      const title = `${text(label)} taken for ${text(prediction)}: ${formatCount(count)} of ${formatCount(total)} (${formatPercent(share, 1)} %)`;
      // The root makes rare confusions visible next to the diagonal.
      return { label, prediction, count, strength: Math.sqrt(share), title };
    });
  });
  const counted = cells.filter(({ count }) => count > 0);
  const marginLeft = 30 + 7 * longest;
  const marginBottom = isTilted ? 44 + 5.2 * longest : 44;
  const marginRight = 16;
  const marginTop = 8;
  const tickFormat = (index: number) => text(index);
  const svg = draw(`Confusion matrix of ${name}: true class by row, predicted class by column`, {
    width: marginLeft + marginRight + cell * shown.length,
    height: marginTop + marginBottom + cell * shown.length,
    marginLeft,
    marginRight,
    marginTop,
    marginBottom,
    padding: 0.04,
    x: { domain: shown, label: null, tickSize: 0, tickFormat, tickRotate: isTilted ? -40 : 0 },
    y: { domain: shown, label: null, tickSize: 0, tickFormat },
    opacity: { type: 'identity' },
    marks: [
      Plot.cell(shown, { x: (i: number) => i, y: (i: number) => i, fill: 'none', stroke: muted, strokeOpacity: 0.6 }),
      Plot.cell(counted, { x: 'prediction', y: 'label', fill: color, fillOpacity: 'strength', title: 'title' }),
      ...[true, false].map((isDark) =>
        Plot.text(
          counted.filter(({ strength }) => strength > 0.62 === isDark),
          {
            x: 'prediction',
            y: 'label',
            text: ({ count }: { readonly count: number }) =>
              count < 10_000 ? `${count}` : `${Math.round(count / 1000)}k`,
            fill: isDark ? 'var(--on-color)' : ink,
            pointerEvents: 'none',
          },
        ),
      ),
      Plot.axisX({ anchor: 'bottom', label: 'Predicted class', ticks: [], labelAnchor: 'center', labelArrow: 'none' }),
      Plot.axisY({ anchor: 'left', label: 'True class', ticks: [], labelAnchor: 'center', labelArrow: 'none' }),
    ],
  });
  const all = confusion.length;
  const what = shown.length < all ? `The ${shown.length} most confused of ${all} classes. ` : '';
  const note = `${what}Counts of test images; colour: share of the true class.`;
  return figure({ title: `Confusion matrix: ${name}`, note, body: svg });
}

/**
 * Every class, or with too many the classes of the most frequent confusions: pairs by falling count, until the places
 * are taken. In the order of the classes.
 */
export function selectClasses(confusion: readonly (readonly number[])[]): number[] {
  const indices = confusion.map((_, index) => index);
  if (indices.length <= maxClasses) return indices;
  const pairs: { readonly a: number; readonly b: number; readonly count: number }[] = [];
  for (const a of indices) {
    for (let b = a + 1; b < indices.length; b++) {
      const count = (confusion[a]?.[b] ?? 0) + (confusion[b]?.[a] ?? 0);
      if (count > 0) pairs.push({ a, b, count });
    }
  }
  pairs.sort((p, q) => q.count - p.count);
  const chosen = new Set<number>();
  for (const { a, b } of pairs) {
    if (chosen.size + (chosen.has(a) ? 0 : 1) + (chosen.has(b) ? 0 : 1) <= maxClasses) chosen.add(a).add(b);
  }
  for (const index of indices) if (chosen.size < maxClasses) chosen.add(index);
  return [...chosen].sort((a, b) => a - b);
}
