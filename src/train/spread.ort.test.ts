import { describe, expect, it } from 'vitest';
import { localRanks } from '../cluster/index.ts';
import { synthetic } from '../data/index.ts';
import { compileProgram } from '../engine/index.ts';
import { f32, type Graph, scalar, type Tensor } from '../ir/index.ts';
import { buildNetwork } from '../models/index.ts';
import { fillBuckets, type Spread } from './spread.ts';
import { buildStep, type StepOptions } from './step.ts';

const classes = 3;
const batchSize = 24;
const size = 28;
const pixels = 3 * size * size;
const network = () =>
  buildNetwork('ds-cnn', { width: 0.25, inputSize: size, channels: 3, classes, firstStride: 2, seed: 3 });
const options: Omit<StepOptions, 'batchSize'> = {
  optimizer: { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
  normalisation: { mean: [128, 128, 128], std: [64, 64, 64] },
  clipNorm: 5,
  emaDecay: 0.9,
};

const { train: examples } = synthetic({ height: size, width: size, classes, train: 240, test: 10, seed: 5 });

/** The images and one-hot targets of a step. */
function drawBatch(step: number): { images: Uint8Array; targets: Float32Array } {
  const from = (step * batchSize) % examples.length;
  const targets = new Float32Array(batchSize * classes);
  for (let i = 0; i < batchSize; i++) targets[i * classes + examples.labels[from + i]!] = 1;
  return { images: examples.pixels!.subarray(from * pixels, (from + batchSize) * pixels), targets };
}

interface Run {
  readonly losses: number[];
  readonly state: ReadonlyMap<string, Tensor>;
}

async function train(
  graph: Graph,
  steps: number,
  rank = 0,
  ranks = 1,
  spread?: Spread,
  communicator?: ReturnType<typeof localRanks>[number],
): Promise<Run> {
  const rows = batchSize / ranks;
  const step = buildStep(graph, { ...options, batchSize: rows, ...(spread && { spread }) });
  const program = await compileProgram(step.graph, step.slots, {
    threads: 1,
    ...(communicator && { ranks: communicator }),
  });
  const losses: number[] = [];
  try {
    for (let i = 0; i < steps; i++) {
      const { images, targets } = drawBatch(i);
      const result = await program.step({
        images: {
          dtype: 'uint8',
          dims: [rows, 3, size, size],
          data: images.slice(rank * rows * pixels, (rank + 1) * rows * pixels),
        },
        targets: f32([rows, classes], targets.slice(rank * rows * classes, (rank + 1) * rows * classes)),
        learning_rate: scalar(0.01),
        step: scalar(i + 1),
      });
      losses.push((result.loss!.data as Float32Array)[0]!);
    }
    return { losses, state: await program.state() };
  } finally {
    await program.release();
  }
}

async function together(ranks: number, steps: number, more: Omit<Spread, 'ranks'>): Promise<Run[]> {
  const group = localRanks(ranks);
  return Promise.all(group.map((one, rank) => train(network(), steps, rank, ranks, { ranks, ...more }, one)));
}

const largest = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));

function differences(a: Run, b: Run): number {
  return Math.max(
    ...[...a.state].map(([name, { data }]) =>
      largest([...(data as Float32Array)], [...(b.state.get(name)!.data as Float32Array)]),
    ),
  );
}

describe('a step of several ranks', () => {
  it('is that of one process with the whole batch, with shared batch norms', async () => {
    const alone = await train(network(), 12);
    const [first, second] = (await together(2, 12, { syncBatchNorm: true, bucketBytes: 20_000 })) as [Run, Run];
    expect(first.losses).toEqual(second.losses);
    expect(differences(first, second)).toBe(0);
    expect(largest(first.losses, alone.losses)).toBeLessThan(1e-5);
    expect(differences(first, alone)).toBeLessThan(1e-4);
    expect(alone.losses.at(-1)).toBeLessThan(0.97 * alone.losses[0]!);
  });

  it('has the same state on all ranks with their own batch norms, and other losses', async () => {
    const alone = await train(network(), 4);
    const runs = await together(3, 4, {});
    for (const run of runs) {
      expect(run.losses).toEqual(runs[0]!.losses);
      expect(differences(run, runs[0]!)).toBe(0);
    }
    // eight images instead of 24: the statistics are others
    expect(largest(runs[0]!.losses, alone.losses)).toBeGreaterThan(1e-3);
  });

  it('comes near with gradients in half precision', async () => {
    const alone = await train(network(), 6);
    const [first, second] = (await together(2, 6, { syncBatchNorm: true, bucketType: 'float16' })) as [Run, Run];
    expect(differences(first, second)).toBe(0);
    const difference = largest(first.losses, alone.losses);
    expect(difference).toBeLessThan(0.01);
    expect(difference).toBeGreaterThan(0);
  });
});

it('fills buckets in order', () => {
  const sizes = (buckets: { length: number }[][]) => buckets.map((bucket) => bucket.map(({ length }) => length));
  const vectors = [3, 4, 9, 1, 1, 12, 2].map((length) => ({ length }));
  expect(sizes(fillBuckets(vectors, 8))).toEqual([[3, 4], [9], [1, 1], [12], [2]]);
  expect(sizes(fillBuckets(vectors, 100))).toEqual([[3, 4, 9, 1, 1, 12, 2]]);
  expect(fillBuckets([], 8)).toEqual([]);
});
