import { describe, expect, it } from 'vitest';
import { bankPlan } from '../../quantize/index.ts';
import { type Candidate, checkCandidate, untouched } from './candidate.ts';

describe('checkCandidate', () => {
  const check = (candidate: Candidate) => () => checkCandidate(candidate, 3, "layer 'pw' candidate 2");

  it('accepts what a layer can become', () => {
    expect(check({ plan: bankPlan(3, [1], 4), loss: 0.5 })).not.toThrow();
    expect(check({ plan: bankPlan(3, [], 4), loss: 0.5 })).not.toThrow();
    expect(check({ plan: { method: 'twn', granularity: 'filter' }, loss: 1 })).not.toThrow();
    expect(check(untouched)).not.toThrow();
  });

  it.each<[Candidate, string]>([
    [{ plan: bankPlan(9, [2, 1], 4), loss: 0 }, 'indices in ascending order, found [2, 1]'],
    [{ plan: bankPlan(9, [3], 4), loss: 0 }, 'indices from 0 to 2, found 3'],
    [{ plan: bankPlan(9, [0, 1, 2], 4), loss: 0 }, 'fewer than all 3 filters, or the method fp, found all of them'],
    [{ plan: bankPlan(3, [1], 0), loss: 0 }, 'a whole number of at least 1, found 0'],
    [{ plan: bankPlan(3, [1], 4), loss: -0.1 }, 'a predicted loss of at least 0, found -0.1'],
    [{ plan: bankPlan(3, [1], 4), loss: Number.NaN }, 'a predicted loss of at least 0, found NaN'],
  ])('refuses %j', (candidate, message) => {
    expect(check(candidate)).toThrow(`layer 'pw' candidate 2: expected ${message}`);
  });
});
