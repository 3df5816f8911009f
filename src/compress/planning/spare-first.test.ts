/** Layers that read the image keep their filters where that can be. */

import { expect, it } from 'vitest';
import { TritbankError } from '../../ir/index.ts';
import { buildNetwork } from '../../models/index.ts';
import { bankPlan, findLayers, isBank } from '../../quantize/index.ts';
import type { Analysis } from '../sensitivity.ts';
import { type Candidate, untouched } from './candidate.ts';
import { costCandidates, type NetworkCosts } from './layer-costs.ts';
import { sparingFirst } from './spare-first.ts';

const options = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 1 } as const;
const graph = buildNetwork('mobilenet-v1', options);
const layers = findLayers(graph).filter(({ kind }) => kind === 'first' || kind === 'pointwise');
const analysis = { layers: layers.map(({ name, kind }) => ({ name, kind })) } as unknown as Analysis;

const costsOf = (others: readonly Candidate[]) =>
  costCandidates(
    graph,
    layers.map(({ name, filters }) => ({
      name,
      candidates: [...others, { plan: bankPlan(filters, [], 4), loss: 1 }],
    })),
  );
const banks = ({ layers: found }: NetworkCosts) =>
  found.map(({ candidates, costs, works }) => {
    expect([costs.length, works.length]).toEqual([candidates.length, candidates.length]);
    return candidates.filter(({ plan }) => isBank(plan)).length;
  });

it('has no banks in layers that read the image, if these may be something else', async () => {
  expect(layers[0]!.kind).toBe('first');
  const [first, ...others] = await sparingFirst(costsOf([untouched]), analysis, async (costs) => banks(costs));
  expect([first, ...others]).toEqual([0, ...others.map(() => 1)]);
  expect((await sparingFirst(costsOf([]), analysis, async (costs) => banks(costs)))[0]).toBe(1);
});

it('has them where the budget is out of reach otherwise, and passes on all other errors', async () => {
  const seen: number[] = [];
  const fail = (code: 'E_USAGE' | 'E_MODEL') => async (costs: NetworkCosts) => {
    seen.push(banks(costs)[0]!);
    if (seen.length % 2 === 1) throw new TritbankError(code, 'budget', 'out of reach');
    return 'planned';
  };
  expect(await sparingFirst(costsOf([untouched]), analysis, fail('E_USAGE'))).toBe('planned');
  expect(seen.splice(0)).toEqual([0, 1]);
  await expect(sparingFirst(costsOf([untouched]), analysis, fail('E_MODEL'))).rejects.toThrow('out of reach');
  expect(seen).toEqual([0]);
});
