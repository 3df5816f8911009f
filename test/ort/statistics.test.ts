/** What the statistics of layers predict, against what errors really do to trained networks. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Normalisation, readNormalisation, takePixels } from '../../src/classifier/index.ts';
import { collectStatistics, type LayerStatistics, predictLoss } from '../../src/compress/statistics/statistics.ts';
import { batches, openDataset, type Split, selectImages, synthetic } from '../../src/data/index.ts';
import { compile, compileProgram } from '../../src/engine/index.ts';
import { f32, type Graph, Random, scalar, toNumbers } from '../../src/ir/index.ts';
import { NetworkBuilder } from '../../src/models/index.ts';
import { readModel } from '../../src/onnx/index.ts';
import { foldBatchNorm, inferShapes } from '../../src/passes/index.ts';
import { findLayers, loadState } from '../../src/quantize/index.ts';
import { buildStep } from '../../src/train/index.ts';
import { classifiers } from '../fixtures/classifiers.ts';
import { imagesFor } from '../fixtures/images.ts';

/** Logarithms of softmax(scores), [images, classes]. */
async function logProbabilities(network: Graph, split: Split, pixels: Normalisation): Promise<number[][]> {
  const graph = network.clone();
  takePixels(graph, 'N', pixels);
  const scores = inferShapes(graph).outputs[0]!;
  const engine = await compile(graph, { threads: 2 });
  const rows: number[][] = [];
  for await (const { images, size, shape } of batches(split, {
    batchSize: 50,
    size: network.inputs[0]!.shape[2] as number,
  })) {
    const dims = [size, shape.channels, shape.height, shape.width];
    const values = toNumbers((await engine.run({ images: { dtype: 'uint8', dims, data: images } }))[scores.name]!);
    const width = values.length / size;
    for (let i = 0; i < size; i++) {
      const row = values.slice(i * width, (i + 1) * width);
      const sum = Math.log(row.reduce((total, v) => total + Math.exp(v - row[0]!), 0)) + row[0]!;
      rows.push(row.map((v) => v - sum));
    }
  }
  await engine.release();
  return rows;
}

/** Mean of KL(before || after) over images. */
const divergence = (before: readonly number[][], after: readonly number[][]) =>
  before.reduce(
    (sum, row, i) => sum + row.reduce((kl, v, k) => kl + Math.exp(v) * (v - after[i]![k]!), 0) / before.length,
    0,
  );

/** The rank of each value, from 0. */
const ranks = (values: readonly number[]) => values.map((v) => values.filter((other) => other < v).length);

function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const squares = x.reduce((sum, rank, i) => sum + (rank - y[i]!) ** 2, 0);
  return 1 - (6 * squares) / (x.length * (x.length ** 2 - 1));
}

interface Change {
  readonly predicted: number;
  readonly measured: number;
}

interface Trial {
  readonly network: Graph;
  readonly split: Split;
  readonly pixels: Normalisation;
  /** Of the network as it is. */
  readonly before: readonly number[][];
}

/** Adds noise to the weights of a layer, `part` of each filter's norm; with `corrects`, its bias makes up for the mean. */
async function disturb(
  { network, split, pixels, before }: Trial,
  name: string,
  statistics: LayerStatistics,
  { part, seed, corrects = false }: { part: number; seed: number; corrects?: boolean },
): Promise<Change> {
  const graph = network.clone();
  const { node, weight, filters } = findLayers(graph).find((layer) => layer.name === name)!;
  const values = toNumbers(weight.constant!);
  const n = values.length / filters;
  const random = new Random(seed, name);
  const norms = Array.from({ length: filters }, (_, f) => Math.hypot(...values.slice(f * n, (f + 1) * n)));
  const errors = Float64Array.from(
    values,
    (_, at) => (part * norms[Math.floor(at / n)]! * random.normal()) / Math.sqrt(n),
  );
  weight.constant = f32(
    weight.constant!.dims,
    values.map((v, at) => v + errors[at]!),
  );
  const biases = new Float64Array(filters);
  if (corrects) {
    for (const [at, error] of errors.entries()) biases[Math.floor(at / n)]! -= error * statistics.mean[at % n]!;
    const bias = node.input(2);
    bias.constant = f32(
      [filters],
      toNumbers(bias.constant!).map((v, f) => v + biases[f]!),
    );
  }
  const after = await logProbabilities(graph, split, pixels);
  const predicted = predictLoss(statistics, { weights: errors, biases }).reduce((sum, v) => sum + v, 0);
  return { predicted, measured: divergence(before, after) };
}

