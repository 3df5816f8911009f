/** Predicted costs equal, digit by digit, those of sweeps and of networks that were built by the plan. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CostOptions,
  countGraph,
  measureCost,
  paperConventions,
  storageSchemes,
  sweepCost,
} from '../../cost/index.ts';
import type { Graph } from '../../ir/index.ts';
import { buildNetwork, NetworkBuilder } from '../../models/index.ts';
import {
  applyPlan,
  bankPlan,
  deploy,
  findLayers,
  isBank,
  makePlan,
  type Plan,
  toFrozen,
  upTo,
} from '../../quantize/index.ts';
import { type Candidate, type LayerCandidates, untouched } from './candidate.ts';
import { costCandidates, predictCost } from './layer-costs.ts';

/** A 3x3 convolution, a separable pair, a pointwise convolution without batch norm, a classifier. */
function buildSmall(): Graph {
  const network = new NetworkBuilder('small', 1);
  let x = network.convBlock('conv', network.input(3, 12), { filters: 6, kernel: 3, stride: 2 });
  x = network.convBlock('conv_dw', x, { filters: 6, kernel: 3, groups: 6 });
  x = network.convBlock('conv_pw', x, { filters: 10, kernel: 1 });
  x = network.conv('expand', x, { filters: 12, kernel: 1, bias: true });
  return network.classifier(x, 5);
}

const small = buildSmall();
const bankNames = ['conv', 'conv_pw', 'expand', 'classifier'] as const;
const filtersOf = new Map(findLayers(small).map((layer) => [layer.name, layer.filters]));

const build = (graph: Graph, plan: Plan) => deploy(toFrozen(applyPlan(graph, plan, 1), new Map()), new Map());

const anyCandidate = (filters: number): fc.Arbitrary<Candidate> =>
  fc.oneof(
    fc.constant(untouched),
    fc
      .tuple(fc.subarray(upTo(filters), { maxLength: filters - 1 }), fc.integer({ min: 1, max: 20 }))
      .map(([kept, hidden]) => ({ plan: bankPlan(filters, kept, hidden), loss: 0 })),
  );

const anyLayers = fc.tuple(...bankNames.map((name) => anyCandidate(filtersOf.get(name)!)));

/** One candidate a layer. */
const single = (chosen: readonly Candidate[]): LayerCandidates[] =>
  bankNames.map((name, i) => ({ name, candidates: [chosen[i]!] }));

const planOf = (chosen: readonly Candidate[]): Plan => ({
  layers: Object.fromEntries(bankNames.map((name, i) => [name, chosen[i]!.plan])),
});

/** What both say of a network. */
function figuresOf(cost: ReturnType<typeof predictCost> | ReturnType<typeof measureCost>) {
  const { macs, products, multiplications, additions, additionsWithMacs, bytes, energy, areaTime, relative } = cost;
  return { macs, products, multiplications, additions, additionsWithMacs, bytes, energy, areaTime, relative };
}

it('costs what is written out by hand', () => {
  const network = new NetworkBuilder('two', 1);
  const x = network.convBlock('stem', network.input(1, 5), { filters: 2, kernel: 1 });
  const graph = network.classifier(network.convBlock('pw', x, { filters: 4, kernel: 1 }), 3);
  const candidates = [{ plan: bankPlan(4, [1, 3], 3), loss: 0 }, untouched];
  const { layers, fixed, reference, restBytes } = costCandidates(graph, [{ name: 'pw', candidates }]);
  // 25 pixels: 2 x 2 MACs, 3 scales, 3 x 2 + 2 x 3 ternary additions and 4 biases each; an addition is half a MAC's
  // area and 0.1966 of its energy
  const [multiplications, additions] = [25 * (4 + 3), 25 * (6 + 6 + 4)];
  const [hybrid, full] = layers[0]!.costs;
  expect(hybrid).toMatchObject({ multiplications, areaTime: multiplications + additions / 2 });
  expect(hybrid!.energy).toBeCloseTo(multiplications + 0.1966 * additions, 9);
  // 4 weights at 16 bits, 12 ternary ones at 2, 4 biases and 3 scales at 16
  expect(hybrid!.bytes).toBe(8 + 3 + 14);
  // 8 weights and 4 biases
  expect(full).toMatchObject({ bytes: 16 + 8, multiplications: 25 * 8, areaTime: 25 * 8 + (25 * 4) / 2 });
  // the stem has 2 weights and 2 biases, the classifier 12 and 3
  expect(fixed).toMatchObject({ bytes: 4 + 4 + 24 + 6, multiplications: 25 * 2 + 12 });
  expect(reference).toMatchObject({ bytes: 2 * (2 + 2 + 8 + 4 + 12 + 3), multiplications: 25 * 2 + 25 * 8 + 12 });
  expect(restBytes).toBe(0);
});

