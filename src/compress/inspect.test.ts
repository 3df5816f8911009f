import { describe, expect, it } from 'vitest';
import { normal } from '../../test/evaluate.ts';
import { exporters, quantizedModel } from '../../test/exporters.ts';
import { classifiers } from '../../test/fixtures/classifiers.ts';
import { f32, Graph, printGraph } from '../ir/index.ts';
import { NetworkBuilder } from '../models/index.ts';
import { readModel } from '../onnx/index.ts';
import { Builder } from '../ops/index.ts';
import { applyPlan, deploy, makePlan, toFrozen } from '../quantize/index.ts';
import { inspectModel } from './inspect.ts';

function smallNetwork(): Graph {
  const network = new NetworkBuilder('small', 1);
  const x = network.convBlock('conv', network.input(3, 8), { filters: 4, kernel: 3, stride: 2 });
  const y = network.separableBlock(['dw', 'pw'], x, { filters: 8 });
  return network.classifier(y, 5);
}

it('describes every layer of a network, batch norms folded', () => {
  const graph = smallNetwork();
  const before = printGraph(graph);
  const report = inspectModel(graph);
  expect(printGraph(graph)).toBe(before);
  const common = { op: 'Conv', groups: 1, stride: [1, 1], kernel: [1, 1], ternaryAdditions: 0, candidate: true };
  expect(report).toEqual({
    name: 'small',
    opset: 20,
    inputs: [{ name: 'input', dtype: 'float32', shape: ['N', 3, 8, 8], layout: 'NCHW' }],
    outputs: [{ name: 'logits', dtype: 'float32', shape: ['N', 5] }],
    activations: 'float',
    classes: 5,
    preprocessing: null,
    metadata: {},
    layers: [
      // 8 x 8 pixels, 4 x 4 behind the first layer; each filter has a bias
      {
        ...common,
        ...{ name: 'conv', kind: 'first', filters: 4, inputs: 3, kernel: [3, 3], stride: [2, 2] },
        ...{ outputShape: ['N', 4, 4, 4], parameters: 4 * 27 + 4, macs: 16 * 4 * 27 },
      },
      {
        ...common,
        ...{ name: 'dw', kind: 'depthwise', filters: 4, inputs: 1, kernel: [3, 3], groups: 4 },
        ...{ outputShape: ['N', 4, 4, 4], parameters: 4 * 9 + 4, macs: 16 * 4 * 9, candidate: false },
        reason: 'one input channel per filter: nothing to share between filters',
      },
      {
        ...common,
        ...{ name: 'pw', kind: 'pointwise', filters: 8, inputs: 4 },
        ...{ outputShape: ['N', 8, 4, 4], parameters: 8 * 4 + 8, macs: 16 * 8 * 4 },
      },
      {
        ...common,
        ...{ name: 'classifier', kind: 'classifier', filters: 5, inputs: 8 },
        ...{ outputShape: ['N', 5, 1, 1], parameters: 5 * 8 + 5, macs: 5 * 8 },
      },
    ],
    parameters: 112 + 40 + 40 + 45,
    macs: 1728 + 576 + 512 + 40,
    batchNorms: 3,
    unknown: [],
    warnings: [],
  });
});

it('counts the additions of ternary layers apart', () => {
  const graph = smallNetwork();
  const plan = makePlan(graph, { method: 'strassen', kinds: ['pointwise'], widthRatio: 1.5 });
  const { layers, warnings } = inspectModel(deploy(toFrozen(applyPlan(graph, plan, 1), new Map()), new Map()));
  // r = 12: Wb is 12 x 4, Wc 8 x 12, over 16 pixels
  expect(layers.map(({ name, macs, ternaryAdditions }) => [name, macs, ternaryAdditions])).toEqual([
    ['conv', 1728, 0],
    ['dw', 576, 0],
    ['pw_hidden', 0, 16 * 48],
    ['pw_ternary', 0, 16 * 96],
    ['classifier', 40, 0],
  ]);
  expect(warnings).toEqual([]);
});

it('reads the preprocessing, and says what is wrong with it', () => {
  const graph = smallNetwork();
  graph.metadata.set('input_mean', '[1, 2, 3]').set('input_std', '4');
  expect(inspectModel(graph).preprocessing).toEqual({ mean: [1, 2, 3], std: [4, 4, 4] });
  expect(inspectModel(graph).metadata).toEqual({ input_mean: '[1, 2, 3]', input_std: '4' });
  graph.metadata.set('input_std', '0');
  const { preprocessing, warnings } = inspectModel(graph);
  expect([preprocessing, warnings]).toEqual([null, ["metadata input_std: expected numbers above 0, found '0'"]]);
});

