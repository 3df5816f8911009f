import { expect, it } from 'vitest';
import { normal } from '../../test/evaluate.ts';
import { Graph } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { findLayers, upTo } from '../quantize/index.ts';
import { bankTasks, fitsOf, joinFits } from './analysis-tasks.ts';
import { decompose } from './decompose/decompose.ts';
import { roundingNoise } from './rounding-noise.ts';

function layerOf(filters: number, inputs: number) {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', inputs, 4, 4]);
  const y = b.op('Conv', [x, b.constant('w', normal(1, [filters, inputs, 1, 1]))], {}, 'conv');
  graph.outputs = [b.relu(y)];
  return findLayers(graph)[0]!;
}

it('splits a large bank into blocks of as many trits a weight, in the order of its filters', () => {
  const sensitivity = Float64Array.from(upTo(300), (f) => 1 + f);
  const diagonal = new Float64Array(64).fill(1);
  const statistics = { count: 1, secondMoments: undefined, diagonal, mean: new Float64Array(64), sensitivity };
  const layer = layerOf(300, 64);
  const tasks = bankTasks(layer, { widths: [30, 300], statistics, seed: 2 });
  expect(tasks.map(({ filters }) => filters)).toEqual([150, 150]);
  expect(tasks.flatMap(({ weights }) => [...weights])).toEqual([...(layer.weight.constant!.data as Float32Array)]);
  for (const { filters, options } of tasks) {
    for (const [i, width] of [30, 300].entries()) {
      const whole = (width * (300 + 64)) / (300 * 64);
      expect(Math.abs((options.widths![i]! * (filters + 64)) / (filters * 64) / whole - 1)).toBeLessThan(0.02);
    }
  }
  const weights = tasks.flatMap(({ options }) => [...options.rowWeights!]);
  expect(weights[299]! / weights[0]!).toBeCloseTo(300);
});

it.each([
  [255, 64],
  [1000, 63],
])('leaves %i filters of %i weights whole', (filters, inputs) => {
  const tasks = bankTasks(layerOf(filters, inputs), { widths: [8], statistics: undefined, seed: 0 });
  expect(tasks.map((task) => [task.filters, task.options.width])).toEqual([[filters, 8]]);
});

it('joins what blocks say: residuals near those of the whole bank, and all non-zeros', () => {
  const layer = layerOf(256, 64);
  const tasks = bankTasks(layer, { widths: [64], statistics: undefined, seed: 0 });
  const fits = joinFits(
    tasks.map((task) => fitsOf(task, decompose(task.weights, task.filters, task.inputs, task.options))),
  );
  const whole = decompose(layer.weight.constant!.data as Float32Array, 256, 64, {
    width: 64,
    widths: [64],
    growth: 1.3,
    scaleFilters: true,
    rounds: 0,
  });
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, v) => sum + v, 0) / values.length;
  expect(fits.residuals[0]).toHaveLength(256);
  expect(Math.abs(mean(fits.residuals[0]!) / mean(whole.residuals) - 1)).toBeLessThan(0.15);
  const nonZero = [...whole.wb, ...whole.wc].filter((v) => v !== 0).length;
  expect(Math.abs(fits.nonZero[0]! / nonZero - 1)).toBeLessThan(0.1);
});

it('says what rounding one unit to 8 bits adds to a filter, by the levels that all units share', () => {
  const covariance = Float64Array.from(upTo(64), (at) => (at % 9 === 0 ? 1 + at / 9 : 0.25));
  const [task] = bankTasks(layerOf(6, 8), { widths: [2, 5], statistics: undefined, seed: 0 });
  const options = { ...task!.options, covariance };
  const found = decompose(task!.weights, 6, 8, options);
  const { relativeNoise } = fitsOf({ ...task!, options }, found);
  const variances = Float64Array.from(upTo(5), (k) => {
    const row = [...found.wb.subarray(8 * k, 8 * k + 8)];
    const energy = row.flatMap((u, i) => row.map((v, j) => u * v * covariance[8 * i + j]!)).reduce((a, b) => a + b, 0);
    return found.scales[k]! ** 2 * energy;
  });
  const readers = [...found.wc].filter((v) => v !== 0).length / 6 / 5;
  expect(relativeNoise[1]! / (readers * roundingNoise(variances))).toBeCloseTo(1, 4);
  // relative to the outputs
  const louder = { ...task!, weights: task!.weights.map((w) => 100 * w) };
  const again = decompose(louder.weights, 6, 8, options);
  expect(fitsOf({ ...louder, options }, again).relativeNoise[1]! / relativeNoise[1]!).toBeCloseTo(1, 4);
  const joined = joinFits([fitsOf({ ...task!, options }, found), { ...fitsOf(task!, found), relativeNoise: [9, 0] }]);
  expect(joined.relativeNoise).toEqual([9, relativeNoise[1]]);
});