describe('predictCost', () => {
  it('is what a sweep says of uniform plans, exactly', () => {
    const options = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 1 } as const;
    const base = buildNetwork('mobilenet-v1', options);
    const kinds = findLayers(base);
    for (const accelerator of ['paper', 'horowitz-int8']) {
      const pairs = { alphas: [0, 0.5, 1], widthRatios: [1, 1.75], accelerator };
      for (const { alpha, widthRatio, pareto: _, parameters: _parameters, ...point } of sweepCost(base, pairs).points) {
        const plan = makePlan(base, { method: 'hybrid', alpha, widthRatio });
        const layers = Object.entries(plan.layers).map(([name, layer]): LayerCandidates => {
          const { filters } = kinds.find((one) => one.name === name)!;
          if (!isBank(layer)) return { name, candidates: [untouched] };
          const last = layer.fullPrecision.map((i) => i + filters - layer.fullPrecision.length);
          return { name, candidates: [{ plan: bankPlan(filters, last, layer.hidden), loss: 0 }] };
        });
        const costs = costCandidates(base, layers, { accelerator });
        const predicted = predictCost(
          costs,
          layers.map(() => 0),
        );
        const { areaTime: _areaTime, ...figures } = predicted;
        expect(figures).toEqual(point);
      }
    }
  });

  it('is what the built network costs, exactly, whatever the plan', () => {
    const settings: CostOptions[] = [
      { scheme: 'hybrid' },
      {
        scheme: { ...storageSchemes['hybrid-int8'], packing: 'five-trit' },
        accelerator: 'horowitz-int8',
        format: 'fp16',
      },
      { scheme: 'hybrid', conventions: { ...paperConventions, biases: 'preloaded' } },
    ];
    fc.assert(
      fc.property(anyLayers, fc.constantFrom(...settings), (chosen, options) => {
        const predicted = predictCost(costCandidates(small, single(chosen), options), [0, 0, 0, 0]);
        const built = measureCost(build(small, planOf(chosen)), options);
        expect(figuresOf(predicted)).toEqual(figuresOf(built));
      }),
      { numRuns: 40 },
    );
  });

  it('skips the zeros that candidates predict', () => {
    const options: CostOptions = { scheme: 'hybrid', conventions: { ...paperConventions, ternary: 'zero-skipping' } };
    fc.assert(
      fc.property(anyLayers, (chosen) => {
        const graph = build(small, planOf(chosen));
        const groups = new Map(countGraph(graph).layers.map(({ group }) => [group.name, group]));
        const counted = chosen.map((candidate, i): Candidate => {
          const { matrices } = groups.get(bankNames[i]!)!;
          return { ...candidate, nonZero: matrices.reduce((total, { minus, plus }) => total + minus + plus, 0) };
        });
        const costs = costCandidates(small, single(counted), options);
        expect(figuresOf(predictCost(costs, [0, 0, 0, 0]))).toEqual(figuresOf(measureCost(graph, options)));
      }),
      { numRuns: 20 },
    );
  });

  it('is the sum of what is fixed and of the chosen candidates', () => {
    fc.assert(
      fc.property(
        anyLayers,
        anyLayers,
        fc.array(fc.nat(1), { minLength: 4, maxLength: 4 }),
        (first, second, choice) => {
          const layers = bankNames.map((name, i) => ({ name, candidates: [first[i]!, second[i]!] }));
          const costs = costCandidates(small, layers.toReversed(), {
            conventions: { ...paperConventions, elementwise: 'counted' },
          });
          const predicted = predictCost(costs, choice);
          const parts = [costs.fixed, ...choice.map((j, i) => costs.layers[i]!.costs[j]!)];
          for (const key of ['bytes', 'multiplications'] as const) {
            expect(parts.reduce((total, part) => total + part[key], 0)).toBe(predicted[key]);
          }
          for (const key of ['energy', 'areaTime'] as const) {
            expect(parts.reduce((total, part) => total + part[key], 0)).toBeCloseTo(predicted[key], 6);
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('costCandidates refuses', () => {
  const hybrid: Candidate = { plan: { method: 'hybrid', fullPrecision: [0], hidden: 4 }, loss: 0 };
  const cost =
    (layers: LayerCandidates[], options: CostOptions = {}) =>
    () =>
      costCandidates(small, layers, options);
  const pw = [{ name: 'conv_pw', candidates: [hybrid] }];

  it('names and candidates that do not fit', () => {
    expect(cost([{ name: 'conv_9', candidates: [hybrid] }])).toThrow(
      "planner: expected names of layers, found 'conv_9'",
    );
    expect(cost([...pw, ...pw])).toThrow("layer 'conv_pw': expected its candidates once, found them twice");
    expect(cost([{ name: 'conv_pw', candidates: [] }])).toThrow("layer 'conv_pw': expected candidates, found none");
    const wide = { plan: bankPlan(20, [10], 4), loss: 0 };
    expect(cost([{ name: 'conv_pw', candidates: [hybrid, wide] }])).toThrow(
      "layer 'conv_pw' candidate 1: expected indices from 0 to 9, found 10",
    );
    expect(cost([{ name: 'conv_dw', candidates: [hybrid] }])).toThrow(
      "layer 'conv_dw': expected a convolution of one group for a filter bank, found a grouped one",
    );
    expect(cost([{ name: 'conv_dw', candidates: [untouched] }])).not.toThrow();
  });

  it('settings that need trained weights', () => {
    const conventions = (change: object) => ({ conventions: { ...paperConventions, ...change } });
    expect(cost(pw, conventions({ outputScales: 'counted' }))).toThrow('found them counted');
    expect(cost(pw, { scheme: { ...storageSchemes.hybrid, packing: 'entropy' } })).toThrow('found entropy');
    expect(cost(pw, { scheme: { ...storageSchemes.hybrid, outputScaleBits: 16 } })).toThrow('found 16 bits for each');
    // r = 4: Wb has 4 x 6 weights, Wc 9 x 4
    const expected = "layer 'conv_pw' candidate 0: expected 0 to 60 predicted non-zero weights";
    const skipping = conventions({ ternary: 'zero-skipping' });
    expect(cost(pw, skipping)).toThrow(`${expected}, which the zero-skipping count needs, found none`);
    expect(cost([{ name: 'conv_pw', candidates: [{ ...hybrid, nonZero: 61 }] }], skipping)).toThrow('found 61');
    expect(cost([{ name: 'conv_pw', candidates: [untouched] }], skipping)).not.toThrow();
  });

  it('a network that is compressed already', () => {
    const compressed = build(small, planOf([untouched, hybrid, untouched, untouched]));
    expect(() => costCandidates(compressed, [])).toThrow('expected an uncompressed network, found ternary weights');
  });
});
