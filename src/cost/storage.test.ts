/** Golden sizes, with the arithmetic written out: the sizes of Table I of Gope et al., arXiv 1911.01028. */

import { describe, expect, it } from 'vitest';
import { f32, Graph, int } from '../ir/index.ts';
import { buildNetwork, NetworkBuilder } from '../models/index.ts';
import { Builder } from '../ops/index.ts';
import { applyPlan, deploy, makePlan, type PlanOptions, toFrozen } from '../quantize/index.ts';
import { measureStorage, storageSchemes } from './storage.ts';

const options = { width: 0.5, inputSize: 224, channels: 3, classes: 1000, firstStride: 2, seed: 1 } as const;
const network = buildNetwork('mobilenet-v1', options);

const deployed = (graph: Graph, plan: PlanOptions) =>
  deploy(toFrozen(applyPlan(graph, makePlan(graph, plan), 1), new Map()), new Map());

// filters of the 13 pointwise layers of MobileNet-V1 0.5, and of the layers before them
const outputs = [32, 64, 64, 128, 128, 256, 256, 256, 256, 256, 256, 512, 512];
const inputs = [16, ...outputs.slice(0, -1)];
const total = (f: (output: number, input: number) => number) => outputs.reduce((n, c, i) => n + f(c, inputs[i]!), 0);

const pointwise = total((c, k) => c * k);
const depthwise = total((_, k) => 9 * k);
const biases = 16 + total((c, k) => c + k);

describe('MobileNet-V1 0.5', () => {
  it('has the numbers of values that the paper counts', () => {
    expect([pointwise, depthwise, biases]).toEqual([784_896, 22_320, 5_472]);
  });

  it('takes 2590.08 KB at 16 bits', () => {
    const values = 432 + pointwise + depthwise + 512_000 + 1000 + biases;
    expect(values).toBe(1_326_120);
    const storage = measureStorage(deployed(network, { method: 'fp' }));
    expect([storage.parameters, storage.bytes]).toEqual([values, 2 * values]);
    expect((storage.bytes / 1024).toFixed(2)).toBe('2590.08');
    expect(storage.outputScales).toBe(0);
    // the same before deployment, batch norms and all
    expect(measureStorage(network, 'fp')).toEqual(storage);
  });

  it('takes 323.76 KB as a TWN', () => {
    const storage = measureStorage(deployed(network, { method: 'twn' }));
    expect([storage.parameters, storage.bytes]).toEqual([1_326_120, 1_326_120 / 4]);
    expect((storage.bytes / 1024).toFixed(2)).toBe('323.76');
    expect(storage.outputScales).toBe(biases + 1000);
  });

  it('takes 1178.93 KB as a StrassenNet', () => {
    const first = 32 * 27 + 16 * 32;
    const trits = first + total((c, k) => 2 * c * k + 2 * c * c) + 512 * 512 + 1000 * 512;
    const scales = 32 + total((c) => 2 * c) + 512;
    const others = depthwise + biases + 1000 + scales;
    expect([trits, scales, others]).toEqual([4_264_288, 6_496, 35_288]);
    const storage = measureStorage(deployed(network, { method: 'strassen', widthRatio: 2 }));
    expect([storage.parameters, storage.bytes]).toEqual([trits + others, trits / 4 + 4 * others]);
    expect((storage.bytes / 1024).toFixed(2)).toBe('1178.93');
    // only the layer before the ternary classifier has scales that nothing takes
    expect(storage.outputScales).toBe(512);
  });

  it('takes 1270.75 KB as a hybrid with alpha 0.5 and 1.25 hidden units a ternary filter', () => {
    const trits = 10 * 27 + 8 * 10 + total((c, k) => 0.625 * c * k + 0.5 * c * (0.625 * c)) + 512 * 512 + 1000 * 512;
    const filters = 8 * 27 + 0.5 * pointwise;
    const others = depthwise + biases + 1000 + 10 + total((c) => 0.625 * c) + 512;
    expect([trits, filters, others]).toEqual([1_564_894, 392_664, 31_174]);
    const graph = deployed(network, { method: 'hybrid', alpha: 0.5, widthRatio: 1.25 });
    const storage = measureStorage(graph, 'hybrid');
    // half a byte of the first layer is rounded up
    expect([storage.parameters, storage.bytes]).toEqual([
      trits + filters + others,
      trits / 4 + 2 * filters + 4 * others + 0.5,
    ]);
    expect((storage.bytes / 1024).toFixed(2)).toBe('1270.75');
    // layers that stayed as they were keep their 16 bits
    const kept = measureStorage(graph);
    expect(kept.bytes).toBe(trits / 4 + 2 * filters + 2 * others + 0.5);
    expect(measureStorage(graph, 'hybrid-fp16')).toEqual(kept);
    const whole = measureStorage(network).layers.filter((layer) => layer.kind === 'depthwise');
    const depthwiseOnly = kept.layers.filter((layer) => layer.kind === 'depthwise');
    expect(depthwiseOnly.map(({ bytes, parameters }) => [bytes, parameters])).toEqual(
      whole.map(({ bytes, parameters }) => [bytes, parameters]),
    );
    expect(storage.layers).toHaveLength(28);
    const { ternary, ...layer } = storage.layers[2]!;
    expect(layer).toEqual({
      name: 'conv_pw_1',
      kind: 'pointwise',
      method: 'hybrid',
      filters: 32,
      fullPrecision: 16,
      hidden: 20,
      parameters: 16 * 16 + 20 * 16 + 16 * 20 + 32 + 20,
      bytes: 2 * 16 * 16 + (20 * 16 + 16 * 20) / 4 + 4 * (32 + 20),
      outputScales: 0,
    });
    expect(ternary!.minus + ternary!.zero + ternary!.plus).toBe(20 * 16 + 16 * 20);
    expect(storage.layers.map((l) => l.kind).filter((k) => k === 'classifier')).toHaveLength(1);
    expect(storage.layers.filter((l) => l.method === 'fp').every((l) => l.kind === 'depthwise')).toBe(true);
  });

  it('counts output scales where a scheme wants them', () => {
    const graph = deployed(network, { method: 'hybrid', alpha: 1 });
    expect(measureStorage(graph).layers.find((l) => l.kind === 'pointwise')!.bytes).toBe(2 * 16 * 32 + 2 * 32);
    const twn = deployed(network, { method: 'twn' });
    const honest = measureStorage(twn, { ...storageSchemes.twn, otherBits: 32, outputScaleBits: 32 });
    // which are no parameters, whatever the scheme
    expect([honest.parameters, honest.outputScales]).toEqual([1_326_120, biases + 1000]);
    expect(honest.bytes).toBe((1_326_120 - biases - 1000) / 4 + 2 * 4 * (biases + 1000));
  });
});

