import { describe, expect, it } from 'vitest';
import { normal } from '../../test/evaluate.ts';
import { f32, Graph, int, type Tensor } from '../ir/index.ts';
import { NetworkBuilder } from '../models/index.ts';
import { Builder } from '../ops/index.ts';
import { weightRows } from '../quantize/index.ts';
import { bankTasks } from './analysis-tasks.ts';
import { findCandidates } from './candidates.ts';
import { decompose } from './decompose/decompose.ts';
import { analyzeNetwork } from './sensitivity.ts';
import type { LayerStatistics } from './statistics/options.ts';

/** Two pointwise layers: `stem` of four weights a filter, and `conv`, which has `weight`. */
function pointwise(weight: Tensor): Graph {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', weight.dims[1]!, 4, 4]);
  const y = graph.input('y', 'float32', ['N', 4, 4, 4]);
  const first = b.op('Conv', [y, b.constant('v', normal(9, [weight.dims[1]!, 4, 1, 1]))], {}, 'stem');
  graph.outputs = [b.relu(b.op('Conv', [b.add(b.relu(first), x), b.constant('w', weight)], {}, 'conv'))];
  return graph;
}

const close = (found: readonly number[], expected: readonly number[]) => {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of found.entries())
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-5 * Math.max(1e-9, expected[i]!));
};

