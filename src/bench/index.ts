/** Speed of runtimes on compressed and uncompressed networks, side by side in one run. */

import { availableParallelism, cpus, loadavg } from 'node:os';
import { benchInChromium } from './in-chromium.ts';
import { benchInNode, type PlaceOptions } from './node-place.ts';
import type { BenchResult, BenchTask, Place, PlaceResult, TaskResult } from './records.ts';

export { type DrawnName, drawnNetworks, drawTask, readTask } from './models.ts';
export type { BenchResult, BenchTask, Measurement, ModelForm, Place } from './records.ts';

export interface BenchOptions extends Omit<PlaceOptions, 'onRound'> {
  readonly places: readonly Place[];
  /** The program of another Node, which runs the contest after this one. */
  readonly node?: string;
  readonly command: string;
  /** Called before each contest. */
  readonly onContest?: (task: string, place: Place) => void;
  readonly onRound?: (done: number, total: number) => void;
}

const benchIn: Readonly<Record<Place, (task: BenchTask, options: PlaceOptions) => Promise<PlaceResult>>> = {
  node: benchInNode,
  chromium: benchInChromium,
};

/** Tasks are made one at a time, when they are needed. E_DEVICE where a place is missing. */
export async function runBench(
  tasks: readonly (() => Promise<BenchTask>)[],
  { places, node, command, onContest, ...options }: BenchOptions,
): Promise<BenchResult> {
  const { threads, rounds, runs, starts } = options;
  const machine = { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism(), load: loadavg()[0]! };
  const date = new Date().toISOString();
  const results: TaskResult[] = [];
  for (const make of tasks) {
    const task = await make();
    const found: PlaceResult[] = [];
    for (const place of places) {
      onContest?.(task.name, place);
      found.push(await benchIn[place](task, options));
      if (place !== 'node' || node === undefined) continue;
      onContest?.(task.name, place);
      found.push(await benchInNode(task, options, node));
    }
    const models = [...task.models].map(([form, { length }]) => ({ form, bytes: length }));
    results.push({ name: task.name, size: task.size, models, places: found });
  }
  return { date, command, machine, threads, rounds, runs, starts, tasks: results };
}
