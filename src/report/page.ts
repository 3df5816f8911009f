/** The report as one HTML document without any outside resource: no script, no font, no image file. */

import type { RunResult } from '../train/records.ts';
import { drawAccuracy } from './charts/accuracy.ts';
import { drawConfusion } from './charts/confusion.ts';
import { drawLayerSizes } from './charts/layer-sizes.ts';
import { drawLoss } from './charts/loss.ts';
import { drawTernary } from './charts/ternary.ts';
import { drawTradeoff } from './charts/tradeoff.ts';
import { formatCount, formatDate } from './format.ts';
import { html, Markup } from './html.ts';
import { findFeatured, type NamedRun } from './runs.ts';
import { renderSamples } from './samples.ts';
import { style } from './style.ts';
import { renderTable } from './table.ts';
import { renderTiles } from './tiles.ts';

export interface Page {
  readonly title: string;
  readonly generatedBy: string;
  readonly runs: readonly NamedRun[];
  readonly baseline: NamedRun | undefined;
}

/** Runs whose confusion matrix is shown; each is a few dozen kilobytes. */
const maxMatrices = 8;

export async function renderPage({ title, generatedBy, runs, baseline }: Page): Promise<string> {
  const featured = findFeatured(runs);
  const withLayers = runs.filter(({ run }) => run.layers.length > 0);
  const ternary = drawTernary(withLayers);
  const samples = await renderSamples(featured);
  const datasets = distinct(runs, (run) => run.dataset).join(', ');
  const architectures = distinct(runs, (run) => run.architecture).join(', ');
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${generatedBy}">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Markup(style + tabRules())}</style>
</head>
<body>
<main>
<header>
<h1>${title}</h1>
<p class="lead">${architectures} on ${datasets}</p>
${renderTiles(featured, baseline)}
<div class="card">${renderFacts(runs)}</div>
</header>
${section('Results', html`<div class="card">${renderTable(runs, baseline)}</div>${runs.length > 1 ? drawTradeoff(runs) : undefined}`)}
${section('Training', renderTraining(runs))}
${withLayers.length > 0 ? section('Layers', html`${drawLayerSizes(withLayers, baseline)}${ternary}`) : undefined}
${section('Confusion', renderMatrices(runs, featured))}
${samples && section('Sample predictions', html`<div class="card">${samples}</div>`)}
</main>
<footer>${generatedBy}</footer>
</body>
</html>
`;
  return document.text;
}

function section(title: string, body: Markup | undefined): Markup | undefined {
  return body && html`<section><h2>${title}</h2>${body}</section>`;
}

function renderTraining(runs: readonly NamedRun[]): Markup | undefined {
  const trained = runs.filter(({ run }) => run.history.length > 0);
  if (trained.length === 0) return undefined;
  return html`<div class="pair">${drawAccuracy(trained)}${drawLoss(trained)}</div>`;
}

/** The matrices behind one tab each, the featured run's in front. */
function renderMatrices(runs: readonly NamedRun[], featured: NamedRun): Markup | undefined {
  const order = [featured, ...runs.filter((run) => run !== featured)];
  const matrices = order
    .map((run) => ({ name: run.name, matrix: drawConfusion(run) }))
    .filter(({ matrix }) => matrix)
    .slice(0, maxMatrices);
  if (matrices.length <= 1) return matrices[0]?.matrix;
  const tab = (name: string, i: number) =>
    html`<input type="radio" name="matrix" id="matrix-${i}"${i === 0 ? new Markup(' checked') : undefined}><label for="matrix-${i}">${name}</label>`;
  return html`<div class="tabs">${matrices.map(({ name }, i) => tab(name, i))}
<div class="panels">${matrices.map(({ matrix }) => matrix)}</div></div>`;
}

/** Shows the panel whose radio button is checked: input and label alternate, so button k is child 2k + 1. */
function tabRules(): string {
  const rules = Array.from({ length: maxMatrices }, (_, k) => {
    return `.tabs > input:nth-child(${2 * k + 1}):checked ~ .panels > :nth-child(${k + 1})`;
  });
  return `${rules.join(',\n')} { display: block; }\n`;
}

function renderFacts(runs: readonly NamedRun[]): Markup {
  const skipped = Math.max(...runs.map(({ run }) => run.skipped));
  const facts: [string, (run: RunResult) => string][] = [
    ['Data set', (run) => `${run.dataset}, ${formatCount(run.classes.length)} classes`],
    ['Architecture', (run) => run.architecture],
    ['Machine', (run) => run.machine],
    ['Seed', (run) => `${run.seed}`],
    ['Date', (run) => formatDate(run.date)],
  ];
  if (skipped > 0) facts.push(['Images skipped as unreadable', (run) => formatCount(run.skipped)]);
  const item = ([term, value]: (typeof facts)[number]) =>
    html`<div><dt>${term}</dt>${distinct(runs, value).map((text) => html`<dd>${text}</dd>`)}</div>`;
  const commands = distinct(runs, (run) => run.command);
  const models = distinct(runs, (run) => run.model).filter((path) => path !== '');
  const code = (text: string) => html`<dd><code>${text}</code></dd>`;
  return html`<dl class="facts">${facts.map(item)}
<div class="wide"><dt>${commands.length === 1 ? 'Command' : 'Commands'}</dt>${commands.map(code)}</div>
${models.length > 0 ? html`<div class="wide"><dt>Exported models</dt>${models.map(code)}</div>` : undefined}
</dl>`;
}

const distinct = (runs: readonly NamedRun[], value: (run: RunResult) => string) => [
  ...new Set(runs.map(({ run }) => value(run))),
];
