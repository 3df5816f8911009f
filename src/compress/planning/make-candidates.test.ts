import { describe, expect, it } from 'vitest';
import { normal } from '../../../test/evaluate.ts';
import { Graph } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { isBank } from '../../quantize/index.ts';
import type { Analysis, AnalyzedLayer } from '../sensitivity.ts';
import { type Candidate, checkCandidate } from './candidate.ts';
import { filterSensitivity, makeCandidates, predictLosses, predictUnitLosses } from './make-candidates.ts';

function network(filters: number, inputs: number): Graph {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 2, 4, 4]);
  const stem = b.op('Conv', [x, b.constant('v', normal(9, [inputs, 2, 1, 1]))], {}, 'stem');
  graph.outputs = [
    b.relu(b.op('Conv', [b.relu(stem), b.constant('w', normal(1, [filters, inputs, 1, 1]))], {}, 'conv')),
  ];
  return graph;
}

/** A bank of 4 filters with 4 weights; trits per weight at width r are r (4 + 4) / 16 = r / 2. */
const layer: AnalyzedLayer = {
  name: 'conv',
  kind: 'pointwise',
  filters: 4,
  inputs: 4,
  widths: [2, 4],
  residuals: [
    [0.1, 0.4, 0.2, 0.3],
    [0.01, 0.04, 0.02, 0.03],
  ],
  importance: [1, 2, 3, 4],
  nonZero: [8, 24],
};
const analysis: Analysis = {
  version: 1,
  model: 'net',
  data: null,
  lossUnit: 'noise',
  ratios: [0.5, 1],
  seed: 0,
  layers: [layer],
  seconds: 1,
};

const close = (found: readonly number[], expected: readonly number[]) => {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 9);
};

describe('predictLosses', () => {
  it('at the widths that were analysed are their residuals times importance', () => {
    close(predictLosses(layer, 4, 2), [0.1, 0.8, 0.6, 1.2]);
    close(predictLosses(layer, 4, 4), [0.01, 0.08, 0.06, 0.12]);
  });

  it('are read at equal trits per weight', () => {
    // two filters with r units have r (2 + 4) / 8 = 3 r / 4 trits per weight: r = 2 has 1.5, as the whole bank at r = 3,
    // in the middle between 2 and 4
    const middle = Math.sqrt(0.1 * 0.01);
    close(predictLosses(layer, 2, 2), [middle, 8 * middle, 6 * middle, 12 * middle]);
  });

  it('go from residual 1 without hidden units, and on as they went', () => {
    // half of the trits at the least width: the root of its residual
    close(
      predictLosses(layer, 4, 1),
      [0.1, 0.4, 0.2, 0.3].map((r, f) => Math.sqrt(r) * (f + 1)),
    );
    // a third as far again as from 2 to 4
    close(predictLosses(layer, 4, 6), [0.001, 0.008, 0.006, 0.012]);
  });

  it('of a bank analysed at one width, or exact, are numbers', () => {
    const one = { ...layer, widths: [2], residuals: [[0, 0.5, 1, 0]], nonZero: [8] };
    for (const hidden of [1, 2, 9]) {
      for (const loss of predictLosses(one, 3, hidden)) expect(loss).toBeGreaterThanOrEqual(0);
    }
    close(predictLosses(one, 4, 2), [1e-12, 1, 3, 4e-12]);
    const twice = { ...layer, widths: [2, 2] };
    close(predictLosses(twice, 4, 2), [0.01, 0.08, 0.06, 0.12]);
  });
});

/** Rounding of one unit adds 0.01 and 0.02 of their variance to outputs. */
const noisy = { ...layer, relativeNoise: [0.01, 0.02] };

describe('predictUnitLosses', () => {
  it('are those of the variance that all units add, by how much a variance matters', () => {
    close(predictUnitLosses(noisy, 4, 2), [0.02, 0.04, 0.06, 0.08]);
    close(predictUnitLosses(noisy, 4, 3), [0.06, 0.12, 0.18, 0.24]);
    // beyond what was analysed, as at the end
    close(predictUnitLosses(noisy, 4, 6), [0.12, 0.24, 0.36, 0.48]);
    // two filters with one unit have three quarters of a trit per weight, as the whole bank with 1.5
    close(predictUnitLosses(noisy, 2, 1), [0.01, 0.02, 0.03, 0.04]);
  });

  it('are 0 where the analysis does not tell', () => {
    close(predictUnitLosses(layer, 4, 2), [0, 0, 0, 0]);
    const sparser = [{ sparsity: 4, residuals: layer.residuals, nonZero: layer.nonZero, relativeNoise: [0.1, 0.1] }];
    close(predictUnitLosses({ ...noisy, sparser }, 4, 2, 4), [0.2, 0.4, 0.6, 0.8]);
  });
});

const sizesOf = ({ plan }: Candidate) => (isBank(plan) ? [plan.fullPrecision, plan.hidden] : [[], 0]);
const sparsityOf = ({ plan }: Candidate) => (isBank(plan) ? plan.sparsity : undefined);

