/** Plans under limits of a target: here one that is made up, whose figures can be followed by hand. */

import { describe, expect, it } from 'vitest';
import { NetworkBuilder } from '../../models/index.ts';
import { bankPlan } from '../../quantize/index.ts';
import type { BankShape, Limits, PlanningTarget } from '../../targets/index.ts';
import type { Budget } from './budget.ts';
import { type Candidate, untouched } from './candidate.ts';
import { describePlan } from './describe-plan.ts';
import { costCandidates } from './layer-costs.ts';
import { optimizePlan } from './optimize.ts';
import { costOnTarget, totalsOf } from './target.ts';

const names = ['a', 'b', 'c'];

function build() {
  const network = new NetworkBuilder('three', 1);
  let x = network.convBlock('stem', network.input(1, 5), { filters: 8, kernel: 1 });
  for (const name of names) x = network.convBlock(name, x, { filters: 8, kernel: 1 });
  return network.classifier(x, 2);
}

/** Fewer hidden units lose more; layers differ. */
const candidatesOf = (loss: number): Candidate[] => [
  ...[2, 4, 8].map(
    (hidden): Candidate => ({ plan: bankPlan(8, [], hidden), loss: loss / hidden, nonZero: 6 * hidden }),
  ),
  untouched,
];

const costs = costCandidates(
  build(),
  names.map((name, i) => ({ name, candidates: candidatesOf(i + 1) })),
);

/**
 * A layer takes 100 cycles of engine p, as a bank 8 cycles of q a hidden unit; the stem and the classifier take 50 of p.
 * The network takes as long as the busier engine and a tenth; 1000 bytes of flash a layer, a quarter as a bank; and 10 ms a
 * layer, 15 as a bank.
 */
class FakeTarget implements PlanningTarget {
  readonly name = 'fake';
  readonly resources = [
    { name: 'p', limit: 'cycles' },
    { name: 'q', limit: 'cycles' },
    { name: 'flash', limit: 'flash' },
    { name: 'work', limit: 'instructions' },
  ] as const;
  readonly whole = [350, 0, 3500, 35];

  cost(_layer: string, bank?: BankShape): readonly number[] {
    return bank ? [0, 8 * bank.hidden, 250, 15] : [100, 0, 1000, 10];
  }

  totals(banks: ReadonlyMap<string, BankShape>) {
    const sums = names.reduce(
      (total, name) => total.map((sum, i) => sum + this.cost(name, banks.get(name))[i]!),
      [50, 0, 500, 5],
    );
    return { cycles: 1.1 * Math.max(sums[0]!, sums[1]!), instructions: sums[3]!, flash: sums[2]!, ram: 640 };
  }
}

