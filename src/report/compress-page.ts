/** The report about a compression: what it gained and lost, layer by layer, and how it came about. */

import type { ExampleImage } from '../classifier/compare.ts';
import type { Compression, CompressResult } from '../compress/compress.ts';
import { formatInterval, printChange } from './accuracy-words.ts';
import { drawAccuracy } from './charts/accuracy.ts';
import { drawBeforeAfter } from './charts/before-after.ts';
import { drawHeatMaps, heatRules } from './charts/heat-maps.ts';
import { drawLoss } from './charts/loss.ts';
import { drawPlan } from './charts/plan.ts';
import { renderColumns } from './columns.ts';
import {
  budgetColumns,
  budgetRows,
  type ComparedLayer,
  compareColumns,
  pairLayers,
  sharedScale,
  sparsityOf,
} from './compress-columns.ts';
import { renderTarget } from './compress-target.ts';
import { describeFourBits } from './compress-text.ts';
import { describeFigures, describeSetting, describeUnknown } from './cost-words.ts';
import { deploymentColumns, deploymentRows, judgeControl } from './deployment.ts';
import { renderDisagreements } from './disagreements.ts';
import { type Fact, renderDocument, renderFacts, section, tile } from './document.ts';
import {
  formatCount,
  formatDate,
  formatDuration,
  formatFixed,
  formatKilobytes,
  formatPercent,
  formatSetting,
  formatSigned,
} from './format.ts';
import { html, type Markup, shortName } from './html.ts';
import { nameRuns } from './runs.ts';

export interface CompressReport extends Omit<Compression, 'samples' | 'graph'> {
  readonly title: string;
  /** The program and its version, shown at the foot of the page. */
  readonly generatedBy: string;
  /** The images of `result.agreement.examples`; without them, these are listed by their numbers. */
  readonly samples?: readonly ExampleImage[];
}

export async function renderCompressPage(report: CompressReport): Promise<string> {
  const { title, generatedBy, result, before, after, analysis, training, samples } = report;
  const { accuracy, agreement } = result;
  const layers = pairLayers(before, after, result.plan);
  const unknown = describeUnknown(after);
  const differences = agreement && (await renderDisagreements(agreement, accuracy?.after.samples ?? 0, samples));
  return renderDocument({
    title,
    lead: `${result.original} with hybrid filter banks, ${describeWay(result)}`,
    generatedBy,
    rules: heatRules,
    head: html`<dl class="tiles">${tilesOf(report)}</dl>
<div class="card">${renderFacts(factsOf(report))}</div>
${unknown && html`<p class="card warning"><strong>Warning</strong>: ${unknown}</p>`}`,
    sections: [
      section('Files', renderFiles(report)),
      section('Budget', renderBudget(result)),
      section('Target', renderTarget(result)),
      section('Plan', html`<div class="pair">${drawPlan(layers)}</div>`),
      section('Layers', renderLayers(layers, report)),
      section('Training', training && renderTraining(training)),
      section('Sensitivity', analysis && drawHeatMaps(analysis)),
      section('Where they differ', differences && html`<div class="card">${differences}</div>`),
    ],
  });
}

/** How the weights came about. */
function describeWay({ config }: CompressResult): string {
  if (config.method === 'none') return 'decomposed without training';
  return config.method === 'calibrate' ? 'calibrated without labels' : 'trained with the original as the teacher';
}

function tilesOf({ result, after }: CompressReport): Markup[] {
  const { multiplications, energy, throughput } = describeFigures(after);
  const figures = [...(result.accuracy ? [] : [multiplications]), energy, throughput];
  const costs = figures.map(({ term, value, unit, relation }) => tile(capitalise(term), value, unit, relation));
  const against = `${formatKilobytes(result.control.bytes)} KB uncompressed in int8`;
  const file = tile('File', formatKilobytes(result.bytes), 'KB', against);
  if (!result.accuracy) return [file, ...costs];
  const was = result.accuracy.before.top1;
  const is = result.accuracy.after.top1;
  const interval = result.accuracy.after.interval;
  const points = `${formatSigned(100 * (is - was))} points against ${formatPercent(was)} %`;
  const change = interval ? `${formatInterval(interval)} %, ${points}` : points;
  if (result.labels === 'original') {
    const images = `of ${formatCount(result.accuracy.after.samples)} predictions are the original's`;
    return [tile('Agreement', formatPercent(is), '%', images), file, ...costs];
  }
  return [tile('Top-1 accuracy', formatPercent(is), '%', change), file, ...costs];
}

