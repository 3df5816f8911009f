/** What `cost` and `inspect` say of an exported file is what they say of the network that it was made from. */

import { beforeAll, describe, expect, it } from 'vitest';
import { inspectModel } from '../../src/compress/inspect.ts';
import { type CostOptions, measureCost, type NetworkCost } from '../../src/cost/index.ts';
import { exportOnnx } from '../../src/export/index.ts';
import type { Graph } from '../../src/ir/index.ts';
import { buildNetwork, NetworkBuilder } from '../../src/models/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { inferShapes, Linear, normalizeNetwork, unpackNetwork } from '../../src/passes/index.ts';
import {
  applyPlan,
  deploy,
  findBanks,
  findLayers,
  makePlan,
  type PlanOptions,
  toFrozen,
} from '../../src/quantize/index.ts';
import { calibration, deployed, load, relativeNoise, testImages } from './export-helper.ts';
import { randomState } from './random-state.ts';

const cases: readonly (readonly [string, PlanOptions])[] = [
  ['mobilenet-v1', { method: 'fp' }],
  ['mobilenet-v1', { method: 'twn', granularity: 'filter' }],
  ['mobilenet-v1', { method: 'strassen', widthRatio: 0.5 }],
  ['mobilenet-v1', { method: 'hybrid', alpha: 0.5 }],
  // residual sums, and linear layers that the next ones follow directly
  ['mobilenet-v2', { method: 'twn' }],
  ['mobilenet-v2', { method: 'strassen', widthRatio: 0.5 }],
  ['mobilenet-v2', { method: 'hybrid', alpha: 0.75 }],
  ['resnet-20', { method: 'hybrid' }],
  ['ds-cnn', { method: 'hybrid' }],
];

/** As a file has it: names and types that nobody needs are gone. */
const stored = async (graph: Graph, options: Parameters<typeof exportOnnx>[1]) =>
  readModel(writeModel(await exportOnnx(graph, options)));

/**
 * All that is said of layers and of the whole; nodes are those of another graph. Of ReLU6, whose upper bound 8-bit levels
 * imply, a ReLU is left: what comparisons there are, and bounds that stand for scales, is another matter.
 */
function describeCost({ nodes: _nodes, activations: _activations, ...cost }: NetworkCost, hasBounds: boolean) {
  if (!hasBounds) return cost;
  const { outputScales: _scales, counts, layers, ...rest } = cost;
  const others = layers.filter(({ kind }) => kind !== 'other');
  return { ...rest, layers: others, counts: { ...counts, comparisons: 0 } };
}

/** The network with a bias, of zeros, of each layer whose mean the 8-bit file has taken out into one. */
function withBiasesOf(network: Graph, file: Graph): Graph {
  const unpacked = file.clone();
  unpackNetwork(unpacked);
  const biased = new Set(unpacked.nodes.filter((node) => Linear.of(node)?.hasBias).map(({ name }) => name));
  const copy = network.clone();
  for (const node of copy.nodes) {
    const linear = Linear.of(node);
    if (linear && !linear.hasBias && biased.has(node.name)) linear.bias = new Float64Array(linear.filters);
  }
  return inferShapes(copy);
}

