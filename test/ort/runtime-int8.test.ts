/**
 * Quantized networks (QDQ form) in the runtime against ONNX Runtime, to the bit where both compute in integers. ONNX
 * Runtime's own results depend on its optimizations: without them it convolves floats, whose sums are rounded; with them
 * its sum of two quantized tensors divides the scales first, which decides some ties otherwise.
 */

import { describe, expect, it } from 'vitest';
import { openDataset } from '../../src/data/index.ts';
import { exportOnnx } from '../../src/export/onnx/export-onnx.ts';
import { f32, type Graph, int, ints, type Value } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { inferShapes } from '../../src/passes/index.ts';
import { applyPlan, deploy, makePlan, toFrozen } from '../../src/quantize/index.ts';
import { normal, relativeError } from '../evaluate.ts';
import { type Activations, QuantizedBuilder } from '../quantized-builder.ts';
import { countDifferences, kernelKinds, runBoth, runOurs, toBytes, worstError } from './runtime-compare.ts';

/** First layer, depthwise layer, a hybrid bank, a sum, pools, two classifiers; all of it is given out. */
function network(activations: Activations, biases: 'int32' | 'float32' | 'none'): Graph {
  const b = new QuantizedBuilder(activations, biases);
  const { graph } = b;
  const relu = (x: Value) => b.op('Relu', [x]);
  const x = b.round(graph.input('x', 'float32', ['N', 3, 17, 17]), 0.03, 120);
  const first = b.round(relu(b.conv(x, 0.03, [16, 3, 3, 3], { stride: 2 })), 0.02, 0);
  const deep = b.round(relu(b.conv(first, 0.02, [16, 1, 3, 3], { group: 16 })), 0.02, 0);
  const linear = b.round(b.conv(deep, 0.02, [24, 16, 1, 1]), 0.04, 130);
  const full = b.round(relu(b.conv(deep, 0.02, [10, 16, 1, 1])), 0.03, 3);
  const hidden = b.round(b.conv(deep, 0.02, [20, 16, 1, 1], { isTernary: true }), 0.05, 125);
  const ternary = b.round(relu(b.conv(hidden, 0.05, [14, 20, 1, 1], { isTernary: true })), 0.03, 3);
  const bank = b.round(b.op('Concat', [full, ternary], { axis: int(1) }), 0.03, 3);
  const sum = b.round(b.op('Add', [linear, bank]), 0.05, 100);
  const most = b.round(b.op('MaxPool', [sum], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }), 0.05, 100);
  const mean = b.round(b.op('GlobalAveragePool', [most]), 0.02, 110);
  const scores = b.round(b.conv(mean, 0.02, [10, 24, 1, 1]), 0.03, 128);
  const flat = b.op('Flatten', [mean]);
  graph.outputs = [
    first,
    deep,
    bank,
    sum,
    most,
    mean,
    b.op('Flatten', [scores]),
    b.round(b.gemm(flat, 0.02, [7, 24]), 0.1, 99),
  ];
  return graph;
}

const feeds = { x: normal(1, [2, 3, 17, 17]) };