describe('models of exporters', () => {
  it.each(Object.entries(exporters))('%s', (name, build) => {
    const model = build();
    const report = inspectModel(readModel(model.bytes));
    expect(report.classes).toBe(model.classes);
    expect(report.inputs[0]!.layout).toBe(name.startsWith('PyTorch') ? 'NCHW' : 'NHWC');
    expect(report.layers.every(({ candidate, kind }) => candidate === (kind !== 'depthwise'))).toBe(true);
    expect(report.warnings).toEqual([]);
    const sum = (key: 'parameters' | 'macs') => report.layers.reduce((total, layer) => total + layer[key]!, 0);
    expect(sum('macs')).toBe(report.macs);
    // an input that is scaled per channel; the 3 of x + 3 in two hard-swishes, which counts as a bias
    const others: Readonly<Record<string, number>> = {
      'tf2onnx, not optimized': 3,
      'PyTorch before opset 12, MobileNet-V3': 2,
    };
    expect(report.parameters - sum('parameters')).toBe(others[name] ?? 0);
  });

  it('a quantized one', () => {
    const { warnings, layers, activations, parameters } = inspectModel(readModel(quantizedModel().bytes));
    expect(warnings).toEqual([
      'a quantized model (2 QuantizeLinear nodes): compress the float model it was made from',
      'none of the layers can be compressed',
    ]);
    // four filters of three weights, 16 pixels
    expect(layers.map(({ name, macs, reason }) => [name, macs, reason])).toEqual([
      ['conv', 16 * 12, 'fewer than 4 weights a filter'],
    ]);
    expect([activations, parameters]).toEqual(['int8', 12]);
  });
});

it('warns of what is no classifier, of outputs, inputs, weights and operators', () => {
  const graph = new Graph('detector', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float64', ['N', 3, 8, 6]);
  const weights = normal(1, [12, 3, 1, 1]).data.map((v, i) => (i === 0 ? Number.NaN : v));
  const y = b.op('Conv', [x, b.constant('w', f32([12, 3, 1, 1], weights))], {}, 'head');
  const strange = graph.add('Swish', [y], {}, { domain: 'my', name: 'strange' }).output();
  graph.outputs = [b.op('Relu', [y], {}, 'boxes'), strange];
  expect(inspectModel(graph).warnings).toEqual([
    'expected images of 1 or 3 channels, float32 or uint8, for training and evaluation, found float64[N, 3, 8, 6]',
    "2 outputs: scores are taken from the first, 'boxes'",
    'not a classifier: expected scores [N, classes], found [N, 12, 8, 6]',
    'none of the layers can be compressed',
    "node 'head' (Conv): 1 values of 'w' are NaN or infinite",
    'operators, or shapes for them, that are not known: my.Swish (1 node); counts leave them out',
  ]);
  graph.input('y', 'float32', ['N', 2]);
  expect(inspectModel(graph).warnings[0]).toBe('expected one input, for images, found 2');
});

it('takes sizes of symbolic dimensions, and does without', () => {
  const graph = new Graph('free', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 3, 'S', 'S']);
  const y = b.op('Conv', [x, b.constant('w', normal(1, [4, 3, 3, 3]))], {}, 'conv');
  const pooled = b.op('GlobalAveragePool', [b.relu(y)]);
  graph.outputs = [b.op('Gemm', [b.op('Flatten', [pooled]), b.constant('v', normal(2, [4, 5]))], {}, 'fc')];
  const without = inspectModel(graph);
  expect([without.macs, without.parameters, without.layers.map(({ macs }) => macs)]).toEqual([
    null,
    108 + 20,
    [null, null],
  ]);
  expect(without.warnings.at(-1)).toBe(
    "no counts: input 'x': expected fixed sizes, found [N, 3, S, S] and no size for 'S' (--dim S=SIZE gives one)",
  );
  const sized = inspectModel(graph, { sizes: { S: 6 } });
  expect([sized.macs, sized.layers[0]!.outputShape, sized.warnings]).toEqual([16 * 4 * 27 + 20, ['N', 4, 4, 4], []]);
  expect(() => inspectModel(graph, { sizes: { H: 6, S: 6 } })).toThrow(
    "dimension 'H': expected one of the model's (N, S)",
  );
});

// of V1 0.25 less the batch norms, of which only a bias per filter is left: 2,736 filters have one
const published: Readonly<Record<string, readonly [parameters: number, candidates: number]>> = {
  'V1 0.25': [475_544 - 3 * 2736, 15],
  'V1 0.5': [1_326_120, 15],
  'V2 1': [3_487_816, 36],
};

it.each(classifiers)('$name has the published numbers', async ({ family, width, read }) => {
  const [parameters, candidates] = published[`${family} ${width}`]!;
  const report = inspectModel(readModel(await read()));
  expect([report.parameters, report.classes, report.warnings]).toEqual([parameters, 1000, []]);
  expect(report.layers.filter(({ candidate }) => candidate)).toHaveLength(candidates);
  expect(report.layers.reduce((sum, layer) => sum + layer.parameters, 0)).toBe(parameters);
  expect(report.preprocessing).toEqual({ mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] });
});
