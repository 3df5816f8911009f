/** The report of `tritbank bench`: a chart of latencies for each network and place, and the table. */

import type { BenchResult, PlaceResult, TaskResult } from '../bench/records.ts';
import { sizeOf } from '../images/size.ts';
import { benchColumns, benchRows, describeBench, nameOf, placeNotes } from './bench-text.ts';
import { drawLayerBars } from './charts/layer-bars.ts';
import { renderColumns } from './columns.ts';
import { type Fact, renderDocument, renderFacts, section } from './document.ts';
import { formatDate } from './format.ts';
import { html, type Markup } from './html.ts';

export interface BenchReport {
  readonly title: string;
  readonly generatedBy: string;
  readonly result: BenchResult;
}

const colors: Readonly<Record<string, string>> = { tritbank: 'var(--hybrid)' };

function drawPlace(place: PlaceResult): Markup {
  // a program in the place of a GPU would be all that one sees
  const shown = place.measurements.filter(({ adapter }) => !adapter?.isSoftware);
  const bars = shown.sort((a, b) => a.latency - b.latency);
  return drawLayerBars({
    title: place.engine,
    xLabel: 'Latency of one image (ms)',
    longestName: 34,
    names: bars.map(({ runtime, form }) => `${runtime}, ${form}`),
    bars: bars.map(({ runtime, form, latency }, row) => ({
      row,
      x1: 0,
      x2: latency,
      color: colors[runtime] ?? 'var(--fp)',
      title: `${runtime}, ${form}: ${latency.toFixed(2)} ms`,
    })),
  });
}

function renderTask(task: TaskResult): Markup | undefined {
  const table = (place: PlaceResult) => {
    const rows = benchRows(task, place).map((row) => ({ name: nameOf(row), row }));
    return html`<div class="card"><h3>${place.engine}</h3>
${renderColumns({ corner: 'runtime and network', columns: benchColumns, rows })}
${placeNotes(place).map((line) => html`<p class="note">${line}</p>`)}</div>`;
  };
  const charts = html`<div class="pair">${task.places.map(drawPlace)}</div>`;
  return section(
    `${task.name}, ${sizeOf(task.size).height} x ${sizeOf(task.size).width}`,
    html`${charts}${task.places.map(table)}`,
  );
}

export function renderBenchPage({ title, generatedBy, result }: BenchReport): string {
  const facts: Fact[] = [
    { term: 'Measured', texts: [formatDate(result.date)] },
    { term: 'How', texts: [describeBench(result)], form: 'long' },
    { term: 'Command', texts: [result.command], form: 'code' },
  ];
  return renderDocument({
    title,
    lead: 'Latency of one image by runtime and network',
    generatedBy,
    head: html`<div class="card">${renderFacts(facts)}</div>`,
    sections: result.tasks.map(renderTask),
  });
}
