/** The result of a run: figures from the exported file and its evaluation, and samples for the report. */

import type { Evaluation } from '../classifier/index.ts';
import { measureCost, measureStorage } from '../cost/index.ts';
import type { Split } from '../data/index.ts';
import { describeMachine } from '../files/index.ts';
import type { Graph } from '../ir/index.ts';
import type { Best } from './best.ts';
import type { RunContext } from './context.ts';
import type { EpochRecord, RunResult, SampleRecord } from './records.ts';

interface Parts {
  readonly context: RunContext;
  /** The uncompressed architecture. */
  readonly base: Graph;
  readonly exported: Graph;
  readonly path: string;
  readonly evaluation: Evaluation;
  readonly history: readonly EpochRecord[];
  readonly seconds: number;
  readonly best: Best | undefined;
  /** The command that began the run. */
  readonly command: string;
}

const sampleCount = 24;

/** Test images with predictions: the first wrong ones for a third, then the first right ones. */
async function pickSamples(split: Split, evaluation: Evaluation): Promise<SampleRecord[]> {
  // Predictions are in the split's order only while no image was skipped.
  if (evaluation.skipped > 0) return [];
  const indices = Array.from(evaluation.predictions.keys());
  const wrong = indices.filter((i) => evaluation.predictions[i] !== split.labels[i]).slice(0, sampleCount / 3);
  const right = indices.filter((i) => evaluation.predictions[i] === split.labels[i]);
  const chosen = [...wrong, ...right.slice(0, sampleCount - wrong.length)].sort((a, b) => a - b);
  const records: SampleRecord[] = [];
  for (const i of chosen) {
    records.push({
      pixels: [...(await split.read(i))],
      channels: split.channels,
      height: split.height,
      width: split.width,
      label: split.labels[i]!,
      prediction: evaluation.predictions[i]!,
      probability: evaluation.probabilities[i]!,
    });
  }
  return records;
}

export async function describeResult(parts: Parts): Promise<RunResult> {
  const { context, base, exported, path, evaluation, history, seconds, best, command } = parts;
  const { recipe, method, dataset } = context;
  const storage = measureStorage(exported, method);
  const { relative } = measureCost(exported);
  const speeds = history.map((r) => r.imagesPerSecond).sort((a, b) => a - b);
  return {
    method,
    top1: evaluation.top1,
    top5: evaluation.top5,
    intervals: evaluation.intervals,
    loss: evaluation.loss,
    parameters: storage.parameters,
    bytes: storage.bytes,
    bytes16: measureStorage(base, 'fp').bytes,
    energy: relative.energy,
    throughput: relative.throughput,
    epochs: history.length,
    seconds,
    imagesPerSecond: speeds[speeds.length >> 1] ?? 0,
    model: path,
    architecture: context.architecture,
    dataset: dataset.name,
    classes: evaluation.classes,
    seed: recipe.seed,
    ...(context.validation && {
      validation: {
        share: recipe.validation!,
        images: context.validation.length,
        ...(best && { epoch: best.epoch, top1: best.top1 }),
      },
    }),
    machine: describeMachine(),
    command,
    date: new Date().toISOString(),
    history,
    layers: storage.layers,
    confusion: evaluation.confusion,
    samples: await pickSamples(dataset.test, evaluation),
    skipped: evaluation.skipped,
  };
}
