import { describe, expect, it } from 'vitest';
import { sweepCost } from '../../cost/index.ts';
import { NetworkBuilder } from '../../models/index.ts';
import { costCandidates, predictCost } from './layer-costs.ts';
import { largest, makeUniformBanks } from './uniform-plan.ts';

function build() {
  const network = new NetworkBuilder('two', 1);
  const x = network.convBlock('stem', network.input(1, 5), { filters: 2, kernel: 3 });
  return network.classifier(network.convBlock('pw', x, { filters: 5, kernel: 1 }), 3);
}

const graph = build();
const sensitivity = { stem: [0.1, 0.9], pw: Float64Array.of(3, 7, 1, 7, 2) };

it('largest takes the first of equal values, and gives indices in ascending order', () => {
  expect(largest([3, 7, 1, 7, 2], 3)).toEqual([0, 1, 3]);
  expect(largest([1, 1, 1], 2)).toEqual([0, 1]);
  expect(largest([-1, -3], 0)).toEqual([]);
});

describe('makeUniformBanks', () => {
  it('keeps the most sensitive filters', () => {
    // alpha 0.4 of 2 filters is one, of 5 two; the classifier is wholly strassenified, with at most as many hidden
    // units as it has inputs
    expect([...makeUniformBanks(graph, sensitivity, { alpha: 0.4, widthRatio: 2 })]).toEqual([
      ['stem', { fullPrecision: [1], hidden: 2 }],
      ['pw', { fullPrecision: [1, 3], hidden: 6 }],
      ['classifier', { fullPrecision: [], hidden: 5 }],
    ]);
  });

  it('needs no sensitivity where all filters are of one kind', () => {
    const kinds = ['pointwise'] as const;
    const banks = (alpha: number) => [...makeUniformBanks(graph, {}, { alpha, widthRatio: 1, kinds })];
    expect(banks(0)).toEqual([['pw', { fullPrecision: [], hidden: 5 }]]);
    expect(banks(1)).toEqual([['pw', { fullPrecision: [0, 1, 2, 3, 4], hidden: 0 }]]);
  });

  it('costs what a sweep says', () => {
    const [point] = sweepCost(graph, { alphas: [0.4], widthRatios: [1.25] }).points;
    const banks = makeUniformBanks(graph, sensitivity, { alpha: 0.4, widthRatio: 1.25 });
    const layers = [...banks].map(([name, bank]) => ({ name, candidates: [{ ...bank, loss: 0 }] }));
    expect(predictCost(costCandidates(graph, layers), [0, 0, 0]).relative).toEqual(point!.relative);
  });

  it('refuses sensitivities that do not fit', () => {
    const of = (pw: number[]) => () => makeUniformBanks(graph, { ...sensitivity, pw }, { alpha: 0.4, widthRatio: 1 });
    const expected = "sensitivity of layer 'pw': expected 5 numbers, found";
    expect(of([1, 2])).toThrow(`${expected} 2`);
    expect(of([])).toThrow(`${expected} none`);
    expect(of([1, 2, 3, 4, Number.NaN])).toThrow(`${expected} some that are none`);
    expect(() => makeUniformBanks(graph, sensitivity, { alpha: 2, widthRatio: 1 })).toThrow(
      'alpha: expected 0 to 1, found 2',
    );
  });
});
