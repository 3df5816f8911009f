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

const bank = { method: 'hybrid', fullPrecision: 1, hidden: 3 } as const;
const plans: readonly LayerPlan[] = [
  { method: 'twn', granularity: 'tensor' },
  { method: 'twn', granularity: 'filter' },
  { method: 'strassen', fullPrecision: 0, hidden: 6 },
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
  it('computes the same in the ternary and the frozen phase', () => {
    const network = quantized(plan);
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

it('learns a scale for a ternary weight layer', () => {
  const { graph, fixed } = toFrozen(quantized(plans[1]!), new Map());
  expect(graph.value('pw_weight_scale').shape).toEqual([4]);
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