/** The means of several draws. */
async function disturbOften(draws: number, attempt: (seed: number) => Promise<Change>): Promise<Change> {
  const changes: Change[] = [];
  for (let seed = 0; seed < draws; seed++) changes.push(await attempt(seed));
  const mean = (key: keyof Change) => changes.reduce((sum, change) => sum + change[key], 0) / draws;
  return { predicted: mean('predicted'), measured: mean('measured') };
}

describe('predicted losses', () => {
  const size = 16;
  const patterns = synthetic({ classes: 10, height: size, width: size, train: 1024, test: 256, seed: 4 });
  const pixels: Normalisation = { mean: [128, 128, 128], std: [60, 60, 60] };

  /** A small MobileNet after a few dozen steps, batch norms folded. */
  async function trainedNetwork(): Promise<Graph> {
    const builder = new NetworkBuilder('trained', 2);
    let x = builder.input(3, size);
    x = builder.convBlock('conv', x, { filters: 12, kernel: 3, stride: 2 });
    for (const [i, [filters, stride]] of (
      [
        [16, 1],
        [24, 2],
        [32, 1],
        [48, 2],
      ] as const
    ).entries()) {
      x = builder.separableBlock([`dw_${i}`, `pw_${i}`], x, { filters, stride });
    }
    const graph = inferShapes(builder.classifier(x, 10));
    const optimizer = { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-4 } as const;
    const batchSize = 32;
    const step = buildStep(graph, { batchSize, optimizer, normalisation: pixels });
    const program = await compileProgram(step.graph, step.slots, { threads: 2 });
    let count = 0;
    for (const epoch of [0, 1, 2]) {
      for await (const batch of batches(patterns.train, { batchSize, epoch, shuffle: true, smoothing: 0.2 })) {
        await program.step({
          images: { dtype: 'uint8', dims: [batchSize, 3, size, size], data: batch.images },
          targets: f32([batchSize, 10], batch.targets!),
          learning_rate: scalar(0.05),
          step: scalar(++count),
        });
      }
    }
    loadState(graph, await program.state());
    await program.release();
    foldBatchNorm(graph);
    return graph;
  }

  it('are of the size of the measured ones and rank layers as they do, in a trained network', async () => {
    const network = await trainedNetwork();
    const statistics = await collectStatistics(network, patterns.train, { normalisation: pixels, threads: 2 });
    expect([...statistics.keys()]).toEqual(['conv', 'pw_0', 'pw_1', 'pw_2', 'pw_3', 'classifier']);
    const before = await logProbabilities(network, patterns.test, pixels);
    const hits = before.filter((row, i) => row.indexOf(Math.max(...row)) === patterns.test.labels[i]).length;
    expect(hits / before.length).toBeGreaterThan(0.5);
    const trial: Trial = { network, split: patterns.test, pixels, before };
    for (const corrects of [false, true]) {
      const changes: Change[] = [];
      for (const [name, of] of statistics) {
        changes.push(await disturbOften(4, (seed) => disturb(trial, name, of, { part: 0.03, seed, corrects })));
      }
      for (const { predicted, measured } of changes) {
        expect(predicted / measured).toBeGreaterThan(1 / 2);
        expect(predicted / measured).toBeLessThan(2);
      }
      const correlation = rankCorrelation(
        changes.map((change) => change.predicted),
        changes.map((change) => change.measured),
      );
      expect(correlation).toBeGreaterThan(0.8);
    }
  });

  const ofThatWidth = classifiers.filter(({ family, width }) => family === 'V1' && width === 0.5);

  it.each(ofThatWidth)('are of the size of the measured ones in $name', async (classifier) => {
    const folder = mkdtempSync(join(tmpdir(), 'tritbank-statistics-'));
    try {
      const network = inferShapes(readModel(await classifier.read()));
      const images = await imagesFor(classifier, folder, { train: 7, val: 5 });
      const { train, test } = await openDataset(images, { imageSize: classifier.size });
      const layers = ['conv_pw_3', 'conv_pw_10', 'conv_pw_13'];
      const statistics = await collectStatistics(network, train, { images: 64, threads: 2, layers });
      const given = readNormalisation(network, 3)!;
      // five of each class
      const split = selectImages(
        test,
        Array.from({ length: 50 }, (_, i) => Math.floor((i * test.length) / 50)),
      );
      const trial: Trial = { network, split, pixels: given, before: await logProbabilities(network, split, given) };
      for (const [name, of] of statistics) {
        for (const corrects of [false, true]) {
          const { predicted, measured } = await disturb(trial, name, of, { part: 0.05, seed: 1, corrects });
          expect(predicted / measured, name).toBeGreaterThan(1 / 2);
          expect(predicted / measured, name).toBeLessThan(2);
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