describe('makeCandidates', () => {
  const graph = network(4, 4);

  it('keeps the filters of largest predicted loss, and adds up the others', () => {
    const [made] = makeCandidates(graph, analysis, { alphas: [0.5, 0], ratios: [1, 0.5] });
    expect(made!.name).toBe('conv');
    const [a, b, c, d, whole, ...more] = made!.candidates;
    expect(more).toEqual([]);
    expect([a, b, c, d].map((one) => sizesOf(one!))).toEqual([
      [[], 2],
      [[], 4],
      [[1, 3], 1],
      [[1, 3], 2],
    ]);
    // one unit for two filters: 0.75 trits per weight, three quarters of those at width 2
    close(
      [a, b, c, d].map((one) => one!.loss),
      [2.7, 0.27, 0.1 ** 0.75 + 3 * 0.2 ** 0.75, 7 * Math.sqrt(0.1 * 0.01)],
    );
    expect(whole).toEqual({ plan: { method: 'fp' }, loss: 0 });
    // half of the 16 weights of Wb and Wc at width 2, three quarters of 32 at 4; of 6 and 12 with two filters
    expect([a, b, c, d].map((one) => one!.nonZero)).toEqual([8, 24, 3, 9]);
    for (const candidate of made!.candidates) checkCandidate(candidate, 4, 'test');
  });

  it('puts the same candidate of all layers in the same place, and none that more hidden units make worse', () => {
    const worse = {
      ...layer,
      residuals: [
        [0.1, 0.4, 0.2, 0.3],
        [0.4, 0.4, 0.3, 0.3],
      ],
    };
    const [made] = makeCandidates(graph, { ...analysis, layers: [worse] }, { alphas: [0, 1] });
    expect(made!.candidates.map((one) => [sizesOf(one)[1], Number(one.loss.toFixed(6))])).toEqual([
      [2, 2.7],
      [2, 2.7],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    const [full] = makeCandidates(graph, analysis);
    expect(full!.candidates.length).toBe(8 * 2 + 1);
  });

  it('has sparser decompositions behind the others of an alpha, with their own losses and counts', () => {
    const residuals = layer.residuals.map((row) => row.map((r) => 2 * r));
    const sparser = [{ sparsity: 4, residuals, nonZero: [4, 12] }];
    const both = { ...analysis, layers: [{ ...layer, sparser }] };
    const [made] = makeCandidates(graph, both, { alphas: [0] });
    const [first, second, third, fourth, whole] = made!.candidates;
    expect([first, second].map((one) => sparsityOf(one!))).toEqual([undefined, undefined]);
    close([third!.loss, fourth!.loss], [2 * first!.loss, 2 * second!.loss]);
    expect([third, fourth].map((one) => [sparsityOf(one!), one!.nonZero])).toEqual([
      [4, 4],
      [4, 12],
    ]);
    expect(whole!.loss).toBe(0);
    const [only] = makeCandidates(graph, both, { alphas: [0], sparsities: [0] });
    expect(only!.candidates).toEqual([first, second, whole]);
    expect(() => makeCandidates(graph, both, { sparsities: [0, 1] })).toThrow(
      'sparsities: expected some of those of the analysis, 0, 4, found 1',
    );
  });

  it('counts the rounding of units where activations have 8 bits', () => {
    const of = (roundsUnits: boolean) =>
      makeCandidates(graph, { ...analysis, layers: [noisy] }, { alphas: [0, 0.25], roundsUnits })[0]!.candidates;
    const [plain, rounded] = [of(false), of(true)];
    close([rounded[0]!.loss - plain[0]!.loss], [0.2]);
    // more units, better weights, and all the same more loss: the narrower bank stands in
    const loud = { ...noisy, relativeNoise: [0.01, 2] };
    const [made] = makeCandidates(graph, { ...analysis, layers: [loud] }, { alphas: [0], roundsUnits: true });
    expect(made!.candidates.map((one) => sizesOf(one)[1])).toEqual([2, 2, 0]);
    // of a filter that matters, rounding costs most
    const fragile = { ...noisy, importance: [9, 2, 3, 4], residuals: noisy.residuals.map((row) => row.with(0, 1e-9)) };
    const keptOf = (roundsUnits: boolean) => {
      const grid = { alphas: [0.25], ratios: [1], roundsUnits };
      return sizesOf(makeCandidates(graph, { ...analysis, layers: [fragile] }, grid)[0]!.candidates[0]!)[0];
    };
    expect([keptOf(false), keptOf(true)]).toEqual([[3], [0]]);
    expect(sizesOf(plain[2]!)[0]).toEqual([3]);
    expect(rounded.at(-1)!.loss).toBe(0);
  });

  it('refuses grids out of range and analyses of other networks', () => {
    const make = (grid: object) => () => makeCandidates(graph, analysis, grid);
    expect(make({ alphas: [2] })).toThrow('alphas: expected numbers from 0 to 1, found 2');
    expect(make({ alphas: [] })).toThrow('found none');
    expect(make({ ratios: [-1] })).toThrow('found -1');
    expect(() => makeCandidates(network(8, 4), analysis)).toThrow(
      "analysis of 'net': expected a layer 'conv' of 4 filters x 4 weights that can be compressed, found one of 8 x 4",
    );
    const renamed = { ...analysis, layers: [{ ...layer, name: 'pw' }] };
    expect(() => makeCandidates(graph, renamed)).toThrow('found no such layer');
  });
});

it('filterSensitivity is the predicted loss of each filter', () => {
  const found = filterSensitivity(analysis, 0.5);
  expect(Object.keys(found)).toEqual(['conv']);
  close(found.conv!, [0.1, 0.8, 0.6, 1.2]);
  const rounded = filterSensitivity({ ...analysis, layers: [noisy] }, 0.5, { roundsUnits: true });
  close(rounded.conv!, [0.12, 0.84, 0.66, 1.28]);
});
