import { describe, expect, it } from 'vitest';
import { checkBudget, limited, reachOf, roundReachable, slackOf, unreachable } from './budget.ts';

describe('checkBudget', () => {
  it('accepts one limit and all of them', () => {
    expect(() => checkBudget({ size: 0.25 })).not.toThrow();
    expect(() => checkBudget({ size: 2, energy: 0.1, multiplications: 1e-3, throughput: 1.5 })).not.toThrow();
  });

  it('refuses none and what is not a number above 0', () => {
    const none = 'budget: expected at least one of size, energy, multiplications, throughput, found none';
    expect(() => checkBudget({})).toThrow(none);
    expect(() => checkBudget({ size: 0.5, energy: 0 })).toThrow('budget: expected energy above 0, found 0');
    expect(() => checkBudget({ throughput: Number.NaN })).toThrow('budget: expected throughput above 0, found NaN');
    expect(() => checkBudget({ size: Infinity })).toThrow('budget: expected size above 0, found Infinity');
  });
});

it('limits are shares of the uncompressed network, throughput an inverse one', () => {
  const reference = { bytes: 1000, multiplications: 500, energy: 80, areaTime: 60 };
  expect(limited.size.limit(0.25, reference)).toBe(250);
  expect(limited.multiplications.limit(0.1, reference)).toBe(50);
  expect(limited.energy.limit(0.5, reference)).toBe(40);
  // 1.5 times the throughput leaves two thirds of the time
  expect(limited.throughput.limit(1.5, reference)).toBe(40);
});

it('slack is what is left on the right side of each limit', () => {
  const relative = { size: 0.25, multiplications: 0.5, energy: 0.5, throughput: 1.25 };
  expect(slackOf({ size: 0.5, throughput: 1 }, relative)).toEqual({ size: 0.25, throughput: 0.25 });
  expect(slackOf({ energy: 0.25, throughput: 1.5 }, relative)).toEqual({ energy: -0.25, throughput: -0.25 });
});

it('figures are rounded to the side that can be reached', () => {
  expect(roundReachable('size', 0.21401)).toBe(0.215);
  expect(roundReachable('size', 0.214)).toBe(0.214);
  expect(roundReachable('energy', 1.0001)).toBe(1.001);
  expect(roundReachable('multiplications', 0.00012345)).toBe(0.000124);
  expect(roundReachable('throughput', 1.2349)).toBe(1.234);
  expect(roundReachable('multiplications', 0)).toBe(0);
});

it('the error of limits that exclude each other lists the closest point', () => {
  const closest = { size: 0.3101, multiplications: 0.2, energy: 0.4, throughput: 1.149 };
  expect(unreachable(reachOf({ size: 0.3, throughput: 1.2 }, closest)).line).toBe(
    'error E_USAGE: budget: expected a reachable one, found size 0.3, throughput 1.2, each within reach but not all ' +
      'together: the closest possible is size 0.311, throughput 1.149',
  );
});
