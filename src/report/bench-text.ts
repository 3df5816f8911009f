/** The table of `tritbank bench`. */

import { medianRatio } from '../bench/median.ts';
import type { BenchResult, Measurement, ModelForm, PlaceResult, TaskResult } from '../bench/records.ts';
import { sizeOf } from '../images/size.ts';
import type { Column } from './columns.ts';
import { formatKilobytes } from './format.ts';
import { alignTable, printNote } from './text-table.ts';

const ownOf = ({ measurements }: PlaceResult, wanted: ModelForm): Measurement | undefined =>
  measurements.find(({ runtime, form }) => runtime === 'tritbank' && form === wanted);

/** Our runtime on the hybrid network with 8-bit activations: what the others are compared with. */
export const referenceOf = (place: PlaceResult): Measurement | undefined => ownOf(place, 'hybrid');

interface BenchRow extends Measurement {
  /** Of the network's file. */
  readonly bytes: number;
  /** Over tritbank's on the hybrid network; undefined where that was not measured. */
  readonly ratio: number | undefined;
  /** Over tritbank's on the uncompressed network in int8, the control. */
  readonly ofControl: number | undefined;
}

/** The columns behind runtime and network. */
export const benchColumns: readonly Column<BenchRow>[] = [
  { head: 'size (KB)', hint: 'Of the file', cell: ({ bytes }) => formatKilobytes(bytes) },
  {
    head: 'weights (KB)',
    hint: 'In memory, as the runtime keeps them',
    cell: ({ weights }) => (weights === undefined ? '' : formatKilobytes(weights)),
  },
  { head: 'latency (ms)', hint: 'Of one image, warm: the median of rounds', cell: ({ latency }) => latency.toFixed(2) },
  { head: 'images/s', cell: ({ throughput }) => throughput.toFixed(0) },
  {
    head: 'cold (ms)',
    hint: 'From the file to the first result, in a process or page of its own: the median of starts',
    cell: ({ cold }) => (cold === undefined ? '' : cold.toFixed(0)),
  },
  {
    head: 'peak (MB)',
    hint: 'Memory of such a process, Node and the library included',
    cell: ({ peak }) => (peak === undefined ? '' : (peak / 1e6).toFixed(0)),
  },
  { head: 'times ours', cell: ({ ratio }) => (ratio === undefined ? '' : ratio.toFixed(2)) },
  {
    head: 'of int8',
    hint: "Over tritbank's latency on the uncompressed network in int8",
    cell: ({ ofControl }) => (ofControl === undefined ? '' : ofControl.toFixed(2)),
  },
];

export const nameOf = ({ runtime, form, adapter }: Pick<Measurement, 'runtime' | 'form' | 'adapter'>): string =>
  `${runtime}${adapter?.isSoftware ? ' (software)' : ''}, ${form}`;

export function benchRows({ models }: TaskResult, place: PlaceResult): BenchRow[] {
  const ours = referenceOf(place);
  const control = ownOf(place, 'int8');
  const sizes = new Map(models.map(({ form, bytes }) => [form, bytes]));
  return place.measurements.map((measurement) => ({
    ...measurement,
    bytes: sizes.get(measurement.form)!,
    ratio: ours && medianRatio(measurement.rounds, ours.rounds),
    ofControl: control && medianRatio(measurement.rounds, control.rounds),
  }));
}

/** Below a table: who did not take part, and what stood for a GPU. */
export function placeNotes({ absent, measurements }: PlaceResult): string[] {
  /** Forms that a runtime leaves out for the same reason. */
  const reasons = new Map<string, string[]>();
  for (const { runtime, form, reason } of absent) {
    const key = `${runtime}\n${reason}`;
    reasons.set(key, [...(reasons.get(key) ?? []), form]);
  }
  const adapters = new Map(measurements.flatMap(({ adapter }) => (adapter ? [[adapter.name, adapter] as const] : [])));
  return [
    ...[...adapters.values()].map(({ name, isSoftware }) =>
      isSoftware ? `webgpu: ${name}, software in the place of a GPU: its times say nothing of GPUs` : `webgpu: ${name}`,
    ),
    ...[...reasons].map(([reason, forms]) => `left out: ${reason.replace('\n', `, ${forms.join(', ')}: `)}`),
  ];
}

function printPlace(task: TaskResult, place: PlaceResult): string {
  const rows = benchRows(task, place).map((row) => [nameOf(row), ...benchColumns.map(({ cell }) => cell(row))]);
  const head = ['runtime and network', ...benchColumns.map(({ head: name }) => name)];
  return [place.engine, alignTable(head, rows), ...placeNotes(place).map((line) => printNote(line))].join('\n');
}

/** How the figures were measured. */
export function describeBench({ threads, rounds, runs, starts, machine }: BenchResult): string {
  const threadWord = threads === 1 ? '1 thread' : `${threads} threads`;
  return (
    `${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(2)} before; ${threadWord}; one image at a time; ` +
    `medians of ${rounds} rounds of ${runs} runs, in turns; cold: of ${starts} starts. "times ours": over tritbank's latency on the hybrid network, ` +
    'within each round, then the median; "of int8": over its latency on the uncompressed network in int8.'
  );
}

export function printBench(result: BenchResult): string {
  const parts = result.tasks.flatMap((task) => [
    `${task.name}, ${sizeOf(task.size).height} x ${sizeOf(task.size).width}`,
    ...task.places.map((place) => printPlace(task, place)),
  ]);
  return [...parts, printNote(describeBench(result))].join('\n\n');
}