describe('analyzeNetwork', () => {
  // 4 filters of 4 weights; filters 0 and 1 are one ternary vector, filter 3 is zero
  const weight = f32([4, 4, 1, 1], [1, 1, 0, -1, 2, 2, 0, -2, 0.3, -1.7, 0.6, 0.1, 0, 0, 0, 0]);

  it('gives residuals, widths and importance of each filter', async () => {
    const { layers, ...facts } = await analyzeNetwork(pointwise(weight), { ratios: [1, 0.5], threads: 0 });
    expect(facts).toEqual({
      version: 1,
      model: 'net',
      data: null,
      lossUnit: 'noise',
      ratios: [0.5, 1],
      seed: 0,
      seconds: expect.any(Number),
    });
    expect(layers.map(({ name }) => name)).toEqual(['stem', 'conv']);
    const layer = layers.at(-1)!;
    expect([layer.name, layer.filters, layer.inputs, layer.widths]).toEqual(['conv', 4, 4, [2, 4]]);
    // energies 3, 12, 0.09 + 2.89 + 0.36 + 0.01 = 3.35 and 0
    close(layer.importance, [3 / 18.35, 12 / 18.35, 3.35 / 18.35, 0]);
    const [half, whole] = layer.residuals;
    // nothing is lost of a filter that is zero
    expect([half![3], whole![3]]).toEqual([0, 0]);
    const total = (residuals: readonly number[]) => residuals.reduce((sum, r, f) => sum + r * layer.importance[f]!, 0);
    expect(total(whole!)).toBeLessThanOrEqual(total(half!));
    expect(total(half!)).toBeLessThan(0.2);
    expect(layer.nonZero[0]).toBeGreaterThan(0);
    expect(layer.nonZero[1]).toBeGreaterThanOrEqual(layer.nonZero[0]!);
    expect(layer.nonZero[1]).toBeLessThanOrEqual(4 * (4 + 4));
  });

  it('has the residuals of a decomposition of the whole bank', async () => {
    const graph = pointwise(normal(1, [12, 8, 1, 1]));
    const { layers } = await analyzeNetwork(graph, { ratios: [0.5, 1], threads: 0, seed: 3 });
    const conv = findCandidates(graph).at(-1)!;
    const options = { width: 12, widths: [6, 12], seed: 3, growth: 1.3, rounds: 0, scaleFilters: true };
    const { profile } = decompose(weightRows(conv), 12, 8, options);
    for (const [i, { residuals }] of profile.entries()) close(layers.at(-1)!.residuals[i]!, Array.from(residuals));
  });

  it('decomposes sparser too where asked', async () => {
    const graph = pointwise(normal(1, [12, 8, 1, 1]));
    const options = { ratios: [0.5, 1], threads: 0, seed: 3 };
    const { layers } = await analyzeNetwork(graph, { ...options, sparsities: [8, 2, 0, 8] });
    const layer = layers.at(-1)!;
    const { sparser, ...plain } = layer;
    expect(sparser!.map(({ sparsity }) => sparsity)).toEqual([2, 8]);
    const conv = findCandidates(graph).at(-1)!;
    for (const { sparsity, residuals, nonZero } of sparser!) {
      const fit = { width: 12, widths: [6, 12], seed: 3, growth: 1.3, rounds: 0, scaleFilters: true, sparsity };
      const { profile } = decompose(weightRows(conv), 12, 8, fit);
      for (const [i, one] of profile.entries()) close(residuals[i]!, Array.from(one.residuals));
      expect(nonZero[1]).toBeLessThan(layer.nonZero[1]!);
    }
    expect(sparser![1]!.nonZero[1]).toBeLessThan(sparser![0]!.nonZero[1]!);
    const without = await analyzeNetwork(graph, options);
    expect(without.layers.at(-1)).toEqual(plain);
    await expect(analyzeNetwork(graph, { sparsities: [-1] })).rejects.toThrow(
      'sparsities: expected numbers from 0 to 100, found -1',
    );
  });

  it('does not depend on threads, and reports its progress', async () => {
    const graph = pointwise(normal(1, [12, 8, 1, 1]));
    const shares: [number, string][] = [];
    const run = (threads: number) =>
      analyzeNetwork(graph, { threads, onProgress: (share, name) => shares.push([share, name]) });
    const [one, two] = [await run(0), await run(2)];
    expect({ ...two, seconds: 0 }).toEqual({ ...one, seconds: 0 });
    // 8 filters x 4 inputs x width 16 of the stem, 12 x 8 x 24 of the layer, the larger one first
    const work = [8 * 4 * 16, 12 * 8 * 24];
    const all = work[0]! + work[1]!;
    expect(shares.slice(0, 2)).toEqual([
      [work[1]! / all, 'conv'],
      [1, 'stem'],
    ]);
  });

  it('counts the widths of a classifier from the lesser of its filters and inputs', async () => {
    const network = new NetworkBuilder('net', 1);
    const x = network.convBlock('pw', network.input(3, 4), { filters: 6, kernel: 1 });
    const graph = network.classifier(x, 10);
    const { layers } = await analyzeNetwork(graph, { ratios: [0.5, 1, 2], threads: 0 });
    expect(layers.at(-1)!.kind).toBe('classifier');
    expect(layers.at(-1)!.widths).toEqual([3, 6, 12]);
  });

  it('ends with E_USAGE or E_MODEL', async () => {
    const graph = pointwise(normal(1, [12, 8, 1, 1]));
    await expect(analyzeNetwork(graph, { ratios: [1, 0] })).rejects.toThrow(
      'ratios: expected width ratios above 0 and at most 8, found 0',
    );
    await expect(analyzeNetwork(graph, { ratios: [] })).rejects.toThrow('found none');
    const broken = pointwise(f32([4, 4, 1, 1], [Number.NaN, ...new Array<number>(15).fill(1)]));
    await expect(analyzeNetwork(broken)).rejects.toThrow(/expected finite weights, found 1 in 'w'/);
    await expect(analyzeNetwork(new Graph('empty', 20))).rejects.toThrow(
      'expected layers that can be compressed, found none with weights',
    );
    await expect(analyzeNetwork(graph, { statistics: new Map() })).rejects.toThrow(
      "statistics of layer 'stem': expected those of 8 filters with 4 weights, found none",
    );
  });
});

