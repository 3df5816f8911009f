/** What is trained in this page, and how it goes: the worker is asked for a little at a time. */

import { signal } from '@preact/signals';
import type { Method } from '#toolkit/train/records.ts';
import { connect } from '../rpc.ts';
import { during, report } from '../state.ts';
import type { DataRequest } from '../trainer/data.ts';
import type { EpochEnd, Matrix, StepRecord, TrainSettings } from '../trainer/trainer.ts';
import type { TrainingWorker } from '../trainer/worker.ts';

const trainer = connect<TrainingWorker>(
  () => new Worker(new URL('../trainer/worker.ts', import.meta.url), { type: 'module' }),
);

export interface DataInfo {
  readonly name: string;
  readonly classes: readonly string[];
  readonly train: number;
  readonly test: number;
  readonly height: number;
  readonly width: number;
}

export interface Run {
  readonly id: number;
  readonly settings: TrainSettings;
  readonly steps: readonly StepRecord[];
  readonly epochs: readonly EpochEnd[];
  /** Of the packed file, in the end. */
  readonly file: { readonly bytes: Uint8Array; readonly stored: number; readonly top1: number } | null;
  readonly stepsPerSecond: number;
}

export type Mode = 'idle' | 'running' | 'paused';

export const data = signal<DataInfo | null>(null);
export const runs = signal<readonly Run[]>([]);
export const mode = signal<Mode>('idle');
export const matrices = signal<readonly string[]>([]);
export const watched = signal<string | null>(null);
export const matrix = signal<Matrix | null>(null);
export const settings = signal<TrainSettings>({
  method: 'hybrid',
  ...{ epochs: 5, width: 0.25, alpha: 0.5, widthRatio: 1.25, learningRate: 0.05, batchSize: 32, seed: 1 },
});

export const methodNames: readonly (readonly [Method, string])[] = [
  ['fp', 'Full precision'],
  ['twn', 'TWN'],
  ['strassen', 'StrassenNets'],
  ['hybrid', 'Hybrid'],
];
export const nameOf = (method: Method) => methodNames.find(([one]) => one === method)![1];
export const colourOf: { readonly [M in Method]: string } = {
  fp: 'var(--full)',
  twn: 'var(--twn)',
  strassen: 'var(--strassen)',
  hybrid: 'var(--ternary)',
};

export async function takeData(request: DataRequest): Promise<void> {
  const found = await during('Reading images', (options) => trainer.call('data', request, options));
  if (found) data.value = found;
}

function change(id: number, update: (run: Run) => Partial<Run>): void {
  runs.value = runs.value.map((run) => (run.id === id ? { ...run, ...update(run) } : run));
}

/** Of a long run's steps, as many as a chart can show. */
const mostSteps = 600;

/** Halves a list that is too long, by keeping every second entry. */
const thin = (steps: readonly StepRecord[]) => (steps.length > mostSteps ? steps.filter((_, i) => i % 2 === 1) : steps);

async function drive(id: number): Promise<void> {
  try {
    while (mode.value === 'running') {
      const began = performance.now();
      const found = await trainer.call('advance', { milliseconds: 400, watch: watched.value });
      const seconds = (performance.now() - began) / 1000;
      change(id, ({ steps, epochs }) => ({
        steps: thin([...steps, ...found.steps]),
        epochs: found.end ? [...epochs, found.end] : epochs,
        ...(!found.end && { stepsPerSecond: found.steps.length / seconds }),
      }));
      if (found.matrix) matrix.value = found.matrix;
      if (!found.isDone) continue;
      mode.value = 'idle';
      const file = await during('Packing', () => trainer.call('finish', null as never));
      if (file) change(id, () => ({ file }));
    }
  } catch (error) {
    mode.value = 'idle';
    report(error);
  }
}

export async function start(): Promise<void> {
  if (!data.value) await takeData({ kind: 'drawn' });
  if (!data.value) return;
  const begun = await during('Preparing', () => trainer.call('begin', settings.value));
  if (!begun) return;
  matrices.value = begun.ternary;
  watched.value = begun.ternary.find((name) => /wc/i.test(name)) ?? begun.ternary[0] ?? null;
  matrix.value = null;
  const id = runs.value.length + 1;
  const run: Run = { id, settings: settings.value, steps: [], epochs: [], file: null, stepsPerSecond: 0 };
  runs.value = [...runs.value, run];
  mode.value = 'running';
  await drive(id);
}

export function resume(): void {
  mode.value = 'running';
  void drive(runs.value.at(-1)!.id);
}