describe.each(kernelKinds)('%s kernels', (kernels) => {
  it.each<Activations>(['uint8', 'int8'])('%s activations, integer biases: equal to the bit', async (activations) => {
    const results = await runBoth(network(activations, 'int32'), feeds, { kernels, profile: true });
    expect(countDifferences(results)).toBe(0);
    const kinds = new Set(results.session.profile().map(({ variant }) => variant.split('_').at(-1)));
    expect([...kinds].sort()).toEqual(['addInt8', 'dequantize', 'int8', 'quantize']); // all in integers
  });

  it.each(['float32', 'none'] as const)('%s biases: equal to the bit', async (biases) => {
    const results = await runBoth(network('uint8', biases), feeds, { kernels });
    expect(countDifferences(results)).toBe(0);
  });

  it('gives quantized outputs as the integers of the file', async () => {
    for (const activations of ['uint8', 'int8'] as const) {
      const b = new QuantizedBuilder(activations, 'int32');
      const x = b.round(b.graph.input('x', 'float32', [1, 3, 17, 17]), 0.03, 120);
      b.graph.outputs = [b.quantize(b.conv(x, 0.03, [5, 3, 3, 3]), 0.05, 77)];
      const results = await runBoth(b.graph, { x: normal(3, [1, 3, 17, 17]) }, { kernels });
      expect(Object.values(results.found)[0]!.type).toBe(activations);
      expect(countDifferences(results)).toBe(0);
    }
  });

  it('looks functions of one number up in a table', async () => {
    const b = new QuantizedBuilder('uint8', 'int32');
    const x = b.round(b.graph.input('x', 'float32', [1, 3, 17, 17]), 0.03, 120);
    const functions = ['HardSwish', 'Sigmoid', 'HardSigmoid', 'LeakyRelu', 'Relu'];
    b.graph.outputs = functions.map((op) => b.round(b.op(op, [x]), 0.01, 100));
    const results = await runBoth(
      b.graph,
      { x: normal(3, [1, 3, 17, 17]) },
      { kernels, level: 'disabled', profile: true },
    );
    expect(countDifferences(results)).toBe(0);
    expect(results.session.profile().filter(({ variant }) => variant === 'table')).toHaveLength(functions.length);
  });

  it('computes in floats what has no kernel of integers', async () => {
    const b = new QuantizedBuilder('uint8', 'int32');
    const x = b.round(b.graph.input('x', 'float32', [1, 16, 9, 9]), 0.03, 120);
    const gate = b.round(b.op('Sigmoid', [b.conv(b.op('GlobalAveragePool', [x]), 0.03, [16, 16, 1, 1])]), 1 / 255, 0);
    const maxima = b.graph.initializer('maxima', f32([1, 5, 1, 1], [0.2, 0.4, 0.6, 0.8, 1]));
    const bounded = b.op('Min', [b.conv(x, 0.03, [5, 16, 1, 1], { isTernary: true }), maxima]);
    const weights = b.graph.initializer('floats', normal(4, [4, 16, 1, 1]));
    b.graph.outputs = [
      b.round(b.op('Mul', [x, gate]), 0.03, 120),
      b.round(bounded, 0.01, 90),
      b.op('Conv', [x, weights]),
      b.conv(x, 0.03, [5, 16, 3, 3]),
      b.conv(x, 0.03, [16, 1, 3, 3], { group: 16 }),
    ];
    const results = await runBoth(b.graph, { x: normal(3, [1, 16, 9, 9]) }, { kernels, level: 'disabled' });
    for (const [name, { data }] of Object.entries(results.expected)) {
      // a step of the 8-bit outputs where floats fall on the other side of a tie
      expect(relativeError(results.found[name]!.data, data)).toBeLessThan(0.02);
    }
    const exact = Object.entries(results.expected).slice(2);
    for (const [name, { data }] of exact) expect(relativeError(results.found[name]!.data, data)).toBeLessThan(1e-5);
  });

  it('adds parts of other scales to a concatenation', async () => {
    const b = new QuantizedBuilder('int8', 'int32');
    const x = b.round(b.graph.input('x', 'float32', [1, 16, 9, 9]), 0.03, 120);
    const y = b.round(b.conv(x, 0.03, [5, 16, 1, 1]), 0.04, 100);
    b.graph.outputs = [b.round(b.op('Concat', [x, y, b.conv(x, 0.03, [3, 16, 1, 1])], { axis: int(1) }), 0.05, 110)];
    const results = await runBoth(
      b.graph,
      { x: normal(3, [1, 16, 9, 9]) },
      { kernels, level: 'disabled', profile: true },
    );
    expect(countDifferences(results)).toBe(0);
    expect(results.session.profile().map(({ variant }) => variant)).not.toContain('quantize_float32');
  });
});

describe('exported with 8-bit activations', () => {
  it.each([
    ['mobilenet-v1', 'int8'],
    ['mobilenet-v1', 'int4'],
    ['mobilenet-v2', 'int8'],
    ['resnet-20', 'int4'],
    ['ds-cnn', 'int8'],
  ] as const)('%s, filters %s', async (model, filters) => {
    const size = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 3 } as const;
    const network = inferShapes(buildNetwork(model, size));
    const graph = deploy(
      toFrozen(applyPlan(network, makePlan(network, { method: 'hybrid' }), 11), new Map()),
      new Map(),
    );
    const { test } = await openDataset('synthetic', { channels: 3, imageSize: 32 });
    const calibration = { split: test, images: 16, normalisation: { mean: [128, 128, 128], std: [64, 64, 64] } };
    const exported = await exportOnnx(graph, { activations: 'int8', filters, calibration });
    // a sum that ONNX Runtime does not fuse, and so computes as the graph says
    for (const node of exported.nodes.filter(({ op }) => op === 'Add')) {
      node.output().replaceAllUsesWith(exported.add('Sum', node.inputs, {}, { before: node }).output());
      exported.remove(node);
    }
    const input = normal(5, [3, 3, 32, 32]);
    const results = await runBoth(exported, { input }, { profile: true });
    expect(worstError(results)).toBeLessThan(1e-5);
    const floats = results.session.profile().filter(({ variant }) => variant.endsWith('float32'));
    expect(floats).toEqual([]);
    const reference = await runOurs(toBytes(exported), { input }, { kernels: 'reference' });
    expect(worstError({ expected: results.found, found: reference.found })).toBeLessThan(1e-6);
  });
});
