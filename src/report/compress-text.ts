/** A compression in words, for the terminal. */

import type { Compression, Costs } from '../compress/compress.ts';
import type { PlanFile } from '../cost/plan-file.ts';
import { printChange, printShare } from './accuracy-words.ts';
import { describeTarget } from './compress-target.ts';
import { deploymentColumns, deploymentRows, judgeControl } from './deployment.ts';
import { formatPercent, formatSigned } from './format.ts';
import { alignTable, printNote, printStatements, type Statement } from './text-table.ts';

const state = (term: string, text: string): Statement => ({ term, texts: [text] });
const percent = (share: number) => `${formatPercent(share)} %`;
const share = (value: number) => value.toFixed(4);

/** The files beside each other, then the figures of the compressed network, then where everything is. No line end at the end. */
export function describeCompression(compression: Compression, report: string): string {
  const { result } = compression;
  const columns = deploymentColumns(compression);
  const table = alignTable(
    ['', ...columns.map(({ head }) => head)],
    deploymentRows(compression).map((row) => [row.name, ...columns.map(({ cell }) => cell(row))]),
  );
  const times = Object.entries(result.seconds).map(([stage, time]) => `${stage} ${time.toFixed(1)} s`);
  const statements = [
    ...describeCosts(compression),
    ...describeTarget(result),
    ...describeAccuracy(compression),
    state('time', times.join(', ') || 'nothing to do'),
    state('model', result.model),
    state('network', `${result.network} (in float, for further training and other exports)`),
    state(
      'control',
      [result.control, ...(result.fourBits ? [result.fourBits] : [])].map(({ model }) => model).join(', '),
    ),
    state('report', report),
  ];
  const judgement = judgeControl(compression);
  const note = judgement === undefined ? [] : ['', printNote(`note: ${judgement}`)];
  return [table, '', printStatements(statements), ...note].join('\n');
}

/** How many filters have 4 bits; undefined without any. */
export function describeFourBits({ layers }: Pick<PlanFile, 'layers'>): string | undefined {
  const counts = Object.values(layers).map(
    (plan) => (plan.method === 'twn' ? [] : (plan.bits ?? [])).filter((b) => b === 4).length,
  );
  const filters = counts.reduce((sum, count) => sum + count, 0);
  return filters === 0
    ? undefined
    : `${filters} full-precision filters of ${counts.filter((count) => count > 0).length} layers`;
}

function describeCosts(compression: Compression): Statement[] {
  const { result, after, withMemory } = compression;
  const { plan, relative, countedBytes } = result;
  const banks = Object.values(plan.layers).filter(({ method }) => method !== 'fp').length;
  const narrow = describeFourBits(plan);
  const bytes = `${(countedBytes / 1024).toFixed(1)} KB, ${percent(relative.size)} of the original's at 16 bits`;
  const throughput = `${share(relative.throughput)} of the original's in ${after.format} on an array of the same area`;
  return [
    state('layers', `${banks} of ${Object.keys(plan.layers).length} became filter banks`),
    ...(narrow === undefined ? [] : [state('4 bits', narrow)]),
    state('values', bytes),
    state('multiplications', `${percent(relative.multiplications)} of the original's`),
    state('arithmetic energy', `${compareWith(compression, ({ energy }) => energy)} (${after.accelerator})`),
    state(
      'energy with memory',
      `${compareWith(withMemory, ({ energy, memoryEnergy }) => energy + memoryEnergy)} (${withMemory.after.accelerator})`,
    ),
    state('throughput', throughput),
    state('accelerator', `${after.accelerator}, ${after.format}`),
  ];
}

/** Against both: the original in its own number format, and the control. */
function compareWith({ before, after, control }: Costs, figure: (cost: Costs['after']) => number): string {
  const original = `${share(figure(after) / figure(before))} of the original's at 16 bits`;
  return `${original}, ${share(figure(after) / figure(control))} of the uncompressed network's in int8`;
}

function describeAccuracy({ result: { accuracy, agreement, change, labels } }: Compression): Statement[] {
  if (!accuracy || !agreement) return [];
  const { before, after } = accuracy;
  if (labels === 'original') {
    const same = `${printShare(after.top1, after.interval)} of ${after.samples} predictions are the original's`;
    return [state('agreement', `${same}; the images have no labels`)];
  }
  const points = `${formatSigned(100 * (after.top1 - before.top1))} points`;
  const [was, is] = [before, after].map(({ top1, interval }) => printShare(top1, interval));
  return [
    state('top-1', `${is}, original ${was} (${points})`),
    ...(change ? [state('change', printChange(change))] : []),
    state('top-5', `${percent(after.top5)}, original ${percent(before.top5)}`),
    state('agreement', `${percent(agreement.share)} of ${after.samples} predictions are the same`),
  ];
}
