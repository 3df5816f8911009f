import { describe, expect, it } from 'vitest';
import { type Candidate, checkCandidate, isAscending, toLayerPlan } from './candidate.ts';

describe('toLayerPlan', () => {
  it('takes the method from the number of full-precision filters', () => {
    expect(toLayerPlan({ fullPrecision: [], hidden: 5 }, 3)).toEqual({
      method: 'strassen',
      fullPrecision: 0,
      hidden: 5,
    });
    expect(toLayerPlan({ fullPrecision: [0, 2], hidden: 5 }, 3)).toEqual({
      method: 'hybrid',
      fullPrecision: 2,
      hidden: 5,
    });
    expect(toLayerPlan({ fullPrecision: [0, 1, 2], hidden: 0 }, 3)).toEqual({ method: 'fp' });
  });
});

describe('checkCandidate', () => {
  const check = (candidate: Partial<Candidate>) => () =>
    checkCandidate({ fullPrecision: [1], hidden: 4, loss: 0.5, ...candidate }, 3, "layer 'pw' candidate 2");

  it('accepts what a layer can become', () => {
    expect(check({})).not.toThrow();
    expect(check({ fullPrecision: [] })).not.toThrow();
    expect(check({ fullPrecision: [0, 1, 2], hidden: 0, loss: 0 })).not.toThrow();
  });

  it.each<[Partial<Candidate>, string]>([
    [{ fullPrecision: [2, 1] }, 'filters from 0 to 2 in ascending order, found [2, 1]'],
    [{ fullPrecision: [1, 1] }, 'filters from 0 to 2 in ascending order, found [1, 1]'],
    [{ fullPrecision: [3] }, 'filters from 0 to 2 in ascending order, found [3]'],
    [{ fullPrecision: [0.5] }, 'filters from 0 to 2 in ascending order, found [0.5]'],
    [{ fullPrecision: [0, 1, 2] }, 'no hidden units where all filters are full-precision, found 4'],
    [{ hidden: 0 }, 'a whole number of hidden units of at least 1, found 0'],
    [{ hidden: 1.5 }, 'a whole number of hidden units of at least 1, found 1.5'],
    [{ loss: -0.1 }, 'a predicted loss of at least 0, found -0.1'],
    [{ loss: Number.NaN }, 'a predicted loss of at least 0, found NaN'],
  ])('refuses %j', (candidate, message) => {
    expect(check(candidate)).toThrow(`layer 'pw' candidate 2: expected ${message}`);
  });
});

it('isAscending takes no negative index', () => {
  expect([isAscending([], 0), isAscending([0, 1], 2), isAscending([-1, 1], 2)]).toEqual([true, true, false]);
});