/** Statistics of inputs with these moments; those that are not given are of independent inputs around 0. */
function inputs(n: number, given: Partial<LayerStatistics> = {}): LayerStatistics {
  return {
    count: 1,
    secondMoments: undefined,
    diagonal: new Float64Array(n).fill(1),
    mean: new Float64Array(n),
    ...given,
  };
}

describe('with statistics', () => {
  const weight = normal(1, [6, 4, 1, 1]);
  const ones = (n: number) => new Float64Array(n).fill(1);
  const stem = inputs(4, { sensitivity: ones(4), biasSensitivity: ones(4) });

  it('importance is half the sensitivity times the energy under the covariance', async () => {
    // C = I + 0.5 (e0 e1' + e1 e0'), around the mean (1, 2, 0, 0)
    const mean = Float64Array.of(1, 2, 0, 0);
    const secondMoments = Float64Array.of(2, 2.5, 0, 0, 2.5, 5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
    const sensitivity = Float64Array.of(2, 4, 0, 1, 1, 8);
    const conv = inputs(4, {
      // so many samples are sure of it
      count: 1e9,
      secondMoments,
      diagonal: Float64Array.of(2, 5, 1, 1),
      mean,
      sensitivity,
      biasSensitivity: ones(6),
    });
    const statistics = new Map([
      ['stem', stem],
      ['conv', conv],
    ]);
    const data = { name: 'bars', images: 16 };
    const analysis = await analyzeNetwork(pointwise(weight), { ratios: [0.5, 1], threads: 0, statistics, data });
    expect([analysis.lossUnit, analysis.data]).toEqual(['nats', data]);
    const w = weight.data;
    const expected = Array.from(sensitivity, (s, f) => {
      const [a, b, c, d] = [0, 1, 2, 3].map((i) => w[4 * f + i]!) as [number, number, number, number];
      return (s / 2) * (a * a + b * b + c * c + d * d + a * b);
    });
    close(analysis.layers.at(-1)!.importance, expected);
  });

  it('without sensitivity losses are shares of the energy under the inputs', async () => {
    const statistics = new Map([
      ['stem', inputs(4)],
      ['conv', inputs(4, { diagonal: Float64Array.of(1, 0, 0, 4) })],
    ]);
    const { lossUnit, layers } = await analyzeNetwork(pointwise(weight), { ratios: [1], threads: 0, statistics });
    expect(lossUnit).toBe('noise');
    const energies = Array.from({ length: 6 }, (_, f) => weight.data[4 * f]! ** 2 + 4 * weight.data[4 * f + 3]! ** 2);
    const total = energies.reduce((sum, e) => sum + e, 0);
    close(
      layers.at(-1)!.importance,
      energies.map((e) => e / total),
    );
  });

  it('sensitive filters are approximated better', () => {
    const conv = findCandidates(pointwise(normal(4, [16, 16, 1, 1]))).at(-1)!;
    const errorOfFirst = (sensitivity: Float64Array) => {
      const statistics = inputs(16, { sensitivity });
      const [task] = bankTasks(conv, { widths: [8], statistics, seed: 0 });
      const { weights, filters, inputs: n, options } = task!;
      const { residuals } = decompose(weights, filters, n, options);
      return residuals.subarray(0, 4).reduce((total, value) => total + value, 0);
    };
    const unequal = Float64Array.from({ length: 16 }, (_, f) => (f < 4 ? 100 : 1));
    expect(errorOfFirst(unequal)).toBeLessThan(0.7 * errorOfFirst(ones(16)));
  });
});

it('weights of a Gemm that is not transposed are turned', () => {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 5]);
  const data = Array.from({ length: 20 }, (_, i) => i + 0.5);
  // [inputs 5, filters 4]
  graph.outputs = [b.op('Gemm', [x, b.constant('w', f32([5, 4], data))], { transB: int(0) }, 'fc')];
  const [layer] = findCandidates(graph);
  expect(Array.from(weightRows(layer!).subarray(5, 10))).toEqual([1.5, 5.5, 9.5, 13.5, 17.5]);
});
