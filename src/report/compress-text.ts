/** A compression in words, for the terminal. */

import type { Compression } from '../compress/compress.ts';
import { printChange, printShare } from './accuracy-words.ts';
import { deploymentColumns, deploymentRows, judgeControl } from './deployment.ts';
import { formatPercent, formatSigned } from './format.ts';
import { alignTable, printStatements, type Statement } from './text-table.ts';

/** The files beside each other, then the figures of the compressed network, then where everything is. No line end at the end. */
export function describeCompression(compression: Compression, report: string): string {
  const { result, after } = compression;
  const { plan, relative, accuracy, agreement, seconds } = result;
  const columns = deploymentColumns(compression);
  const table = alignTable(
    ['', ...columns.map(({ head }) => head)],
    deploymentRows(compression).map((row) => [row.name, ...columns.map(({ cell }) => cell(row))]),
  );
  const percent = (share: number) => `${formatPercent(share)} %`;
  const state = (term: string, text: string): Statement => ({ term, texts: [text] });
  const banks = Object.values(plan.layers).filter(({ method }) => method !== 'fp').length;
  const statements = [
    state('layers', `${banks} of ${Object.keys(plan.layers).length} became filter banks`),
    state(
      'values',
      `${(result.countedBytes / 1024).toFixed(1)} KB, ${percent(relative.size)} of the original's at 16 bits`,
    ),
    state('multiplications', `${percent(relative.multiplications)} of the original's`),
    state('energy', describeEnergy(compression)),
    state('throughput', `${relative.throughput.toFixed(4)} of the original's on an array of the same area`),
  ];
  if (accuracy && agreement) {
    const { before, after: now } = accuracy;
    const points = `${formatSigned(100 * (now.top1 - before.top1))} points`;
    const share = ({ top1, interval }: typeof now) => printShare(top1, interval);
    statements.push(
      state('top-1', `${share(now)}, original ${share(before)} (${points})`),
      ...(result.change ? [state('change', printChange(result.change))] : []),
      state('top-5', `${percent(now.top5)}, original ${percent(before.top5)}`),
      state('agreement', `${percent(agreement.share)} of ${now.samples} predictions are the same`),
    );
  }
  const times = Object.entries(seconds).map(([stage, time]) => `${stage} ${time.toFixed(1)} s`);
  statements.push(
    state('accelerator', `${after.accelerator}, ${after.format}`),
    state('time', times.join(', ') || 'nothing to do'),
    state('model', result.model),
    state('network', `${result.network} (in float, for further training and other exports)`),
    state('control', result.control.model),
    state('report', report),
  );
  const judgement = judgeControl(compression);
  return [table, '', printStatements(statements), ...(judgement === undefined ? [] : ['', `note: ${judgement}`])].join(
    '\n',
  );
}

function describeEnergy({ result: { relative }, after }: Compression): string {
  const share = (value: number) => value.toFixed(4);
  const { memoryEnergy, totalEnergy } = relative;
  if (memoryEnergy === undefined || totalEnergy === undefined) {
    return `${share(relative.energy)} of the original's, of the arithmetic (${after.accelerator} has no memory energies)`;
  }
  const parts = `arithmetic ${share(relative.energy)}, memory ${share(memoryEnergy)}`;
  return `${share(totalEnergy)} of the original's, memory included (${parts})`;
}
