import { describe, expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../test/evaluate.ts';
import { f32, isTernary, type Tensor } from '../ir/index.ts';
import { NetworkBuilder } from '../models/index.ts';
import { removeMarkers } from '../passes/index.ts';
import { applyPlan } from './apply.ts';
import { loadState, toFrozen, toTernary } from './phases.ts';
import type { LayerPlan } from './plan.ts';

const feeds = { input: normal(1, [2, 1, 4, 4]) };

function quantized(plan: LayerPlan) {
  const network = new NetworkBuilder('small', 1);
  const x = network.convBlock('conv', network.input(1, 4), { filters: 2, kernel: 3 });
  const y = network.conv('pw', x, { filters: 4, kernel: 1 });
  return applyPlan(network.classifier(network.batchNorm('pw_bn', y), 3), { layers: { pw: plan } }, 5);
}

/** The same layer as a Gemm on pooled maps. */
function quantizedGemm(plan: LayerPlan) {
  const { graph, build } = new NetworkBuilder('small', 1);
  const image = graph.input('input', 'float32', ['N', 2, 4, 4]);
  const pooled = build.op('Flatten', [build.op('GlobalAveragePool', [image])]);
  graph.outputs = [build.op('Gemm', [pooled, build.constant('w', normal(3, [2, 4]))], {}, 'pw')];
  return applyPlan(graph, { layers: { pw: plan } }, 5);
}

const bank: LayerPlan = { method: 'hybrid', fullPrecision: [0], hidden: 3 };
const plans: readonly LayerPlan[] = [
  { method: 'twn', granularity: 'tensor' },
  { method: 'twn', granularity: 'filter' },
  { method: 'strassen', fullPrecision: [], hidden: 6 },
  bank,
];

/** Hidden statistics far from their initial values, a dead row in `zero`. */
function trained(zero?: string): Map<string, Tensor> {
  const state = new Map<string, Tensor>([
    ['pw_a', f32([3], [0.5, -2, 1])],
    ['pw_hidden_mean', f32([3], [1, -1, 0.5])],
    ['pw_hidden_variance', f32([3], [0.01, 4, 1e-6])],
  ]);
  if (zero) state.set(zero, f32([3, 2, 1, 1]));
  return state;
}

describe.each(plans)('%j', (plan) => {
  it.each([
    ['a convolution', quantized, feeds],
    ['a Gemm', quantizedGemm, { input: normal(2, [3, 2, 4, 4]) }],
  ])('computes the same in the ternary and the frozen phase, for %s', (_, make, feeds) => {
    const network = make(plan);
    const latent = toTernary(network).graph;
    removeMarkers(latent);
    const frozen = toFrozen(network, new Map());
    expect(relativeError(evaluate(frozen.graph, feeds), evaluate(latent, feeds))).toBeLessThan(1e-6);
    for (const { name } of frozen.ternary) {
      expect(isTernary(frozen.graph.value(name).constant!)).toBe(true);
      expect(frozen.fixed.has(name)).toBe(true);
      expect(network.fixed.has(name)).toBe(false);
      expect(isTernary(network.graph.value(name).constant!)).toBe(false);
    }
  });
});

it.each([undefined, 'pw_wb'])('absorbs scales into trained statistics, all of %s being zero', (zero) => {
  const network = quantized(bank);
  const latent = toTernary(network).graph;
  loadState(latent, trained(zero));
  removeMarkers(latent);
  const frozen = toFrozen(network, trained(zero));
  expect(relativeError(evaluate(frozen.graph, feeds), evaluate(latent, feeds))).toBeLessThan(1e-5);
});

it('learns a scale for a ternary weight layer, in units of the root of the weights that it moves', () => {
  // thresholds 0.7 of the means 2, 4, 1.5, 1: two, one, two and one weights are kept, 1.5 a filter
  const weight = f32([4, 2, 1, 1], [2, -2, 8, 0, 1.5, -1.5, 0.5, 1.5]);
  const { graph, fixed } = toFrozen(quantized(plans[1]!), new Map([['pw_weight', weight]]));
  expect([...(graph.value('pw_weight').constant!.data as Float32Array)]).toEqual([1, -1, 1, 0, 1, -1, 0, 1]);
  const learned = graph.value('pw_weight_scale').constant!.data as Float32Array;
  for (const [i, s] of [2, 8, 1.5, 1.5].entries()) expect(learned[i]! / Math.sqrt(1.5)).toBeCloseTo(s, 5);
  expect(fixed.has('pw_weight_scale')).toBe(false);
});

it('loads what the graph has and ignores the rest', () => {
  const { graph } = quantized(bank);
  const mean = f32([3], [7, 8, 9]);
  loadState(
    graph,
    new Map([
      ['pw_hidden_mean', mean],
      ['optimizer/momentum', mean],
      ['pw_bank', mean],
    ]),
  );
  expect(graph.value('pw_hidden_mean').constant).toBe(mean);
  expect(graph.value('pw_bank').constant).toBeUndefined();
});
