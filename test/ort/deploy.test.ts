/**
 * Whole networks through phases and deployment, run in ONNX Runtime: freezing keeps the function of the ternary phase,
 * deployment that of the frozen phase, whatever the statistics, signs and zeros of the batch norms.
 */

import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/engine/index.ts';
import { elementCount, f32, type Graph, isTernary, Random, type Tensor, verify } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { readModel } from '../../src/onnx/index.ts';
import { inferShapes, removeMarkers } from '../../src/passes/index.ts';
import {
  applyPlan,
  deploy,
  loadState,
  makePlan,
  type PlanOptions,
  type QuantizedNetwork,
  toFrozen,
  toTernary,
} from '../../src/quantize/index.ts';
import { buildStatistics } from '../../src/train/step.ts';
import { normal, relativeError } from '../evaluate.ts';
import { classifiers } from '../fixtures/classifiers.ts';
import { randomState } from './random-state.ts';

const options = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 3 } as const;
const input = normal(5, [2, 3, 32, 32]);

async function logits(graph: Graph, images = input): Promise<Float32Array> {
  const executable = await compile(graph, { threads: 1 });
  const { logits } = await executable.run({ input: images });
  await executable.release();
  return logits!.data as Float32Array;
}

/** Batch-norm statistics of random images, as training would leave them. */
async function measureStatistics(network: Graph): Promise<Map<string, Tensor>> {
  const normalisation = { mean: [128, 128, 128], std: [74, 74, 74] };
  const { graph, names } = buildStatistics(network, { batchSize: 8, normalisation });
  const random = new Random(1, 'images');
  const dims = [8, 3, 32, 32];
  const data = Uint8Array.from({ length: elementCount(dims) }, () => random.int(256));
  const executable = await compile(graph, { threads: 1 });
  const results = await executable.run({ images: { dtype: 'uint8', dims, data } });
  await executable.release();
  return new Map(names.map((name, i) => [name, results[graph.outputs[i]!.name]!]));
}

/**
 * A random state, scales of ternary weights in the units in which they are learned. MobileNet-V2 gets statistics that
 * fit it: fifty layers with ReLU6 and random ones make of a difference in the last digit another result altogether.
 */
async function stateFor(model: string, graph: Graph, fixed: ReadonlySet<string>, seed: number) {
  const state = randomState(graph, fixed, seed);
  for (const value of graph.initializers.filter((v) => v.name.endsWith('/unit'))) {
    const name = value.name.replace('/unit', '_scale');
    const { dims, data } = state.get(name)!;
    const unit = value.constant!.data[0] as number;
    state.set(
      name,
      f32(
        dims,
        Float32Array.from(data as Float32Array, (v) => v / unit),
      ),
    );
  }
  if (model !== 'mobilenet-v2') return state;
  const loaded = graph.clone();
  loadState(loaded, state);
  return new Map([...state, ...(await measureStatistics(inferShapes(loaded)))]);
}

/** Name, plan, ternary matrices, products left, sums left; in MobileNet-V1 unless another model is named. */
const cases: readonly [string, PlanOptions, number, number, string?, number?][] = [
  // products: one behind each Wb, and behind the layer before a ternary classifier
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
  // products: 36 behind Wb, 17 behind linear bottlenecks, one in front of the classifier, and one behind the first
  // layer, which at this width block 1 adds to its output; those behind expansions go through ReLU6 into depthwise layers
  ['MobileNet-V2, hybrid', { method: 'hybrid' }, 72, 36 + 17 + 1 + 1, 'mobilenet-v2', 11],
  ['MobileNet-V2, TWN', { method: 'twn', granularity: 'filter' }, 53, 53, 'mobilenet-v2', 11],
  ['MobileNet-V2, ternary depthwise layers', { method: 'twn', kinds: ['depthwise'] }, 17, 0, 'mobilenet-v2', 11],
  // products: 20 behind Wb; all others end in ternary layers or in sums
  ['ResNet-20, hybrid', { method: 'hybrid' }, 40, 20 + 19, 'resnet-20', 9],
  ['ResNet-20, TWN', { method: 'twn', granularity: 'tensor' }, 20, 20, 'resnet-20', 9],
  // the scales of the first convolutions of blocks go into the second ones
  ['ResNet-20, TWN in first layers', { method: 'twn', kinds: ['first'] }, 1, 1, 'resnet-20', 9],
  ['DS-CNN, hybrid', { method: 'hybrid' }, 12, 6 + 1, 'ds-cnn', 0],
];

describe.each(cases)('%s', (_, plan, matrices, products, model = 'mobilenet-v1', sums = 0) => {
  const network = inferShapes(buildNetwork(model, options));
  const quantized = applyPlan(network, makePlan(network, plan), 11);
  let state: Map<string, Tensor>;
  let frozen: QuantizedNetwork;
  beforeAll(async () => {
    state = await stateFor(model, quantized.graph, quantized.fixed, 17);
    frozen = toFrozen(quantized, state);
  });

  it('computes the same when frozen as in the ternary phase', async () => {
    const latent = toTernary(quantized).graph;
    loadState(latent, state);
    removeMarkers(latent);
    const expected = await logits(latent);
    expect(relativeError(expected.slice(10), expected.slice(0, 10))).toBeGreaterThan(0.01); // images differ
    expect(relativeError(await logits(frozen.graph), expected)).toBeLessThan(1e-4);
  });

  it('computes the same when deployed as when frozen', async () => {
    const tuned = await stateFor(model, frozen.graph, frozen.fixed, 23);
    const reference = frozen.graph.clone();
    loadState(reference, tuned);
    const expected = await logits(reference);
    expect(relativeError(expected.slice(10), expected.slice(0, 10))).toBeGreaterThan(0.01);
    const before = frozen.graph.initializers.map((v) => v.constant);
    const graph = deploy(frozen, tuned, { plan: 'x' });
    expect(relativeError(await logits(graph), expected)).toBeLessThan(1e-4);
    expect(frozen.graph.initializers.map((v) => v.constant)).toEqual(before);

    const count = (op: string) => graph.nodes.filter((n) => n.op === op).length;
    expect(['BatchNormalization', 'Add', 'Mul'].map(count)).toEqual([0, sums, products]);
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

describe.each(classifiers.filter(({ family }) => family === 'V2'))(
  '$name, which was not made by us',
  ({ read, size }) => {
    it.each<[string, PlanOptions, number]>([
      ['hybrid', { method: 'hybrid' }, 72],
      ['TWN', { method: 'twn', granularity: 'filter' }, 53],
    ])('is deployed as %s, Gemm and folded batch norms and all', async (_, plan, matrices) => {
      const trained = inferShapes(readModel(await read()));
      const frozen = toFrozen(applyPlan(trained, makePlan(trained, plan), 1), new Map());
      const graph = verify(deploy(frozen, new Map()));
      expect(frozen.ternary.filter(({ name }) => isTernary(graph.value(name).constant!))).toHaveLength(matrices);
      const images = normal(3, [2, 3, size, size]);
      const [expected, found] = [await logits(frozen.graph, images), await logits(graph, images)];
      expect(relativeError(expected.slice(1000), expected.slice(0, 1000))).toBeGreaterThan(1e-3); // images differ
      expect(relativeError(found, expected)).toBeLessThan(1e-4);
    });
  },
);

it('refuses a network that is not frozen', () => {
  const network = buildNetwork('mobilenet-v1', options);
  const quantized = applyPlan(network, makePlan(network, { method: 'twn' }), 1);
  expect(() => deploy(quantized, new Map())).toThrow("internal: 'conv_weight' was not frozen before deployment");
});
