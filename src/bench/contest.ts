/**
 * A contest of runtimes on the forms of one network, in Node or in a page: all contestants are loaded, then take turns, so
 * that a slow spell of the machine falls on all of them. Every contestant sees the same image, batch 1.
 */

import { type SizeOption, sizeOf } from '../images/size.ts';
import type { AdapterInfo } from '../runtime/exports.ts';
import { median } from './median.ts';
import type { Absence, ColdStart, Measurement, ModelForm } from './records.ts';

export interface LoadedModel {
  /** Bytes of weights as they are kept, and of all memory, where the runtime says so. */
  readonly memory?: { readonly weights: number; readonly total: number };
  /** What computes in the place of this thread. */
  readonly adapter?: AdapterInfo;
  /** Runs the network once; the scores. */
  run(): Promise<Float32Array>;
  release(): Promise<void>;
}

/** An image `[1, channels, size, size]`, normalised. */
export interface BenchImage {
  readonly data: Float32Array;
  readonly dims: readonly [1, number, number, number];
}

export interface Runtime {
  readonly name: string;
  readonly forms: readonly ModelForm[];
  /** Loads the library itself, which is no part of what is measured. */
  open?(threads: number): Promise<unknown>;
  /** Rejects where the runtime is not installed or cannot run the file. */
  load(model: Uint8Array, image: BenchImage, threads: number): Promise<LoadedModel>;
}

export interface ContestOptions {
  readonly threads: number;
  readonly rounds: number;
  /** Runs of each contestant in a round. */
  readonly runs: number;
  readonly onRound?: (done: number, total: number) => void;
}

/** Fixed pixels of no meaning, of about unit variance. */
export function makeImage(channels: number, size: SizeOption): BenchImage {
  const { height, width } = sizeOf(size);
  const data = Float32Array.from(
    { length: channels * height * width },
    (_, i) => Math.sin(i * 0.37) + Math.cos(i * 0.0071),
  );
  return { data, dims: [1, channels, height, width] };
}

interface Entry {
  readonly runtime: string;
  readonly form: ModelForm;
  readonly model: LoadedModel;
  readonly loading: number;
  readonly scores: Float32Array;
  readonly rounds: number[];
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

export async function holdContest(
  runtimes: readonly Runtime[],
  models: ReadonlyMap<ModelForm, Uint8Array>,
  image: BenchImage,
  { threads, rounds, runs, onRound }: ContestOptions,
): Promise<{ measurements: Measurement[]; absent: Absence[] }> {
  const entries: Entry[] = [];
  const absent: Absence[] = [];
  for (const { name, forms, open, load } of runtimes) {
    for (const [form, bytes] of models) {
      if (!forms.includes(form)) continue;
      try {
        await open?.(threads);
        const began = performance.now();
        const model = await load(bytes, image, threads);
        const scores = await model.run();
        const loading = performance.now() - began;
        entries.push({ runtime: name, form, model, loading, scores, rounds: [] });
      } catch (error) {
        absent.push({ runtime: name, form, reason: messageOf(error) });
      }
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const { model, rounds: medians } of entries) medians.push(await timeRuns(model, runs));
    onRound?.(round + 1, rounds);
  }
  const measurements = entries.map(({ runtime, form, model, loading, scores, rounds: medians }): Measurement => {
    const reference = entries.find((entry) => entry.form === form)!;
    const latency = median(medians);
    const { memory, adapter } = model;
    return {
      ...{ runtime, form, rounds: medians, latency, throughput: 1000 / latency, loading },
      ...(memory && { weights: memory.weights, memory: memory.total }),
      ...(adapter && { adapter }),
      ...(reference.scores !== scores && { difference: largestDifference(scores, reference.scores) }),
    };
  });
  for (const { model } of entries) await model.release();
  return { measurements, absent };
}

/** One contestant in a process or page of its own, which has loaded the library and nothing else. */
export async function startCold(
  { open, load }: Runtime,
  read: () => Promise<Uint8Array>,
  image: BenchImage,
  threads: number,
): Promise<ColdStart> {
  await open?.(threads);
  const began = performance.now();
  const model = await load(await read(), image, threads);
  await model.run();
  const milliseconds = performance.now() - began;
  await model.release();
  return { milliseconds };
}

/** Median milliseconds of `runs` runs, after one that is not counted: caches hold another contestant's data. */
async function timeRuns(model: LoadedModel, runs: number): Promise<number> {
  await model.run();
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const began = performance.now();
    await model.run();
    times.push(performance.now() - began);
  }
  return median(times);
}

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
