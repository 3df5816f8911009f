/** The table of `tritbank bench`. */

import { medianRatio } from '../bench/median.ts';
import type { BenchResult, Measurement, PlaceResult, TaskResult } from '../bench/records.ts';
import { formatKilobytes } from './format.ts';
import { alignTable } from './text-table.ts';

/** Our runtime on the hybrid network with 8-bit activations: what the others are compared with. */
export const referenceOf = ({ measurements }: PlaceResult): Measurement | undefined =>
  measurements.find(({ runtime, form }) => runtime === 'tritbank' && form === 'hybrid');

const head = ['runtime and network', 'size (KB)', 'latency (ms)', 'images/s', 'loading (ms)', 'times ours'];

function printPlace({ models }: TaskResult, place: PlaceResult): string {
  const ours = referenceOf(place);
  const sizes = new Map(models.map(({ form, bytes }) => [form, bytes]));
  const rows = place.measurements.map(({ runtime, form, rounds, latency, throughput, loading }) => [
    `${runtime}, ${form}`,
    formatKilobytes(sizes.get(form)!),
    latency.toFixed(2),
    throughput.toFixed(0),
    loading.toFixed(0),
    ours ? medianRatio(rounds, ours.rounds).toFixed(2) : '',
  ]);
  const absent = place.absent.map(({ runtime, form, reason }) => `left out: ${runtime}, ${form}: ${reason}`);
  return [place.engine, alignTable(head, rows), ...absent].join('\n');
}

/** How the figures were measured. */
export function describeBench({ threads, rounds, runs, machine }: BenchResult): string {
  const threadWord = threads === 1 ? '1 thread' : `${threads} threads`;
  return (
    `${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(2)} before; ${threadWord}; one image at a time; ` +
    `medians of ${rounds} rounds of ${runs} runs, in turns. "times ours": over tritbank's latency on the hybrid network, ` +
    'within each round, then the median.'
  );
}

export function printBench(result: BenchResult): string {
  const parts = result.tasks.flatMap((task) => [
    `${task.name}, ${task.size} x ${task.size}`,
    ...task.places.map((place) => printPlace(task, place)),
  ]);
  return [...parts, describeBench(result)].join('\n\n');
}
