/** The results as text. */

import type { Environment } from '../environment.ts';
import { formatMegabytes, formatPercent, formatRate } from '../numbers.ts';
import { type Column, formatTable } from '../table.ts';
import type { Result } from './measure.ts';
import type { Profile } from './profile.ts';
import { describeTask, type Task } from './task.ts';
import type { OperatorTime } from './trace.ts';

export interface TaskResult {
  readonly task: Task;
  readonly contestants: readonly Result[];
  readonly profile?: Profile;
}

/** The object that `--json` prints and `--out` writes. */
export interface Report extends Environment {
  readonly benchmark: 'train-step';
  readonly rounds: number;
  readonly steps: number;
  readonly warmUp: number;
  readonly results: readonly TaskResult[];
}

/** Shapes listed in a profile. */
const shownShapes = 20;

const rate = (value: number | undefined) => (value === undefined ? '' : formatRate(value));

const resultColumns: readonly Column<Result>[] = [
  { head: 'contestant', align: 'left', cell: (r) => r.name },
  { head: 'images/s', cell: (r) => rate(r.imagesPerSecond) },
  { head: 'lowest', cell: (r) => (r.rates.length > 0 ? rate(Math.min(...r.rates)) : '') },
  { head: 'highest', cell: (r) => (r.rates.length > 0 ? rate(Math.max(...r.rates)) : '') },
  { head: 'ours/its', cell: (r) => rate(r.ratio) },
  { head: 'others', cell: (r) => (r.othersShare === undefined ? '' : formatPercent(r.othersShare)) },
  { head: 'peak MB', cell: (r) => (r.peakBytes === undefined ? '' : formatMegabytes(r.peakBytes)) },
  { head: 'rounds', cell: (r) => (r.rates.length > 0 ? String(r.rates.length) : '') },
  { head: 'steps', cell: (r) => (r.rates.length > 0 ? String(r.steps) : '') },
  { head: 'batch', cell: (r) => (r.rates.length > 0 ? String(r.batch) : '') },
  {
    head: 'library',
    align: 'left',
    cell: ({ absent, ready }) => (absent !== undefined ? 'absent (see below)' : `${ready!.library} ${ready!.version}`),
  },
];

function printCompilation({ ready }: Result): string {
  const { buildSeconds = 0, sessionSeconds = 0, nodes, parameters } = ready!;
  const times = `graph built in ${buildSeconds.toFixed(2)} s, session created in ${sessionSeconds.toFixed(2)} s`;
  return `Tritbank: ${times}; ${nodes} nodes, ${parameters} learned parameters`;
}

const timeColumns = (peak: number): Column<OperatorTime>[] => [
  { head: 'operator', align: 'left', cell: (r) => r.operator },
  { head: 'calls', cell: (r) => String(Math.round(r.calls)) },
  { head: 'ms', cell: (r) => r.milliseconds.toFixed(2) },
  { head: 'share', cell: (r) => formatPercent(r.share) },
  { head: 'GFLOP/s', cell: (r) => rate(r.gflops) },
  { head: 'of peak', cell: (r) => (r.gflops === undefined ? '' : formatPercent(r.gflops / peak)) },
];

function printProfile(profile: Profile): string {
  const { steps, runMilliseconds, kernelMilliseconds, operators, shapes, peak, products } = profile;
  const columns = timeColumns(peak.gflops);
  const shapeColumn: Column<OperatorTime> = { head: 'shapes', align: 'left', cell: (r) => r.shapes ?? '' };
  const between = runMilliseconds - kernelMilliseconds;
  const share = (part: number) => formatPercent(part);
  return [
    `Profile, per step (mean of ${steps}): ${runMilliseconds.toFixed(1)} ms, of which kernels ` +
      `${kernelMilliseconds.toFixed(1)} ms, between them ${between.toFixed(1)} ms`,
    `Peak: ${formatRate(peak.gflops)} GFLOP/s, the best product of two ${peak.size} x ${peak.size} matrices`,
    `Matrix products: ${share(products.share)} of the kernels' time at ${formatRate(products.gflops)} GFLOP/s, ` +
      `${share(products.ofPeak)} of the peak`,
    '',
    formatTable(columns, operators),
    '',
    `The ${shownShapes} most expensive operators by shapes (constants packed at load time are not listed):`,
    formatTable([...columns, shapeColumn], shapes.slice(0, shownShapes)),
  ].join('\n');
}

/** Above this part of the machine, other processes distort ratios. */
const tolerableShare = 0.05;

function printNotes(contestants: readonly Result[]): string[] {
  const notes = [printCompilation(contestants[0]!)];
  for (const { name, absent } of contestants) if (absent !== undefined) notes.push(`${name}: ${absent}`);
  const limited = contestants.filter((r) => r.rates.length > 0 && r.batch < contestants[0]!.batch);
  for (const { name, batch } of limited) notes.push(`${name}: too slow for more than ${batch} images a step`);
  const others = Math.max(...contestants.map((r) => r.othersShare ?? 0));
  if (others > tolerableShare) {
    notes.push(
      `WARNING: other processes used up to ${formatPercent(others)} of the machine: do not quote these ratios`,
    );
  }
  return notes;
}

function printTask({ task, contestants, profile }: TaskResult): string {
  const parts = [describeTask(task), formatTable(resultColumns, contestants), printNotes(contestants).join('\n')];
  if (profile) parts.push(printProfile(profile));
  return parts.join('\n\n');
}

export function printReport(report: Report): string {
  const { machine, versions, date } = report;
  const libraries = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const head = [
    `Training step: images a second, median over rounds; ours/its above 1: we are faster`,
    `${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(1)} at the start, ${machine.system}`,
    `${libraries.join(', ')}; ${date}`,
  ].join('\n');
  return [head, ...report.results.map(printTask)].join('\n\n');
}
