import { describe, expect, it } from 'vitest';
import { Random } from '../../ir/index.ts';
import { shrink, shrinkageOf, shrinkageOfHalves, shrinkStatistics } from './shrinkage.ts';

const inputs = 24;
/** Variances that fall, as those of a network's features do. */
const variances = Array.from({ length: inputs }, (_, j) => 4 / (1 + j));

function covarianceOf(samples: number, name: string): Float64Array {
  const random = new Random(1, name);
  const result = new Float64Array(inputs * inputs);
  for (let n = 0; n < samples; n++) {
    const x = variances.map((v) => Math.sqrt(v) * random.normal());
    for (let i = 0; i < inputs; i++)
      for (let j = 0; j < inputs; j++) result[i * inputs + j]! += (x[i]! * x[j]!) / samples;
  }
  return result;
}

const distance = (covariance: Float64Array) =>
  covariance.reduce((sum, v, at) => {
    const [i, j] = [Math.floor(at / inputs), at % inputs];
    return sum + (v - (i === j ? variances[i]! : 0)) ** 2;
  }, 0);

describe('the shrinkage of a covariance', () => {
  it('falls with the samples', () => {
    const shares = [8, 64, 512, 4096].map((n) => shrinkageOf(covarianceOf(n, 'all'), inputs, n));
    expect(shares[0]).toBeGreaterThan(0.2);
    expect(shares[3]).toBeLessThan(0.01);
    for (let i = 1; i < 4; i++) expect(shares[i]!).toBeLessThan(shares[i - 1]!);
  });

  it('brings that of few samples nearer to the truth, by the count and by halves', () => {
    const [a, b] = [covarianceOf(12, 'a'), covarianceOf(12, 'b')];
    const both = a.map((v, at) => (v + b[at]!) / 2);
    const byCount = shrinkageOf(both, inputs, 24);
    const byHalves = shrinkageOfHalves(a, b, inputs);
    expect(Math.abs(byHalves - byCount)).toBeLessThan(0.15);
    for (const share of [byCount, byHalves]) expect(distance(shrink(both, inputs, share))).toBeLessThan(distance(both));
  });

  it('keeps the trace, and is whole for a multiple of 1', () => {
    const unit = new Float64Array(4).map((_, at) => (at % 3 === 0 ? 2 : 0));
    expect(shrinkageOf(unit, 2, 100)).toBe(1);
    expect(shrinkageOfHalves(unit, unit, 2)).toBe(1);
    expect([...shrink(Float64Array.of(3, 1, 1, 1), 2, 0.5)]).toEqual([2.5, 0.5, 0.5, 1.5]);
  });

  it('takes the covariance before a pool for the shape, that of the means for the size', () => {
    const mean = Float64Array.of(1, 2);
    const statistics = {
      count: 400,
      mean,
      secondMoments: Float64Array.of(4, 2, 2, 5),
      diagonal: Float64Array.of(4, 5),
    };
    // variances 3 and 1, nothing between them; before the pool as much of both, which go together
    const { secondMoments, diagonal } = shrinkStatistics({ ...statistics, pooled: Float64Array.of(10, 9, 9, 10) });
    const covariance = secondMoments!.map((v, at) => v - mean[at >> 1]! * mean[at & 1]!);
    expect(covariance[0]! + covariance[3]!).toBeCloseTo(4, 12);
    expect(covariance[0]).toBeCloseTo(covariance[3]!, 12);
    expect(covariance[1]! / covariance[0]!).toBeGreaterThan(0.8);
    expect(covariance[1]! / covariance[0]!).toBeLessThan(0.9);
    expect([...diagonal]).toEqual([secondMoments![0], secondMoments![3]]);
  });
});
