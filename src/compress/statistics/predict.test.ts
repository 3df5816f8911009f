import { describe, expect, it } from 'vitest';
import type { LayerStatistics } from './options.ts';
import { centreMoments, measureErrors, predictLoss } from './predict.ts';

// C = E[x x'] - m m' = [[5, -1], [-1, 2]] - [[4, -2], [-2, 1]] = [[1, 1], [1, 1]]
const statistics: LayerStatistics = {
  count: 10,
  secondMoments: Float64Array.of(5, -1, -1, 2),
  diagonal: Float64Array.of(5, 2),
  mean: Float64Array.of(2, -1),
  sensitivity: Float64Array.of(2, 4),
  biasSensitivity: Float64Array.of(10, 3),
};
const weights = Float64Array.of(1, 2, 1, 0);

describe('centreMoments', () => {
  it('takes the mean out', () => {
    expect(centreMoments(statistics)).toEqual({
      covariance: Float64Array.of(1, 1, 1, 1),
      variances: Float64Array.of(1, 1),
    });
    const { secondMoments: _, ...rest } = statistics;
    expect(centreMoments({ ...rest, secondMoments: undefined })).toEqual({
      covariance: undefined,
      variances: Float64Array.of(1, 1),
    });
  });

  it('has no negative variance, where rounding says so', () => {
    const rounded = { count: 1, secondMoments: Float64Array.of(0.999), diagonal: Float64Array.of(0.999) };
    const centred = centreMoments({ ...rounded, mean: Float64Array.of(1) });
    expect(centred).toEqual({ covariance: Float64Array.of(0), variances: Float64Array.of(0) });
  });
});

describe('measureErrors', () => {
  // filter 0: D C D' = (1 + 2)^2 = 9, D m = 2 - 2 = 0; filter 1: D C D' = 1, D m = 2
  it('gives variance and mean of the output errors', () => {
    expect(measureErrors(statistics, { weights })).toEqual({
      energies: Float64Array.of(9, 1),
      shifts: Float64Array.of(0, 2),
    });
    expect(measureErrors(statistics, { weights, biases: [1, -2] }).shifts).toEqual(Float64Array.of(1, 0));
  });

  it('leaves covariances out where only the diagonal is known', () => {
    const diagonal = { ...statistics, secondMoments: undefined };
    // 1 + 4 and 1
    expect(measureErrors(diagonal, { weights }).energies).toEqual(Float64Array.of(5, 1));
  });
});

describe('predictLoss', () => {
  it('is 1/2 s D C D` + 1/2 b (D m + d)^2', () => {
    // 1/2 2 9 + 0, 1/2 4 1 + 1/2 3 2^2
    expect(predictLoss(statistics, { weights })).toEqual(Float64Array.of(9, 8));
    // 1/2 2 9 + 1/2 10 1, 1/2 4 1 + 1/2 3 1
    expect(predictLoss(statistics, { weights, biases: [1, -1] })).toEqual(Float64Array.of(14, 3.5));
    expect(predictLoss(statistics, { weights: Float32Array.from(weights) })).toEqual(Float64Array.of(9, 8));
  });

  it('takes errors of the outputs, by default without a mean', () => {
    expect(predictLoss(statistics, { energies: [9, 1], shifts: [1, 1] })).toEqual(Float64Array.of(14, 3.5));
    expect(predictLoss(statistics, { energies: [9, 1] })).toEqual(Float64Array.of(9, 2));
  });

  it('refuses what does not fit', () => {
    const { sensitivity: _, ...inputs } = statistics;
    expect(() => predictLoss(inputs, { energies: [1, 1] })).toThrow(
      'statistics: expected sensitivities, found statistics of the inputs only',
    );
    expect(() => predictLoss(statistics, { energies: [1, 2, 3] })).toThrow(
      'error energies: expected one number for each of 2 filters, found 3',
    );
    expect(() => predictLoss(statistics, { energies: [1, 2], shifts: [1] })).toThrow('shifts: expected one number');
    expect(() => predictLoss(statistics, { weights: Float64Array.of(1, 2, 3) })).toThrow(
      'weight errors: expected a multiple of 2 numbers, found 3',
    );
    expect(() => predictLoss(statistics, { weights, biases: [1] })).toThrow(
      'bias errors: expected one number for each of 2 filters, found 1',
    );
    // six weights are three filters, and there are two
    expect(() => predictLoss(statistics, { weights: new Float64Array(6) })).toThrow('of 2 filters, found 3');
  });
});
