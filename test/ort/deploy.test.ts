/**
 * Whole networks through phases and deployment, run in ONNX Runtime: freezing keeps the function of the ternary phase,
 * deployment that of the frozen phase, whatever the statistics, signs and zeros of the batch norms.
 */

import { describe, expect, it } from 'vitest';
import { compile } from '../../src/engine/index.ts';
import { type Graph, isTernary, type Tensor } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { removeMarkers } from '../../src/passes/index.ts';
import {
  applyPlan,
  deploy,
  loadState,
  makePlan,
  type PlanOptions,
  toFrozen,
  toTernary,
} from '../../src/quantize/index.ts';
import { normal, relativeError } from '../evaluate.ts';
import { randomState } from './random-state.ts';

const options = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 3 } as const;
const network = buildNetwork('mobilenet-v1', options);
const input = normal(5, [2, 3, 32, 32]);

async function logits(graph: Graph): Promise<Float32Array> {
  const executable = await compile(graph, { threads: 1 });
  const { logits } = await executable.run({ input });
  await executable.release();
  return logits!.data as Float32Array;
}

/** Name, plan, ternary matrices, and products left: one behind each Wb, and behind the layer before a ternary classifier. */
const cases: readonly [string, PlanOptions, number, number][] = [
  ['full precision', { method: 'fp' }, 0, 0],
  ['TWN, one scale a tensor', { method: 'twn', granularity: 'tensor' }, 28, 28],
  ['TWN, one scale a filter', { method: 'twn', granularity: 'filter' }, 28, 28],
  // the scales behind 12 of 13 pointwise layers and the first one go into the depthwise layers
  ['TWN but in depthwise layers', { method: 'twn', kinds: ['first', 'pointwise'] }, 14, 0],
  ['StrassenNets', { method: 'strassen' }, 30, 16],
  ['hybrid, alpha 0.25', { method: 'hybrid', alpha: 0.25 }, 30, 16],
  ['hybrid, alpha 0.5', { method: 'hybrid', alpha: 0.5 }, 30, 16],
  ['hybrid, alpha 1', { method: 'hybrid', alpha: 1 }, 2, 1],
  ['hybrid in pointwise layers', { method: 'hybrid', kinds: ['pointwise'] }, 26, 13],
];

describe.each(cases)('%s', (_, plan, matrices, products) => {
  const quantized = applyPlan(network, makePlan(network, plan), 11);
  const state = randomState(quantized.graph, quantized.fixed, 17);
  const frozen = toFrozen(quantized, state);

  it('computes the same when frozen as in the ternary phase', async () => {
    const latent = toTernary(quantized).graph;
    loadState(latent, state);
    removeMarkers(latent);
    const expected = await logits(latent);
    expect(relativeError(expected.slice(10), expected.slice(0, 10))).toBeGreaterThan(0.01); // images differ
    expect(relativeError(await logits(frozen.graph), expected)).toBeLessThan(1e-4);
  });

  it('computes the same when deployed as when frozen', async () => {
    const tuned = randomState(frozen.graph, frozen.fixed, 23);
    const reference = frozen.graph.clone();
    loadState(reference, tuned);
    const expected = await logits(reference);
    expect(relativeError(expected.slice(10), expected.slice(0, 10))).toBeGreaterThan(0.01);
    const before = frozen.graph.initializers.map((v) => v.constant);
    const graph = deploy(frozen, tuned, { plan: 'x' });
    expect(relativeError(await logits(graph), expected)).toBeLessThan(1e-4);
    expect(frozen.graph.initializers.map((v) => v.constant)).toEqual(before);

    expect(graph.nodes.filter((n) => n.op === 'BatchNormalization' || n.op === 'Add')).toEqual([]);
    expect(graph.nodes.filter((n) => n.op === 'Mul')).toHaveLength(products);
    const kept = frozen.ternary.map(({ name }) => graph.value(name));
    expect(kept.filter((v) => isTernary(v.constant!))).toHaveLength(matrices);
    expect(kept.every((v) => [...v.uses].every((n) => n.op === 'Conv' && n.inputs[1] === v))).toBe(true);
    expect([graph.inputs[0]!.name, graph.outputs[0]!.name, graph.outputs[0]!.shape]).toEqual([
      'input',
      'logits',
      ['N', 10],
    ]);
    expect(graph.metadata.get('plan')).toBe('x');
  });

  it('ignores the latent weights that a state may still hold', () => {
    const stale = new Map<string, Tensor>(frozen.ternary.map(({ name }) => [name, state.get(name)!]));
    const graph = deploy(frozen, stale);
    expect(frozen.ternary.every(({ name }) => isTernary(graph.value(name).constant!))).toBe(true);
  });
});

it('refuses a network that is not frozen', () => {
  const quantized = applyPlan(network, makePlan(network, { method: 'twn' }), 1);
  expect(() => deploy(quantized, new Map())).toThrow("internal: 'conv_weight' was not frozen before deployment");
});
