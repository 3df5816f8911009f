import { describe, expect, it } from 'vitest';
import { Random } from '../../ir/index.ts';
import { bankPlan } from '../../quantize/index.ts';
import { fitBank } from './bank.ts';
import { chooseDamping, shrunkDamping } from './damping.ts';
import type { Evidence, Moments } from './moments.ts';
import { filterErrors, sumOf } from './refit.ts';

const [filters, inputs] = [96, 64];
const random = new Random(3);
const weights = Float64Array.from({ length: filters * inputs }, () => random.normal());
/** Moments of `count` images, and of the outputs y = W x. */
function measure(count: number, seed: number): Moments {
  const draw = new Random(seed, 'images');
  // of falling variances, independent of each other
  const x = Array.from({ length: count }, () =>
    Array.from({ length: inputs }, (_, j) => draw.normal() / Math.sqrt(1 + j / 8)),
  );
  const xMean = Float64Array.from({ length: inputs }, (_, j) => x.reduce((sum, one) => sum + one[j]! / count, 0));
  const covariance = new Float64Array(inputs * inputs);
  for (const one of x) {
    for (const [at] of covariance.entries()) {
      const [i, j] = [Math.floor(at / inputs), at % inputs];
      covariance[at]! += ((one[i]! - xMean[i]!) * (one[j]! - xMean[j]!)) / count;
    }
  }
  const row = (f: number) => weights.subarray(f * inputs, (f + 1) * inputs);
  const cross = Float64Array.from({ length: filters * inputs }, (_, at) =>
    row(Math.floor(at / inputs)).reduce((sum, w, j) => sum + w * covariance[j * inputs + (at % inputs)]!, 0),
  );
  const variance = Float64Array.from({ length: filters }, (_, f) =>
    row(f).reduce((sum, w, j) => sum + w * cross[f * inputs + j]!, 0),
  );
  return { filters, inputs, xMean, yMean: new Float64Array(filters), covariance, cross, variance };
}

function evidenceOf(count: number): Evidence {
  const halves = [measure(count / 2, 1), measure(count / 2, 2)] as const;
  const [a, b] = halves;
  const mean = (key: 'covariance' | 'cross' | 'variance' | 'xMean') => a[key].map((v, at) => (v + b[key][at]!) / 2);
  return {
    all: { ...a, ...{ covariance: mean('covariance'), cross: mean('cross') }, variance: mean('variance') },
    halves,
  };
}

const bank = bankPlan(filters, [], 64);
if (bank.method !== 'strassen') throw new Error('internal: expected a bank');
const options = { rounds: 1, seed: 0, name: 'classifier', reselect: false };

describe('damping', () => {
  it('is chosen so that a bank of few samples is good on others', () => {
    const evidence = evidenceOf(64);
    const chosen = chooseDamping(weights, evidence, { bank, options });
    expect(chosen).toBeGreaterThanOrEqual(shrunkDamping(evidence));
    const others = measure(2000, 9);
    const errorAt = (damping: number) =>
      sumOf(filterErrors(fitBank(weights, evidence.all, bank, { ...options, damping }).weights, others));
    expect(errorAt(chosen)).toBeLessThan(0.9 * errorAt(0.01));
    expect(errorAt(chosen)).toBeLessThanOrEqual(1.1 * errorAt(shrunkDamping(evidence)));
  });

  it('is what the covariance needs where samples are many', () => {
    const evidence = evidenceOf(4000);
    expect(chooseDamping(weights, evidence, { bank, options })).toBe(shrunkDamping(evidence));
    expect(shrunkDamping(evidence)).toBeLessThan(0.05);
  });

  it('is chosen for filters in 4 bits too', () => {
    const evidence = evidenceOf(64);
    const bits = Array.from({ length: filters }, () => 4 as const);
    const chosen = chooseDamping(weights, evidence, { bits });
    expect(chosen).toBeGreaterThanOrEqual(shrunkDamping(evidence));
    expect(chosen).toBeLessThanOrEqual(10);
  });
});