it('chooses the scheme by what the graph has', () => {
  const builder = new NetworkBuilder('small', 1);
  const x = builder.convBlock('conv', builder.input(1, 4), { filters: 4, kernel: 3 });
  const graph = builder.classifier(builder.convBlock('pw', x, { filters: 4, kernel: 1 }), 2);
  const bytes = (plan: PlanOptions) => measureStorage(deployed(graph, plan)).layers.map((l) => [l.method, l.bytes]);
  const pw = ['pointwise'] as const;
  expect(bytes({ method: 'fp' })).toEqual([
    ['fp', 2 * (36 + 4)],
    ['fp', 2 * (16 + 4)],
    ['fp', 2 * (8 + 2)],
  ]);
  expect(bytes({ method: 'twn', kinds: pw })).toEqual([
    ['fp', 2 * 36 + 1],
    ['twn', 4 + 1],
    ['fp', 2 * 8 + 1],
  ]);
  expect(bytes({ method: 'strassen', kinds: pw, widthRatio: 1 })).toEqual([
    ['fp', 2 * 36 + 2 * 4],
    ['strassen', (16 + 16) / 4 + 2 * (4 + 4)],
    ['fp', 2 * 8 + 2 * 2],
  ]);
});

it('adds up constants that belong to no layer, but no shapes and no scalars', () => {
  const graph = new Graph('free', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 3]);
  const slope = b.constant('slope', f32([3], [1, 2, 3]));
  const y = b.op('Gemm', [b.op('PRelu', [b.mul(x, 2), slope]), b.constant('w', f32([3, 2], [2, 3, 4, 5, 6, 7]))], {
    transB: int(0),
  });
  graph.outputs = [b.reshape(y, [-1, 1, 2])];
  const storage = measureStorage(graph, 'fp');
  expect([storage.parameters, storage.bytes, storage.layers.length]).toEqual([9, 18, 1]);
  expect(storage.layers[0]).toMatchObject({ kind: 'classifier', method: 'fp', filters: 2, fullPrecision: 2 });
});
