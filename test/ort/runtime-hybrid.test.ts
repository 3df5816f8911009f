/** Compressed networks in the runtime against ONNX Runtime: as deployed, and packed five trits to a byte. */

import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../src/export/onnx/export-onnx.ts';
import type { Graph } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { inferShapes } from '../../src/passes/index.ts';
import { applyPlan, deploy, makePlan, type PlanOptions, toFrozen } from '../../src/quantize/index.ts';
import { normal, relativeError } from '../evaluate.ts';
import { randomState } from './random-state.ts';
import { kernelKinds, runBoth, worstError } from './runtime-compare.ts';

const size = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 3 } as const;
const x = { input: normal(5, [2, 3, 32, 32]) };

/** A network in deployed form, with hard batch norms where its depth bears them. */
function deployed(model: string, plan: PlanOptions): Graph {
  const network = inferShapes(buildNetwork(model, size));
  const frozen = toFrozen(applyPlan(network, makePlan(network, plan), 11), new Map());
  const isTame = model === 'mobilenet-v2' || plan.method === 'twn';
  return deploy(frozen, isTame ? new Map() : randomState(frozen.graph, frozen.fixed, 5));
}

const cases: [model: string, plan: PlanOptions][] = [
  ['mobilenet-v1', { method: 'hybrid' }],
  ['mobilenet-v1', { method: 'strassen' }],
  ['mobilenet-v1', { method: 'twn', granularity: 'filter' }],
  ['mobilenet-v2', { method: 'hybrid' }],
  ['mobilenet-v2', { method: 'twn', kinds: ['depthwise'] }],
  ['resnet-20', { method: 'hybrid' }],
  ['ds-cnn', { method: 'hybrid', alpha: 0.25 }],
];

describe.each(cases)('%s, %o', (model, plan) => {
  const graph = deployed(model, plan);

  it.each(kernelKinds)('as deployed, %s kernels', async (kernels) => {
    const results = await runBoth(graph, x, { kernels, profile: true });
    expect(worstError(results)).toBeLessThan(1e-5);
    const { data } = results.found.logits!;
    expect(relativeError(data.slice(0, 10), data.slice(10))).toBeGreaterThan(1e-3); // images differ
    const products = results.session.profile().filter(({ variant }) => variant.startsWith('ternary_'));
    const wanted = plan.kinds ? 0 : 4;
    expect(products.length).toBeGreaterThanOrEqual(wanted);
  });

  it('packed', async () => {
    const results = await runBoth(await exportOnnx(graph), x, { profile: true });
    expect(worstError(results)).toBeLessThan(1e-5);
    const products = results.session.profile().filter(({ variant }) => variant.startsWith('ternary_'));
    expect(products.length).toBeGreaterThanOrEqual(plan.kinds ? 0 : 4);
  });
});

it('writes the parts of a filter bank straight into their places, clamped', async () => {
  const { session, ...results } = await runBoth(deployed('mobilenet-v2', { method: 'hybrid' }), x, { profile: true });
  expect(worstError(results)).toBeLessThan(1e-5);
  const loops = session.profile().filter(({ variant }) => variant === 'channels' || variant === 'unary');
  expect(loops).toEqual([]);
});
