import { describe, expect, it } from 'vitest';
import { Random } from '../../ir/index.ts';
import type { BankPlan } from '../../quantize/index.ts';
import { multiply } from '../decompose/sums.ts';
import { type BankOptions, fitBank } from './bank.ts';
import type { Moments } from './moments.ts';
import { bestBias, filterErrors } from './refit.ts';

const inputs = 4;
const options = { rounds: 2, seed: 0, name: 'layer', reselect: false };

/** Filters 0, 2 and 3 are multiples of one ternary row; filter 1 is none. */
const rows = [
  [2, -2, 0, 2],
  [0.3, -1.7, 0.9, 2.2],
  [-0.5, 0.5, 0, -0.5],
  [3, -3, 0, 3],
];
const weights = Float64Array.from(rows.flat());

/** Independent inputs of the given variances; outputs `gain W x`. */
function momentsOf(variances: readonly number[], gain = 1): Moments {
  const covariance = new Float64Array(inputs * inputs);
  for (const [j, v] of variances.entries()) covariance[j * inputs + j] = v;
  const cross = multiply(weights, covariance, inputs, inputs).map((v) => gain * v);
  const variance = Float64Array.from(rows, (row) => {
    return gain * gain * row.reduce((sum, w, j) => sum + w * w * variances[j]!, 0);
  });
  const means = { xMean: new Float64Array(inputs), yMean: new Float64Array(rows.length) };
  return { filters: rows.length, inputs, ...means, covariance, cross, variance };
}

const hybrid = (fullPrecision: number[], hidden: number): BankPlan => ({
  method: fullPrecision.length > 0 ? 'hybrid' : 'strassen',
  fullPrecision,
  hidden,
});

const fitted = (rows: Float64Array, moments: Moments, plan: BankPlan, more: Partial<BankOptions> = {}) =>
  fitBank(rows, moments, plan, { ...options, metric: moments.covariance, ...more });

describe('fitBank', () => {
  it('keeps the filter that ternary factors are worst at, and gets the others exactly', () => {
    const bank = fitted(weights, momentsOf([1, 1, 1, 1]), hybrid([0], 1), { reselect: true });
    expect(bank.fullPrecision).toEqual([1]);
    expect(bank.ternary).toEqual([0, 2, 3]);
    for (const [i, w] of weights.entries()) expect(bank.weights[i]).toBeCloseTo(w, 9);
    // one hidden unit; its sign is free
    const sign = bank.decomposition.wb[0]!;
    expect([...bank.decomposition.wb].map((v) => v * sign + 0)).toEqual([1, -1, 0, 1]);
    expect([...bank.decomposition.wc].map((v) => v * sign + 0)).toEqual([1, -1, 1]);
    const a = bank.decomposition.scales[0]!;
    for (const [i, s] of [2, 0.5, 3].entries()) expect(bank.scales[i]! * a).toBeCloseTo(s, 9);
  });

  it('computes with diag(scales) Wc diag(a) Wb', () => {
    const bank = fitted(weights, momentsOf([1, 4, 9, 0.5]), hybrid([0], 3));
    expect(bank.ternary).toEqual([1, 2, 3]);
    const { wc, wb, scales: a } = bank.decomposition;
    for (const [at, i] of bank.ternary.entries()) {
      for (let j = 0; j < inputs; j++) {
        let sum = 0;
        for (let k = 0; k < 3; k++) sum += wc[at * 3 + k]! * a[k]! * wb[k * inputs + j]!;
        expect(bank.weights[i * inputs + j]).toBeCloseTo(bank.scales[at]! * sum, 9);
      }
    }
    expect([...bank.weights.subarray(0, inputs)]).toEqual(rows[0]);
  });

  it('has sparser factors where asked', () => {
    const random = new Random(1, 'bank');
    const n = 16;
    const many = Float64Array.from({ length: n * n }, () => random.normal());
    const covariance = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
    const means = { xMean: new Float64Array(n), yMean: new Float64Array(n) };
    const variance = new Float64Array(n).fill(n);
    const moments: Moments = { filters: n, inputs: n, ...means, covariance, cross: many, variance };
    const nonZero = (sparsity: number) => {
      const size = { ...hybrid([], n), sparsity };
      const { wb, wc } = fitted(many, moments, size).decomposition;
      return [...wb, ...wc].filter((v) => v !== 0).length;
    };
    expect(nonZero(10)).toBeLessThan(0.7 * nonZero(0));
  });

  it('lets errors of filters count as they are weighed', () => {
    const random = new Random(1, 'weights');
    const n = 16;
    const many = Float64Array.from({ length: n * n }, () => random.normal());
    const covariance = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
    const means = { xMean: new Float64Array(n), yMean: new Float64Array(n) };
    const moments: Moments = {
      ...{ filters: n, inputs: n, ...means, covariance, cross: many },
      variance: new Float64Array(n).fill(n),
    };
    const errorOfFirst = (weights?: Float64Array) => {
      const bank = fitted(many, moments, hybrid([], n), weights ? { weights } : {});
      const errors = bank.weights.map((w, at) => (w - many[at]!) ** 2);
      return errors.subarray(0, 4 * n).reduce((sum, e) => sum + e, 0) / errors.reduce((sum, e) => sum + e, 0);
    };
    const first = Float64Array.from({ length: n }, (_, i) => (i < 4 ? 3 : 0.3));
    expect(errorOfFirst(first)).toBeLessThan(0.6 * errorOfFirst());
  });

  it('fits the scales to the outputs, not to the weights', () => {
    const moments = momentsOf([1, 1, 1, 1], 1.25);
    const bank = fitted(weights, moments, hybrid([1], 1));
    expect(bank.scales[0]! * bank.decomposition.scales[0]! * bank.decomposition.wb[0]!).toBeCloseTo(
      1.25 * 2 * bank.decomposition.wc[0]!,
      9,
    );
    expect(filterErrors(bank.weights, moments)[0]).toBeCloseTo(0, 9);
    expect(bank.decomposedError).toBeGreaterThan(0.5);
    expect([...bestBias(bank.weights, moments)].every((b) => b === 0)).toBe(true);
  });

  it('does with filters of zeros', () => {
    const zeros = new Float64Array(16);
    const moments = { ...momentsOf([1, 1, 1, 1]), cross: zeros, variance: new Float64Array(4) };
    const bank = fitted(zeros, moments, hybrid([], 2));
    expect([...bank.weights].every((w) => w === 0)).toBe(true);
    expect([...bank.scales].every(Number.isFinite)).toBe(true);
  });
});
