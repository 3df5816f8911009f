/** Runs a graph over the images of a task, and sums its outputs over batches in float64. */

import type { ImageSource, Schedule } from '../../classifier/index.ts';
import { type Batch, batches, type Split } from '../../data/index.ts';
import { compile } from '../../engine/index.ts';
import { AbortError, type Graph, type Tensor, type Value } from '../../ir/index.ts';
import { eliminateCommon, removeDead, removeMarkers } from '../../passes/index.ts';
import type { StatisticsOptions } from './options.ts';

/** What is measured on which images. */
export interface Task {
  readonly network: Graph;
  readonly split: Split;
  readonly source: ImageSource;
  readonly schedule: Schedule;
  readonly options: StatisticsOptions;
}

const passesOf = ({ options }: Task) => (options.sensitivity === false ? 1 : 2);

/**
 * The sums of `values` over the task's batches; they become the graph's outputs, and what else is in it is removed. `feed`
 * makes the inputs beside `images`.
 */
export async function sumOverImages(
  task: Task,
  graph: Graph,
  values: readonly Value[],
  pass = 1,
  feed: (batch: Batch) => Readonly<Record<string, Tensor>> = () => ({}),
): Promise<Float64Array[]> {
  if (values.length === 0) return [];
  const { split, source, schedule, options } = task;
  graph.outputs = [...values];
  removeMarkers(graph);
  while (eliminateCommon(graph));
  removeDead(graph);
  const names = graph.outputs.map((output) => output.name);
  const sums = graph.outputs.map((output) => new Float64Array(output.dims.reduce((product, d) => product * d, 1)));
  const { device, threads, warn } = options;
  const engine = await compile(graph, { ...(device && { device }), ...(threads !== undefined && { threads }) });
  try {
    const { batchSize, steps } = schedule;
    const stream = batches(split, {
      batchSize,
      size: source.size,
      seed: options.seed ?? 0,
      shuffle: true,
      dropLast: true,
      ...(warn && { warn }),
    });
    for await (const batch of stream) {
      const [done, total] = [batch.step * batchSize, steps * batchSize];
      if (options.signal?.aborted) throw new AbortError(`stopped after ${done} of ${total} images`);
      const { channels, height, width } = batch.shape;
      const images: Tensor = { dtype: 'uint8', dims: [batchSize, channels, height, width], data: batch.images };
      const results = await engine.run({ images, ...feed(batch) });
      for (const [i, name] of names.entries()) addTo(sums[i]!, results[name]!.data as Float32Array);
      options.onProgress?.(done + batchSize, total, { pass, passes: passesOf(task) });
      if (batch.step + 1 === steps) break;
    }
  } finally {
    await engine.release();
  }
  return sums;
}

function addTo(sums: Float64Array, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) sums[i]! += values[i]!;
}
