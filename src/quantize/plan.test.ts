import { describe, expect, it } from 'vitest';
import { Graph } from '../ir/index.ts';
import { buildNetwork } from '../models/index.ts';
import { findLayers } from './layers.ts';
import { makePlan } from './plan.ts';

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

  it('refuses a graph without pointwise convolutions', () => {
    const message = "graph 'empty': expected pointwise convolutions to compress, found none among 0 layers";
    const make = () => makePlan(new Graph('empty', 20), { method: 'twn' });
    expect(make).toThrow(expect.objectContaining({ code: 'E_MODEL', message }));
  });
});