describe.each(cases)('%s, %j', (model, plan) => {
  const network = deployed(model, plan);
  for (const key of ['input_mean', 'input_std']) network.metadata.set(key, '127.5');
  const normalized = normalizeNetwork(network.clone());
  const files = new Map<'float' | 'int8', Graph>();
  beforeAll(async () => {
    files.set('float', await stored(network, {}));
    files.set('int8', await stored(network, { activations: 'int8', calibration }));
  });

  it.each(['float', 'int8'] as const)('costs what the network costs: %s activations', (form) => {
    const file = files.get(form)!;
    const hasBounds = form === 'int8' && model === 'mobilenet-v2';
    const elementwise = hasBounds ? 'left-out' : 'counted';
    const skipping = { ternary: 'zero-skipping', biases: 'preloaded', outputScales: 'counted', elementwise } as const;
    const small = { packing: 'entropy', filterBits: 4, depthwiseBits: 8, otherBits: 16 } as const;
    const settings: readonly CostOptions[] = [
      { format: 'fp16', scheme: 'hybrid' },
      {
        accelerator: 'horowitz-int8',
        scheme: { ...small, outputScaleBits: hasBounds ? 0 : 8, filterScaleBits: 32 },
        conventions: skipping,
      },
    ];
    for (const setting of settings) {
      const found = describeCost(measureCost(file, setting), hasBounds);
      expect(found).toEqual(describeCost(measureCost(withBiasesOf(normalized, file), setting), hasBounds));
    }
    expect(measureCost(file).activations).toBe(form);
  });

  it.each(['float', 'int8'] as const)('has the layers and banks of the network: %s activations', (form) => {
    const unpacked = files.get(form)!.clone();
    expect(unpackNetwork(unpacked)).toBe(true);
    const banksOf = (graph: Graph) =>
      findBanks(graph).map(({ name, kind, fullPrecision }) => [name, kind, fullPrecision?.name]);
    expect(banksOf(unpacked)).toEqual(banksOf(network));
    const layersOf = (graph: Graph) =>
      findLayers(graph).map(({ name, filters, inputs, kernel }) => [name, filters, inputs, kernel]);
    expect(layersOf(unpacked)).toEqual(layersOf(network));
  });

  it.each(['float', 'int8'] as const)('is inspected as the network is: %s activations', (form) => {
    const report = (graph: Graph) => {
      const {
        metadata: _metadata,
        activations: _activations,
        batchNorms: _folded,
        warnings,
        layers,
        ...rest
      } = inspectModel(graph);
      // 8-bit classifiers are Gemms where they were convolutions of one pixel
      const described = layers.map(({ op: _op, outputShape: _shape, kind, ...layer }) => ({
        ...layer,
        kind: kind === 'classifier' || kind === 'depthwise' || kind === 'first' ? kind : 'other',
      }));
      return { ...rest, layers: described, warnings: warnings.filter((w) => !w.startsWith('a quantized model')) };
    };
    expect(report(files.get(form)!)).toEqual(report(withBiasesOf(network, files.get(form)!)));
    expect(inspectModel(files.get(form)!).activations).toBe(form);
  });

  // bounds of ReLU6 are not put back
  if (model === 'mobilenet-v2') return;

  it('computes what the network computes, nearer than the file does', async () => {
    const input = testImages(8);
    const file = files.get('int8')!;
    const unpacked = file.clone();
    unpackNetwork(unpacked);
    const [expected, rounded, found] = [
      await load(network, input),
      await load(inferShapes(file.clone()), input),
      await load(unpacked, input),
    ];
    expect(Object.keys(found.ops).filter((op) => op.includes('Linear'))).toEqual([]);
    const noise = relativeNoise(rounded.scores, expected.scores);
    expect(relativeNoise(found.scores, expected.scores)).toBeLessThan(Math.max(0.05, noise));
  });
});

it('differs where levels imply the upper bound of a ReLU6, which cannot be told from a ReLU then', async () => {
  const builder = new NetworkBuilder('bounded', 1);
  let x = builder.convBlock('conv', builder.input(3, 32), { filters: 8, kernel: 3 }, 'relu6');
  x = builder.convBlock('conv_dw', x, { filters: 8, kernel: 3, groups: 8 }, 'relu6');
  const graph = normalizeNetwork(
    builder.classifier(builder.convBlock('conv_pw', x, { filters: 16, kernel: 1 }, 'relu6'), 10),
  );
  const options = { format: 'int8', scheme: 'hybrid-int8' } as const;
  const before = measureCost(graph, options);
  const after = measureCost(await stored(graph, { activations: 'int8', calibration }), options);
  expect(after.counts).toEqual({ ...before.counts, comparisons: before.counts.comparisons / 2 });
  expect([after.bytes, after.energy, after.areaTime]).toEqual([before.bytes, before.energy, before.areaTime]);
});

describe('size', () => {
  const options = { inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 1 } as const;
  const few = { ...calibration, images: 2 };

  /** With values in which no scale is another's, as training leaves them. */
  function hybrid(width: number): Graph {
    const float = inferShapes(buildNetwork('mobilenet-v1', { ...options, width }));
    const network = applyPlan(float, makePlan(float, { method: 'hybrid', alpha: 0.25 }), 1);
    const frozen = toFrozen(network, randomState(network.graph, network.fixed, 1));
    return deploy(frozen, randomState(frozen.graph, frozen.fixed, 2));
  }

  it.each([0.25, 0.5])('is that of the file, with 8-bit activations: width %f', async (width) => {
    const bytes = writeModel(await exportOnnx(hybrid(width), { activations: 'int8', calibration: few }));
    const cost = measureCost(readModel(bytes));
    expect(Math.abs(cost.bytes / bytes.length - 1)).toBeLessThan(0.002);
    expect(cost.structureBytes).toBeLessThan(40_000);
    expect([cost.format, cost.scheme.packing, cost.scheme.filterBits]).toEqual(['int8', 'five-trit', 8]);
    expect(cost.layers.filter(({ method }) => method === 'hybrid')).toHaveLength(14);
  });

  it('is that of the file, with float activations, where the scheme is asked for', async () => {
    const bytes = writeModel(await exportOnnx(hybrid(0.25)));
    const graph = readModel(bytes);
    expect(Math.abs(measureCost(graph, { scheme: 'packed' }).bytes / bytes.length - 1)).toBeLessThan(0.001);
    // values alone, as of the network
    expect(measureCost(graph).bytes).toBe(measureCost(hybrid(0.25)).bytes);
  });
});
