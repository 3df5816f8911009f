/** The report about runs: figures, table, curves, layers, confusions, samples. */

import type { RunResult } from '../train/records.ts';
import { drawAccuracy } from './charts/accuracy.ts';
import { drawConfusion } from './charts/confusion.ts';
import { drawLayerSizes } from './charts/layer-sizes.ts';
import { drawLoss } from './charts/loss.ts';
import { drawTernary } from './charts/ternary.ts';
import { drawTradeoff } from './charts/tradeoff.ts';
import { type Fact, renderDocument, renderFacts, section } from './document.ts';
import { formatCount, formatDate } from './format.ts';
import { html, Markup } from './html.ts';
import { findFeatured, type NamedRun } from './runs.ts';
import { renderSamples } from './samples.ts';
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
  return renderDocument({
    title,
    lead: `${architectures} on ${datasets}`,
    generatedBy,
    rules: tabRules(),
    head: html`${renderTiles(featured, baseline)}
<div class="card">${renderFacts(factsOf(runs))}</div>`,
    sections: [
      section(
        'Results',
        html`<div class="card">${renderTable(runs, baseline)}</div>${runs.length > 1 ? drawTradeoff(runs) : undefined}`,
      ),
      section('Training', renderTraining(runs)),
      withLayers.length > 0 ? section('Layers', html`${drawLayerSizes(withLayers, baseline)}${ternary}`) : undefined,
      section('Confusion', renderMatrices(runs, featured)),
      samples && section('Sample predictions', html`<div class="card">${samples}</div>`),
    ],
  });
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

function factsOf(runs: readonly NamedRun[]): Fact[] {
  const skipped = Math.max(...runs.map(({ run }) => run.skipped));
  const fact = (term: string, value: (run: RunResult) => string) => ({ term, texts: distinct(runs, value) });
  const commands = fact('Command', (run) => run.command);
  const models = fact('Exported models', (run) => run.model);
  return [
    fact('Data set', (run) => `${run.dataset}, ${formatCount(run.classes.length)} classes`),
    fact('Architecture', (run) => run.architecture),
    fact('Machine', (run) => run.machine),
    fact('Seed', (run) => `${run.seed}`),
    fact('Date', (run) => formatDate(run.date)),
    ...(skipped > 0 ? [fact('Images skipped as unreadable', (run) => formatCount(run.skipped))] : []),
    { ...commands, term: commands.texts.length === 1 ? 'Command' : 'Commands', form: 'code' },
    { ...models, texts: models.texts.filter((path) => path !== ''), form: 'code' },
  ];
}

const distinct = (runs: readonly NamedRun[], value: (run: RunResult) => string) => [
  ...new Set(runs.map(({ run }) => value(run))),
];
