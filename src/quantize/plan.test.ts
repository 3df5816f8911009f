import { describe, expect, it } from 'vitest';
import { Graph } from '../ir/index.ts';
import { buildNetwork, NetworkBuilder } from '../models/index.ts';
import { findLayers } from './layers.ts';
import { makePlan, type PlanOptions } from './plan.ts';

const options = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 1 } as const;
const network = buildNetwork('mobilenet-v1', options);
const planOf = (name: string, layers: object) => (layers as Record<string, object>)[name];

describe('findLayers', () => {
  it('knows every layer of a MobileNet by kind and shape', () => {
    const layers = findLayers(network);
    const count = (kind: string) => layers.filter((l) => l.kind === kind).length;
    expect(['first', 'depthwise', 'pointwise', 'classifier', 'conv'].map(count)).toEqual([1, 13, 13, 1, 0]);
    const { name, filters, inputs, kernel } = layers[0]!;
    expect({ name, filters, inputs, kernel }).toEqual({ name: 'conv', filters: 8, inputs: 3, kernel: [3, 3] });
  });

  it.each([
    ['mobilenet-v2', { first: 1, depthwise: 17, pointwise: 34, classifier: 1 }],
    ['resnet-20', { first: 1, conv: 18, classifier: 1 }],
    ['ds-cnn', { first: 1, depthwise: 4, pointwise: 4, classifier: 1 }],
  ])('knows the layers of %s', (name, expected) => {
    const counts: Record<string, number> = {};
    for (const { kind } of findLayers(buildNetwork(name, options))) counts[kind] = (counts[kind] ?? 0) + 1;
    expect(counts).toEqual(expected);
  });
});

describe('makePlan', () => {
  it('compresses what the papers compress', () => {
    const sizes = (['fp', 'twn', 'strassen', 'hybrid'] as const).map(
      (method) => Object.keys(makePlan(network, { method }).layers).length,
    );
    expect(sizes).toEqual([0, 28, 15, 15]);
  });

  it('rounds filters and hidden units, and strassenifies the classifier wholly', () => {
    const { layers } = makePlan(network, { method: 'hybrid', alpha: 0.25, widthRatio: 1.5 });
    expect(planOf('conv', layers)).toEqual({ method: 'hybrid', fullPrecision: 2, hidden: 9 });
    expect(planOf('conv_pw_13', layers)).toEqual({ method: 'hybrid', fullPrecision: 64, hidden: 288 });
    expect(planOf('classifier', layers)).toEqual({ method: 'strassen', fullPrecision: 0, hidden: 15 });
    const wide = makePlan(network, { method: 'strassen', widthRatio: 100 }).layers;
    expect(planOf('classifier', wide)).toEqual({ method: 'strassen', fullPrecision: 0, hidden: 256 });
  });

  it('has nothing ternary at alpha = 1 and no full-precision filter at alpha = 0', () => {
    const all = makePlan(network, { method: 'hybrid', alpha: 1 }).layers;
    expect(planOf('conv_pw_1', all)).toEqual({ method: 'fp' });
    const none = makePlan(network, { method: 'hybrid', alpha: 0 }).layers;
    expect(planOf('conv_pw_1', none)).toEqual({ method: 'strassen', fullPrecision: 0, hidden: 20 });
  });

  it('takes kinds', () => {
    const { layers } = makePlan(network, { method: 'twn', kinds: ['depthwise'], granularity: 'filter' });
    expect(Object.keys(layers)).toHaveLength(13);
    expect(planOf('conv_dw_1', layers)).toEqual({ method: 'twn', granularity: 'filter' });
  });

  it.each([
    [{ alpha: 1.01 }, 'alpha: expected 0 to 1, found 1.01'],
    [{ alpha: Number.NaN }, 'alpha: expected 0 to 1, found NaN'],
    [{ widthRatio: 0 }, 'width ratio: expected a number above 0, found 0'],
    [{ widthRatio: Number.POSITIVE_INFINITY }, 'width ratio: expected a number above 0, found Infinity'],
  ])('refuses %j', (wrong, message) => {
    const make = () => makePlan(network, { method: 'hybrid', ...wrong });
    expect(make).toThrow(expect.objectContaining({ code: 'E_USAGE', message }));
  });

  it('makes banks of other convolutions where there are no pointwise ones, or where they are asked for', () => {
    const resnet = buildNetwork('resnet-20', options);
    const { layers } = makePlan(resnet, { method: 'hybrid' });
    expect(Object.keys(layers)).toHaveLength(20);
    expect(planOf('block_9_conv_2', layers)).toEqual({ method: 'hybrid', fullPrecision: 8, hidden: 10 });
    expect(Object.keys(makePlan(resnet, { method: 'hybrid', kinds: ['conv'] }).layers)).toHaveLength(18);
    expect(Object.keys(makePlan(resnet, { method: 'twn', kinds: ['conv'] }).layers)).toHaveLength(18);
    // a pointwise layer makes the 3x3 ones stay
    const mixed = new NetworkBuilder('mixed', 1);
    let x = mixed.convBlock('conv_1', mixed.input(3, 8), { filters: 4, kernel: 3 });
    x = mixed.convBlock('conv_2', x, { filters: 4, kernel: 3 });
    x = mixed.convBlock('grouped', x, { filters: 4, kernel: 3, groups: 2 });
    const graph = mixed.classifier(mixed.convBlock('pw', x, { filters: 4, kernel: 1 }), 2);
    const names = (options: Partial<PlanOptions>) =>
      Object.keys(makePlan(graph, { method: 'strassen', ...options }).layers);
    expect(names({})).toEqual(['conv_1', 'pw', 'classifier']);
    expect(names({ kinds: ['conv'] })).toEqual(['conv_2']);
    expect(names({ method: 'twn', kinds: ['conv'] })).toEqual(['conv_2', 'grouped']);
  });

  it.each<[string, PlanOptions, string]>([
    [
      'empty',
      { method: 'twn' },
      'first, depthwise, pointwise, conv, classifier to compress, found none among 0 layers',
    ],
    ['mobilenet', { method: 'hybrid', kinds: ['conv'] }, 'conv to compress, found none among 28 layers'],
    ['mobilenet', { method: 'strassen', kinds: ['depthwise'] }, 'depthwise to compress, found none among 28 layers'],
  ])('refuses the graph %s for %j', (name, plan, rest) => {
    const graph = name === 'empty' ? new Graph('empty', 20) : network;
    const message = `graph '${graph.name}': expected layers of kind ${rest}`;
    expect(() => makePlan(graph, plan)).toThrow(expect.objectContaining({ code: 'E_MODEL', message }));
  });
});