const onTarget = (limits: Limits) => costOnTarget(new FakeTarget(), limits, costs.layers);
const planFor = (limits: Limits, budget: Budget = {}) => optimizePlan(costs, budget, undefined, onTarget(limits));
const lineOf = async (limits: Limits, budget?: Budget) => {
  try {
    await planFor(limits, budget);
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
};

describe('limits of a target', () => {
  it('leaves everything as it is where it may', async () => {
    const { choice, loss, totals } = await planFor({ cycles: 1, flash: 1 });
    expect([choice, loss]).toEqual([[3, 3, 3], 0]);
    expect(totals).toEqual({ cycles: 1.1 * 350, instructions: 35, flash: 3500, ram: 640 });
  });

  it('takes banks where a limit asks for them, the least loss first', async () => {
    // one layer has to go: the one that loses least, as wide as can be
    expect((await planFor({ cycles: 0.75 })).choice).toEqual([2, 3, 3]);
    // one layer and what is fixed would take 165 of 154 cycles, so that all are banks, of 16 hidden units in all
    const { choice, totals } = await planFor({ cycles: 0.4 });
    expect([choice, totals!.cycles]).toEqual([[1, 1, 2], expect.closeTo(1.1 * 128)]);
  });

  it('keeps what does not add up: sums alone would pass', async () => {
    // 128 cycles of q are within 0.35 x 385 = 134.75, but they come to 140.8
    const { choice, totals } = await planFor({ cycles: 0.35 });
    expect([choice, totals!.cycles]).toEqual([[0, 1, 2], expect.closeTo(1.1 * 112)]);
    for (const share of [0.9, 0.7, 0.5, 0.47, 0.45, 0.42, 0.4, 0.3, 0.2]) {
      const plan = await planFor({ cycles: share });
      expect(plan.totals!.cycles).toBeLessThanOrEqual(share * 385 * (1 + 1e-9));
    }
  });

  it('takes figures and suffixes, beside a budget', async () => {
    expect((await planFor({ flash: '2.5K' })).totals!.flash).toBe(2000);
    expect((await planFor({ flash: 2750 })).totals!.flash).toBe(2750);
    const { relative, totals } = await planFor({ flash: 2750 }, { size: 0.6 });
    expect(relative.size).toBeLessThanOrEqual(0.6);
    expect(totals!.flash).toBeLessThanOrEqual(2750);
  });

  it('says what is possible where one is out of reach', async () => {
    expect(await lineOf({ flash: 0.3, cycles: 0.9 })).toBe(
      'budget: expected a reachable one, found flash 0.3: the closest possible is flash 0.358',
    );
    expect(await lineOf({ flash: 0.358 })).toBe('no error');
    expect(await lineOf({ flash: '1K' })).toContain('found flash 1K: the closest possible is flash 1250 bytes');
    expect(await lineOf({ cycles: 30 })).toContain('found cycles 30: the closest possible is cycles 55');
    // the sums are within reach, what they come to is not
    expect(await lineOf({ cycles: 51 })).toContain('found cycles 51: the closest possible is cycles 55');
    expect(await lineOf({ cycles: 55 })).toBe('no error');
  });

  it('says what is possible together', async () => {
    // one bank is within 42 instructions, and three are within half of the flash
    expect(await lineOf({ instructions: 1.2, flash: 0.5 }, { size: 2 })).toMatch(
      /^budget: .* found size 2, instructions 1.2, flash 0.5, each within reach but not all together: the closest possible is size/,
    );
    expect(await lineOf({ instructions: 1.2 })).toBe('no error');
  });

  it('refuses what hardly depends on the plan, if that is too much', async () => {
    expect(await lineOf({ ram: '1K' })).toBe('no error');
    expect(await lineOf({ ram: 512 })).toContain('found ram 512: the closest possible is ram 640 bytes');
    const bare = Object.assign(new FakeTarget(), { totals: () => ({ cycles: 385 }) });
    expect(() => costOnTarget(bare, { ram: 0.5 }, costs.layers)).toThrow(
      "target 'fake': expected limits on cycles, found one on ram",
    );
  });

  it('is in the plan, with the control beside it', async () => {
    const costsThere = onTarget({ cycles: 0.4 });
    const { choice } = await optimizePlan(costs, {}, undefined, costsThere);
    const { target } = describePlan('three', {}, costs, choice, costsThere);
    expect(target).toEqual({
      name: 'fake',
      limits: { cycles: 0.4 },
      totals: {
        cycles: { predicted: 140.8, control: 385 },
        instructions: { predicted: 50, control: 35 },
        flash: { predicted: 1250, control: 3500 },
        ram: { predicted: 640, control: 640 },
      },
      resources: ['p', 'q', 'flash', 'work'],
      layers: {
        a: { predicted: [0, 32, 250, 15], control: [100, 0, 1000, 10] },
        b: { predicted: [0, 32, 250, 15], control: [100, 0, 1000, 10] },
        c: { predicted: [0, 64, 250, 15], control: [100, 0, 1000, 10] },
      },
    });
    expect(totalsOf(costsThere, costs.layers, [3, 3, 3])).toEqual(costsThere.control);
  });
});
