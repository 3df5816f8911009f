/** Predicted counts equal those of networks that were built, frozen and deployed. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Graph } from '../ir/index.ts';
import { NetworkBuilder } from '../models/index.ts';
import {
  applyPlan,
  bankPlan,
  deploy,
  findLayers,
  type LayerPlan,
  type Plan,
  toFrozen,
  upTo,
} from '../quantize/index.ts';
import { type CountedLayer, countGraph } from './count.ts';
import { predictLayers } from './predict.ts';
import { measureLayer, measureStorage, storageSchemes } from './storage.ts';

/** A 3x3 convolution, a separable pair, a pointwise convolution without batch norm, a classifier. */
function buildSmall(): Graph {
  const network = new NetworkBuilder('small', 1);
  let x = network.convBlock('conv', network.input(3, 12), { filters: 6, kernel: 3, stride: 2 });
  x = network.convBlock('conv_dw', x, { filters: 6, kernel: 3, groups: 6 });
  x = network.convBlock('conv_pw', x, { filters: 10, kernel: 1 });
  x = network.conv('expand', x, { filters: 12, kernel: 1, bias: true });
  return network.classifier(x, 5);
}

const base = buildSmall();
const counted = countGraph(base);
const filters = new Map(findLayers(base).map((layer) => [layer.name, layer.filters]));

function build(plan: Plan): readonly CountedLayer[] {
  return countGraph(deploy(toFrozen(applyPlan(base, plan, 1), new Map()), new Map())).layers;
}

/** Everything that a prediction says. */
function describeLayer({ group, counts, inputElements, outputElements }: CountedLayer) {
  const { outputScales: _behind, ternaryNonZero: _nonZero, ...operations } = counts;
  const { ternary: _zeros, outputScales: _scales, ...stored } = measureLayer(group, storageSchemes.hybrid);
  return { ...stored, operations, inputElements, outputElements, weights: group.weights };
}

const anyLayerPlan = (name: string): fc.Arbitrary<LayerPlan> => {
  const count = filters.get(name)!;
  // a strassenified layer as narrow as a bottleneck is two ternary weight layers to `findBanks` where there are others
  const least = (kept: number) => (kept > 0 ? 1 : Math.floor(count / 2) + 1);
  const bank = fc
    .subarray(upTo(count), { maxLength: count - 1 })
    .chain((kept) => fc.tuple(fc.constant(kept), fc.integer({ min: least(kept.length), max: 20 })))
    .map(([kept, hidden]) => bankPlan(count, kept, hidden));
  const fp = fc.constant<LayerPlan>({ method: 'fp' });
  const twn = fc.constant<LayerPlan>({ method: 'twn', granularity: 'tensor' });
  if (name === 'conv_dw') return fc.oneof(fp, twn);
  return fc.oneof(fp, twn, bank);
};

describe('predictLayers', () => {
  it('agrees with the built network, whatever the plan', () => {
    const names = [...filters.keys()];
    const anyPlan = fc.tuple(...names.map(anyLayerPlan)).map((plans) => ({
      layers: Object.fromEntries(names.map((name, i) => [name, plans[i]!])),
    }));
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const predicted = predictLayers(counted.layers, plan).map(describeLayer);
        expect(predicted).toEqual(build(plan).map(describeLayer));
      }),
      { numRuns: 40 },
    );
  });

  it('agrees where scales became bounds of ReLU6', () => {
    const network = new NetworkBuilder('bounded', 1);
    let x = network.convBlock('conv', network.input(3, 6), { filters: 8, kernel: 3 }, 'relu6');
    x = network.convBlock('conv_pw', x, { filters: 6, kernel: 1 }, 'relu6');
    x = network.convBlock('conv_dw', x, { filters: 6, kernel: 3, groups: 6 }, 'relu6');
    const bounded = network.classifier(x, 5);
    const plan: Plan = { layers: { conv_pw: { method: 'hybrid', fullPrecision: [0, 1], hidden: 4 } } };
    const built = deploy(toFrozen(applyPlan(bounded, plan, 1), new Map()), new Map());
    expect(built.nodes.some(({ op }) => op === 'Min')).toBe(true);
    const predicted = predictLayers(countGraph(bounded).layers, plan).map(describeLayer);
    const found = countGraph(built);
    expect(found.layers.map(describeLayer)).toEqual(predicted);
    expect(measureStorage(built).layers[1]!.outputScales).toBe(4);
    expect(measureStorage(built, 'hybrid').bytes).toBe(predicted.reduce((sum, layer) => sum + layer.bytes, 0));
  });

  it('leaves the network as it is without a plan', () => {
    expect(predictLayers(counted.layers, { layers: {} })).toEqual(counted.layers);
  });

  it('refuses what it cannot tell', () => {
    const plan: Plan = { layers: { conv_pw: { method: 'hybrid', fullPrecision: [0, 1, 2, 3, 4], hidden: 6 } } };
    expect(() => predictLayers(build(plan), plan)).toThrow(
      "layer 'conv_pw': expected an uncompressed network, found ternary weights",
    );
    expect(() => predictLayers(counted.layers, { layers: { conv_9: { method: 'fp' } } })).toThrow(
      "plan: expected names of layers, found 'conv_9'",
    );
  });
});
