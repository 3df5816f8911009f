import { describe, expect, it } from 'vitest';
import { Graph } from '../ir/index.ts';
import { buildNetwork, NetworkBuilder } from '../models/index.ts';
import { findLayers } from './layers.ts';
import { bankPlan, checkPlan, filterOrder, type LayerPlan, upTo } from './plan.ts';
import { largest, makePlan, type PlanOptions } from './uniform-plan.ts';

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
    expect(planOf('conv', layers)).toEqual({ method: 'hybrid', fullPrecision: upTo(2), hidden: 9 });
    expect(planOf('conv_pw_13', layers)).toEqual({ method: 'hybrid', fullPrecision: upTo(64), hidden: 288 });
    expect(planOf('classifier', layers)).toEqual({ method: 'strassen', fullPrecision: [], hidden: 15 });
    const wide = makePlan(network, { method: 'strassen', widthRatio: 100 }).layers;
    expect(planOf('classifier', wide)).toEqual({ method: 'strassen', fullPrecision: [], hidden: 256 });
  });

  it('has nothing ternary at alpha = 1 and no full-precision filter at alpha = 0', () => {
    const all = makePlan(network, { method: 'hybrid', alpha: 1 }).layers;
    expect(planOf('conv_pw_1', all)).toEqual({ method: 'fp' });
    const none = makePlan(network, { method: 'hybrid', alpha: 0 }).layers;
    expect(planOf('conv_pw_1', none)).toEqual({ method: 'strassen', fullPrecision: [], hidden: 20 });
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
    expect(planOf('block_9_conv_2', layers)).toEqual({ method: 'hybrid', fullPrecision: upTo(8), hidden: 10 });
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

describe('checkPlan', () => {
  const builder = new NetworkBuilder('two', 1);
  let x = builder.convBlock('stem', builder.input(1, 6), { filters: 4, kernel: 3 });
  x = builder.convBlock('dw', x, { filters: 4, kernel: 3, groups: 4 });
  const graph = builder.classifier(builder.convBlock('pw', x, { filters: 6, kernel: 1 }), 3);
  const check = (layers: Record<string, LayerPlan>) => () => checkPlan({ layers }, graph, 'plan.json');

  it('accepts a plan that fits', () => {
    expect(check({ pw: bankPlan(6, [1, 4], 5), dw: { method: 'fp' }, stem: bankPlan(4, [], 2, 4) })).not.toThrow();
  });

  it('refuses what the network does not have', () => {
    expect(check({ pw9: bankPlan(6, [0], 3) })).toThrow(
      "plan.json layers.pw9: expected one of the model's layers (stem, dw, pw, classifier), found another name",
    );
    expect(check({ pw: bankPlan(9, [1, 6], 3) })).toThrow(
      'plan.json layers.pw.fullPrecision: expected indices from 0 to 5, found 6',
    );
    expect(check({ pw: bankPlan(9, upTo(6), 3) })).toThrow(
      'plan.json layers.pw.fullPrecision: expected fewer than all 6 filters, or the method fp, found all of them',
    );
    expect(check({ dw: bankPlan(4, [0], 3) })).toThrow(
      'plan.json layers.dw.method: expected fp for a grouped convolution, which has no filter banks, found hybrid',
    );
  });
});

it('puts full-precision filters first, both groups ascending', () => {
  expect(filterOrder(6, { method: 'hybrid', fullPrecision: [1, 4], hidden: 5 })).toEqual([1, 4, 0, 2, 3, 5]);
});

describe('sensitivity', () => {
  const builder = new NetworkBuilder('two', 1);
  const x = builder.convBlock('stem', builder.input(1, 5), { filters: 2, kernel: 3 });
  const graph = builder.classifier(builder.convBlock('pw', x, { filters: 5, kernel: 1 }), 3);
  const sensitivity = { stem: [0.1, 0.9], pw: Float64Array.of(3, 7, 1, 7, 2) };
  const plan = (options: Partial<PlanOptions>) => makePlan(graph, { method: 'hybrid', sensitivity, ...options }).layers;

  it('keeps the most sensitive filters, of equal ones the first', () => {
    // alpha 0.4 of 2 filters is one, of 5 two; the classifier is wholly strassenified, with at most as many hidden
    // units as it has inputs
    expect(plan({ alpha: 0.4, widthRatio: 2 })).toEqual({
      stem: { method: 'hybrid', fullPrecision: [1], hidden: 2 },
      pw: { method: 'hybrid', fullPrecision: [1, 3], hidden: 6 },
      classifier: { method: 'strassen', fullPrecision: [], hidden: 5 },
    });
    expect([largest([3, 7, 1, 7, 2], 3), largest([1, 1, 1], 2), largest([-1, -3], 0)]).toEqual([[0, 1, 3], [0, 1], []]);
  });

  it('is not needed where all filters are of one kind', () => {
    const kinds = ['pointwise'] as const;
    const all = (alpha: number) => plan({ alpha, widthRatio: 1, kinds, sensitivity: {} }).pw;
    expect(all(0)).toEqual({ method: 'strassen', fullPrecision: [], hidden: 5 });
    expect(all(1)).toEqual({ method: 'fp' });
  });

  it('is refused where it does not fit', () => {
    const of = (pw: number[]) => () => plan({ alpha: 0.4, sensitivity: { ...sensitivity, pw } });
    const expected = "sensitivity of layer 'pw': expected 5 numbers, found";
    expect(of([1, 2])).toThrow(`${expected} 2`);
    expect(of([])).toThrow(`${expected} none`);
    expect(of([1, 2, 3, 4, Number.NaN])).toThrow(`${expected} some that are none`);
  });
});