const capitalise = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function factsOf({ result, after }: CompressReport): Fact[] {
  const { accuracy, agreement, change, config, seconds, plan } = result;
  const banks = Object.values(plan.layers).filter(({ method }) => method !== 'fp').length;
  const total = Object.keys(plan.layers).length;
  const narrow = describeFourBits(plan);
  const facts: Fact[] = [
    { term: 'Plan', texts: [describePlan(config)] },
    { term: 'Filter banks', texts: [`${formatCount(banks)} of ${formatCount(total)} planned layers`] },
    ...(narrow === undefined ? [] : [{ term: 'In 4 bits', texts: [narrow] }]),
    { term: 'Data', texts: [describeData(config)] },
    ...(result.labels === 'original'
      ? [{ term: 'Labels', texts: ['none: what the original says of an image stands for its label'] }]
      : []),
    { term: 'Seed', texts: [`${config.seed}`] },
    { term: 'Date', texts: [formatDate(result.date)] },
  ];
  if (accuracy && agreement && result.labels === undefined) {
    const { before, after: now } = accuracy;
    facts.push(
      { term: 'Top-5 accuracy', texts: [`${formatPercent(now.top5)} %, original ${formatPercent(before.top5)} %`] },
      { term: 'Loss', texts: [`${formatFixed(now.loss, 4)} nats, original ${formatFixed(before.loss, 4)}`] },
      {
        term: 'Equal predictions',
        texts: [`${formatPercent(agreement.share)} % of ${formatCount(now.samples)} test images`],
      },
    );
    if (change) facts.push({ term: 'Change', texts: [printChange(change)] });
  }
  const times = Object.entries(seconds).map(([stage, time]) => `${stage} ${formatDuration(time)}`);
  const settings = describeSetting(after).map(
    ({ term, texts }): Fact => ({ term: capitalise(term), texts, ...(texts.length > 1 && { form: 'long' }) }),
  );
  return [
    ...facts,
    { term: 'Time by stage', texts: [times.join(', ')].filter((text) => text), form: 'long' },
    ...settings,
    { term: 'Compressed model', texts: [result.model], form: 'code' },
    { term: 'Command', texts: [result.command].filter((text) => text), form: 'code' },
  ];
}

function describePlan({ uniform, plan }: CompressResult['config']): string {
  if (plan !== undefined) return `given: ${plan}`;
  if (!uniform) return 'optimised under the budget';
  if ('bits' in uniform) return `all filters in ${uniform.bits} bits, none ternary`;
  return `alpha ${formatSetting(uniform.alpha)}, width ratio ${formatSetting(uniform.widthRatio)}; the classifier wholly ternary`;
}

const describeData = ({ data, images }: CompressResult['config']) =>
  data === undefined ? 'none: weights alone' : `${data}; statistics of ${formatCount(images)} images`;

/** The file beside the original and the control. */
function renderFiles(report: CompressReport): Markup {
  const rows = deploymentRows(report).map((row) => ({ name: row.name, row }));
  const judgement = judgeControl(report);
  const controls = report.result.fourBits
    ? 'Uncompressed in int8 and with filters of 4 bits (rounded and calibrated likewise): the controls that a compressed network has to beat.'
    : 'Uncompressed in int8: the control that a compressed network has to beat.';
  return html`<div class="card">${renderColumns({ corner: 'network', columns: deploymentColumns(report), rows })}
<p class="note">${controls} Sizes are those of files on disk.</p></div>
${judgement && html`<p class="card warning"><strong>Note</strong>: ${judgement}</p>`}`;
}

function renderBudget(result: CompressResult): Markup {
  const rows = budgetRows(result).map((row) => ({ name: row.name, row }));
  return html`<div class="card"><p class="note">All relative to the original with every value stored at 16 bits, counted in the same number format.</p>
${renderColumns({ corner: 'figure', columns: budgetColumns, rows })}</div>`;
}

function renderLayers(layers: readonly ComparedLayer[], { result, before, after, analysis }: CompressReport): Markup {
  const predictedLoss = result.plan.predicted?.loss ?? 0;
  const isSparse = layers.some((layer) => sparsityOf(layer) > 0);
  const lossUnit = analysis && { lossUnit: analysis.lossUnit };
  const columns = compareColumns({ before, after, predictedLoss, isSparse, ...lossUnit });
  const rows = layers.map((row) => ({ name: shortName(row.name, 28), row }));
  const total = ['total', ...columns.map((column) => column.total)] as const;
  return html`<div class="pair">${drawBeforeAfter(layers, sharedScale(before, after))}</div>
<div class="card">${renderColumns({ corner: 'layer', columns, rows, total, isDense: true })}</div>`;
}

function renderTraining(training: NonNullable<CompressReport['training']>): Markup | undefined {
  if (training.history.length === 0) return undefined;
  const runs = nameRuns([training]);
  return html`<div class="pair">${drawAccuracy(runs)}${drawLoss(runs)}</div>`;
}
