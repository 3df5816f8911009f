/** The confusion matrix of a run as a heat map; with many classes, of those that are confused most. */

import * as Plot from '@observablehq/plot';
import type { RunResult } from '../../train/records.ts';
import { formatClass, formatCount, formatPercent } from '../format.ts';
import { html, type Markup } from '../html.ts';
import type { NamedRun } from '../runs.ts';
import { draw, figure, ink } from './draw.ts';

/** Classes that are shown at most. */
export const maxClasses = 20;

/** The matrix of a run; `undefined` when the run has none. */
export function drawConfusion({ run, name, color }: NamedRun): Markup | undefined {
  const { confusion, classes } = run;
  if (confusion.length === 0) return undefined;
  const shown = selectClasses(confusion);
  const text = (index: number) => formatClass(classes[index] ?? `${index}`, 20);
  const longest = Math.max(...shown.map((index) => [...text(index)].length));
  const cell = shown.length <= 6 ? 56 : shown.length <= 12 ? 44 : 34;
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
  const empty = cells.filter(({ count }) => count === 0);
  const marginLeft = 42 + 7 * longest;
  const marginBottom = isTilted ? 44 + 5.2 * longest : 44;
  const marginRight = 16;
  const marginTop = 8;
  const axis = { tickSize: 0, tickFormat: text, labelAnchor: 'center', labelArrow: 'none' } as const;
  const svg = draw(`Confusion matrix of ${name}: true class by row, predicted class by column`, {
    width: marginLeft + marginRight + cell * shown.length,
    height: marginTop + marginBottom + cell * shown.length,
    marginLeft,
    marginRight,
    marginTop,
    marginBottom,
    padding: 0.04,
    x: { domain: shown, axis: null },
    y: { domain: shown, axis: null },
    opacity: { type: 'identity' },
    marks: [
      Plot.cell(empty, { x: 'prediction', y: 'label', fill: 'var(--ghost)', fillOpacity: 0.4 }),
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
      Plot.axisX({ ...axis, label: 'Predicted class', tickRotate: isTilted ? -40 : 0, labelOffset: marginBottom - 6 }),
      Plot.axisY({ ...axis, label: 'True class', labelOffset: marginLeft - 6 }),
    ],
  });
  const all = confusion.length;
  const what = shown.length < all ? `The ${shown.length} most confused of ${all} classes. ` : '';
  const note = `${what}Counts of test images; colour: share of the true class.`;
  return figure({
    title: `Confusion matrix: ${name}`,
    note,
    body: html`<div class="matrix">${svg}${renderFrequent(run)}</div>`,
  });
}

/** The ten confusions with the highest counts, in words. */
function renderFrequent({ confusion, classes }: RunResult): Markup | undefined {
  const pairs = findConfusions(confusion).slice(0, 10);
  if (pairs.length === 0) return undefined;
  const name = (index: number) => classes[index] ?? `${index}`;
  const row = ({ label, prediction, count }: Confusion) =>
    html`<tr><td>${name(label)}</td><td>${name(prediction)}</td><td>${formatCount(count)}</td></tr>`;
  return html`<table class="frequent">
<caption>Most frequent confusions</caption>
<thead><tr><th scope="col">true</th><th scope="col">predicted</th><th scope="col">images</th></tr></thead>
<tbody>${pairs.map(row)}</tbody></table>`;
}

interface Confusion {
  readonly label: number;
  readonly prediction: number;
  readonly count: number;
}

/** What was taken for what, by falling count. */
function findConfusions(confusion: readonly (readonly number[])[]): Confusion[] {
  const found = confusion.flatMap((row, label) =>
    row
      .map((count, prediction) => ({ label, prediction, count }))
      .filter(({ count, prediction }) => count > 0 && prediction !== label),
  );
  return found.sort((a, b) => b.count - a.count);
}

/**
 * Every class, or with too many the classes of the most frequent confusions, until the places are taken. In the order
 * of the classes.
 */
export function selectClasses(confusion: readonly (readonly number[])[]): number[] {
  const indices = confusion.map((_, index) => index);
  if (indices.length <= maxClasses) return indices;
  const chosen = new Set<number>();
  for (const { label, prediction } of findConfusions(confusion)) {
    const isNew = Number(!chosen.has(label)) + Number(!chosen.has(prediction));
    if (chosen.size + isNew <= maxClasses) chosen.add(label).add(prediction);
  }
  for (const index of indices) if (chosen.size < maxClasses) chosen.add(index);
  return [...chosen].sort((a, b) => a - b);
}
