import { describe, expect, it } from 'vitest';
import { differenceInterval, testChange, wilsonInterval } from './statistics.ts';

describe("Wilson's interval", () => {
  // by hand for 8 of 10: p = 0.8, z^2 = 3.8415; centre (0.8 + 0.19207) / 1.38415 = 0.71674;
  // spread 1.95996 sqrt(0.016 + 0.0096036) / 1.38415 = 0.22658
  it.each([
    [8, 10, 0.4902, 0.9433],
    [0, 10, 0, 0.2775], // z^2 / (n + z^2)
    [10, 10, 0.7225, 1],
    [500, 1000, 0.4691, 0.5309],
    [0, 0, 0, 1],
  ])('%i of %i', (successes, trials, lower, upper) => {
    const [from, to] = wilsonInterval(successes, trials);
    expect(from).toBeCloseTo(lower, 4);
    expect(to).toBeCloseTo(upper, 4);
  });
});

describe("McNemar's test", () => {
  it.each([
    [0, 0, 1],
    [0, 5, 2 / 32],
    [0, 6, 2 / 64],
    [1, 9, (2 * (1 + 10)) / 1024],
    [2, 8, (2 * (1 + 10 + 45)) / 1024],
    [5, 5, 1],
  ])('%i gained, %i lost', (gained, lost, p) => {
    const change = testChange(gained, lost);
    expect(change.p).toBeCloseTo(p, 12);
    expect(change).toEqual({ gained, lost, p: change.p, isMoreThanChance: p < 0.05 });
    expect(testChange(lost, gained).p).toBe(change.p);
  });

  it('of many images, as the normal distribution has it', () => {
    // |b - c| - 1 = 1.96 sqrt(b + c) is the 5 % limit with Edwards' correction: 40,000 images, 393 more
    expect(testChange(20197, 19803).p).toBeCloseTo(0.0494, 3);
    expect(testChange(20195, 19805).isMoreThanChance).toBe(false);
  });
});

describe('interval of a paired difference', () => {
  // by hand for 30 and 10 of 100: d = 0.2; z sqrt((40 - 400 / 100) / 100^2) = 1.95996 * 0.06
  it.each([
    [30, 10, 100, 0.0824, 0.3176],
    [10, 30, 100, -0.3176, -0.0824],
    [0, 0, 100, 0, 0],
    [100, 0, 100, 1, 1],
    [0, 0, 0, -1, 1],
  ])('%i gained, %i lost of %i', (gained, lost, images, lower, upper) => {
    const [from, to] = differenceInterval({ gained, lost }, images);
    expect(from).toBeCloseTo(lower, 4);
    expect(to).toBeCloseTo(upper, 4);
  });
});
