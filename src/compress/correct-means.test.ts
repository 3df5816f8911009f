/** Biases take back what decompositions do to the means of outputs, wherever the layer has its constant. */

import { expect, it } from 'vitest';
import { evaluate, normal } from '../../test/evaluate.ts';
import { f32, float, Graph, int, type Tensor } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { inferShapes } from '../passes/index.ts';
import { type BankPlan, bankPlan, deploy, findLayers, type Plan, toFrozen, upTo } from '../quantize/index.ts';
import { buildBanks } from './build-banks.ts';
import type { LayerStatistics } from './statistics/options.ts';

const channels = 6;
const filters = 8;
/** Channels that vary by little around means that lie far apart. */
const means = [5, -3, 2, 0, 7, -1];
const image = (seed: number): Tensor => {
  const noise = normal(seed, [16, channels, 3, 3]);
  return f32(
    noise.dims,
    (noise.data as Float32Array).map((v, at) => 0.5 * v + means[Math.floor(at / 9) % channels]!),
  );
};
const statistics: LayerStatistics = {
  count: 1000,
  secondMoments: Float64Array.from(upTo(channels ** 2), (at) => {
    const [i, j] = [Math.floor(at / channels), at % channels];
    return means[i]! * means[j]! + (i === j ? 0.25 : 0);
  }),
  diagonal: Float64Array.from(means, (m) => m * m + 0.25),
  mean: Float64Array.from(means),
};

type Form = 'bias' | 'batch norm' | 'none' | 'shared bias' | 'Gemm';

function networkOf(form: Form): Graph {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', channels, 3, 3]);
  const bias = b.constant('b', normal(2, [filters]));
  const weight = b.constant('w', normal(1, [filters, channels, 1, 1]));
  const ofOne = (value: number) => b.constant(`c${value}`, f32([filters], new Float32Array(filters).fill(value)));
  if (form === 'Gemm') {
    const pooled = b.op('Flatten', [b.op('GlobalAveragePool', [x])]);
    const rows = b.constant('rows', normal(1, [filters, channels]));
    graph.outputs = [b.op('Gemm', [pooled, rows, bias], { transB: int(1) }, 'layer')];
  } else if (form === 'shared bias') {
    const y = b.op('Conv', [x, weight, bias], {}, 'layer');
    const next = b.op('Conv', [y, b.constant('v', normal(3, [filters, filters, 1, 1])), bias], {}, 'next');
    graph.outputs = [y, next];
  } else {
    const y = b.op('Conv', form === 'bias' ? [x, weight, bias] : [x, weight], {}, 'layer');
    const norm = [b.constant('gamma', normal(4, [filters])), bias, ofOne(0), ofOne(1)];
    const isNormed = form === 'batch norm';
    graph.outputs = [isNormed ? b.node('BatchNormalization', [y, ...norm], { epsilon: float(0) }, 1).output() : y];
  }
  return inferShapes(graph);
}

const bank = bankPlan(filters, [1, 4], 3) as BankPlan;
const plan: Plan = { layers: { layer: bank } };

/** The mean of each channel of the first output. */
function meansOf(graph: Graph): number[] {
  const found = evaluate(graph, { x: image(5) });
  const block = found.length / 16 / filters;
  const sums = new Array<number>(filters).fill(0);
  for (const [at, value] of found.entries()) sums[Math.floor(at / block) % filters]! += value;
  return sums.map((sum) => (sum * filters) / found.length);
}

it.each<Form>(['bias', 'batch norm', 'none', 'shared bias', 'Gemm'])('of a layer with %s', async (form) => {
  const graph = networkOf(form);
  const build = async (known?: LayerStatistics) => {
    const given = known && { statistics: new Map([['layer', known]]) };
    const { network, initial } = await buildBanks(graph, plan, { seed: 1, threads: 0, ...given });
    expect(findLayers(network.base)[0]!.filters).toBe(filters);
    return { base: network.base, built: deploy(toFrozen(network, initial), new Map()) };
  };
  const { base, built } = await build(statistics);
  const expected = meansOf(base);
  const off = (found: number[]) => Math.max(...found.map((mean, c) => Math.abs(mean - expected[c]!)));
  expect(off(meansOf(built))).toBeLessThan(0.15);
  // a decomposition alone leaves them far off
  const { built: crude } = await build({ ...statistics, mean: new Float64Array(channels) });
  expect(off(meansOf(crude))).toBeGreaterThan(0.5);
});
