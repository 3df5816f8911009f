/** Filters with bits of their own, from the plan to the file: single filters of a layer in 4 bits, the others in more. */

import { describe, expect, it, test } from 'vitest';
import { calibrate } from '../../src/compress/calibrate/calibrate.ts';
import { countedForm, measureCost, storageSchemes } from '../../src/cost/index.ts';
import { synthetic } from '../../src/data/synthetic.ts';
import { exportOnnx } from '../../src/export/index.ts';
import type { Graph } from '../../src/ir/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { normalizeNetwork } from '../../src/passes/index.ts';
import {
  type BankPlan,
  type FilterBits,
  findLayers,
  inBits,
  type Plan,
  readFilterBits,
  upTo,
  weightRows,
  writeFilterBits,
} from '../../src/quantize/index.ts';
import { calibration, deployed, load, relativeNoise, testImages } from './export-helper.ts';
import { runOurs } from './runtime-compare.ts';
import { small, smallNetwork, smallNormalisation } from './train-small.ts';

const input = testImages(4);

/** Every layer of several inputs has 4 and more bits by turns, the classifier 4 alone. */
function mixed(): Graph {
  const graph = deployed('mobilenet-v1', { method: 'hybrid', alpha: 0.5 });
  const layers = findLayers(graph).filter(({ kind }) => kind !== 'depthwise');
  const bits = layers.map(({ node, filters, kind }) => {
    const own = upTo(filters).map((f): FilterBits => (kind === 'classifier' || f % 3 === 0 ? 4 : f % 3 === 1 ? 8 : 16));
    return [node.name, own] as const;
  });
  writeFilterBits(graph, new Map(bits));
  return graph;
}

/** Different weights of a filter, which few bits limit. */
const levelsOf = (row: Float32Array | Float64Array) => new Set(row).size;

describe.each([['float'], ['int8']] as const)('%s activations', (activations) => {
  it('stores each filter in its bits, and both runtimes read them', async () => {
    const graph = mixed();
    const file = readModel(writeModel(await exportOnnx(graph, { activations, calibration })));
    const plain = await exportOnnx(graph, { activations, filters: 'int8', calibration });
    expect(writeModel(file).length).not.toBe(writeModel(plain).length);
    const { scores } = await load(file, input);
    const name = file.outputs[0]!.name;
    const { found } = await runOurs(writeModel(file), { [file.inputs[0]!.name]: input });
    const ours = found[name]!.data as Float32Array;
    const spread = Math.max(...scores) - Math.min(...scores);
    for (const [i, score] of scores.entries()) expect(Math.abs(ours[i]! - score)).toBeLessThan(0.02 * spread);
    // 4 bits have fifteen levels
    const read = countedForm(file);
    const bits = readFilterBits(graph);
    for (const layer of findLayers(read)) {
      const own = bits.get(layer.node.name);
      if (!own || !graph.nodes.some((node) => node.name === layer.node.name)) continue;
      const rows = weightRows(layer);
      const size = rows.length / layer.filters;
      for (const [f, width] of own.entries()) {
        const row = rows.subarray(f * size, (f + 1) * size);
        if (width === 4) expect(levelsOf(row)).toBeLessThanOrEqual(15);
        if (width > 4 && size >= 32 && levelsOf(row) > 3) {
          expect(levelsOf(row)).toBeGreaterThan(15);
        }
      }
    }
  });
});

test('unpacking leaves nothing to each run', async () => {
  const { ops } = await load(await exportOnnx(mixed()), input);
  expect([ops.Cast, ops.Gather, ops.Reshape]).toEqual([undefined, undefined, undefined]);
});

describe('a calibration', () => {
  const { train: images } = synthetic({ classes: 5, height: small.size, width: small.size, train: 64, test: 1 });
  const options = { images: 64, chunk: 16, normalisation: smallNormalisation, threads: 1 };
  const original = smallNetwork();
  const layers = findLayers(normalizeNetwork(original.clone()));
  const sizeOf = (name: string) => layers.find((layer) => layer.name === name)!.filters;

  it('rounds whole layers, and filters beside ternary ones, to multiples of a scale that the file keeps', async () => {
    const bank: BankPlan = { method: 'hybrid', fullPrecision: [1, 4, 5], hidden: 6, bits: [4, 8, 4] };
    const plan: Plan = { layers: { conv: inBits(sizeOf('conv'), 4), pointwise: bank } };
    const { graph, layers: report } = await calibrate(original, plan, images, options);
    const bits = readFilterBits(graph);
    expect(bits.get('conv')).toEqual(Array(sizeOf('conv')).fill(4));
    expect(bits.get('pointwise_fp')).toEqual([4, 8, 4]);
    expect(report.at(-1)!.errors.final).toBeLessThan(0.2);
    const file = await exportOnnx(graph, { filters: 'int8' });
    const [before, after] = [graph, normalizeNetwork(file.clone())].map((one) => {
      return weightRows(findLayers(one).find((layer) => layer.node.name === 'conv')!);
    });
    for (const [at, w] of before!.entries()) expect(Math.abs(after![at]! - w)).toBeLessThan(1e-3);
  });

  it('is counted by the bits of its filters', async () => {
    const plan: Plan = { layers: { pointwise: inBits(sizeOf('pointwise'), 4) } };
    const { graph } = await calibrate(original, plan, images, options);
    const bytesOf = (one: Graph) =>
      measureCost(one, { scheme: storageSchemes.int8 }).layers.find((l) => l.name === 'pointwise')!.bytes;
    const weights = layers.find(({ name }) => name === 'pointwise')!.weight.constant!.data.length;
    const whole = graph.clone();
    writeFilterBits(whole, new Map());
    expect(bytesOf(whole) - bytesOf(graph)).toBe(weights / 2);
  });

  it('rounds better together than the nearest multiples do', async () => {
    const plan: Plan = {
      layers: Object.fromEntries(['conv', 'pointwise', 'classifier'].map((name) => [name, inBits(sizeOf(name), 4)])),
    };
    const { graph } = await calibrate(original, plan, images, options);
    const together = await exportOnnx(graph, { filters: 'int8' });
    const nearest = normalizeNetwork(original.clone());
    writeFilterBits(
      nearest,
      new Map(Object.entries(plan.layers).map(([name]) => [name, inBits(sizeOf(name), 4).bits!])),
    );
    const apart = await exportOnnx(nearest, { filters: 'int8' });
    const pixels = images.pixels!.subarray(0, 16 * 3 * small.size ** 2);
    const data = Float32Array.from(pixels, (p, at) => {
      const channel = Math.floor(at / small.size ** 2) % 3;
      return (p - smallNormalisation.mean[channel]!) / smallNormalisation.std[channel]!;
    });
    const some = { dtype: 'float32', dims: [16, 3, small.size, small.size], data } as const;
    const exact = (await load(original, some)).scores;
    const errors = [];
    for (const one of [together, apart]) errors.push(relativeNoise((await load(one, some)).scores, exact));
    expect(errors[0]).toBeLessThan(errors[1]!);
  });
});
