import { describe, expect, it } from 'vitest';
import { poseProblem } from './options.ts';
import { factorize, fitScales, solve } from './scales.ts';
import { Terms } from './terms.ts';

it('solves by Cholesky', () => {
  // [[4, 2], [2, 5]] = L L' with L = [[2, 0], [1, 2]]; times [1, -1] it is [2, -3]
  const matrix = Float64Array.of(4, 2, 2, 5);
  expect(factorize(matrix, 2)).toBe(true);
  expect([matrix[0], matrix[2], matrix[3]]).toEqual([2, 1, 2]);
  const b = Float64Array.of(2, -3);
  solve(matrix, 2, b);
  expect([...b]).toEqual([1, -1]);
});

it('refuses a matrix that is not positive definite', () => {
  expect(factorize(Float64Array.of(1, 2, 2, 1), 2)).toBe(false);
});

describe('the best scales', () => {
  // x_0 = [1, 1], y_0 = [1, 0, 1]; x_1 = [0, 1], y_1 = [1, -1, 0]
  const terms = () => {
    const result = new Terms(2, 3, 4);
    result.add({ x: Int8Array.of(1, 1), y: Int8Array.of(1, 0, 1), scale: 1 });
    result.add({ x: Int8Array.of(0, 1), y: Int8Array.of(1, -1, 0), scale: 1 });
    return result;
  };
  const weights = Float64Array.of(1, 2, 3, 4, 5, 7);
  const scalesFor = (options: object) => {
    const result = terms();
    fitScales(result, poseProblem(weights, 2, 3, { width: 4, ...options }));
    return [...result.scales];
  };

  it('solve the normal equations', () => {
    // N = [[2 x 2, 1 x 1], [1, 1 x 2]] = [[4, 1], [1, 2]], p = [1 + 3 + 4 + 7, 4 - 5] = [15, -1]
    // a = [[2, -1], [-1, 4]] p / 7 = [31 / 7, -19 / 7]
    const [a, b, ...rest] = scalesFor({});
    expect(a).toBeCloseTo(31 / 7, 8);
    expect(b).toBeCloseTo(-19 / 7, 8);
    expect(rest).toEqual([0, 0]);
  });

  it('take weights', () => {
    // u = [1, 2], w = [1, 3, 2]: Wc' u Wc = [[3, 2], [2, 2]], Wb w Wb' = [[3, 1], [1, 4]], N = [[9, 2], [2, 8]]
    // p = [1 + 6 + 2 (4 + 14), 2 (4 - 15)] = [43, -22]; a = [[8, -2], [-2, 9]] p / 68
    const [a, b] = scalesFor({ rowWeights: Float64Array.of(1, 2), columnWeights: Float64Array.of(1, 3, 2) });
    expect(a).toBeCloseTo((8 * 43 + 2 * 22) / 68, 8);
    expect(b).toBeCloseTo((-2 * 43 - 9 * 22) / 68, 8);
  });

  it('take a covariance matrix', () => {
    // M = [[2, 1, 0], [1, 2, 0], [0, 0, 1]]: Wb M = [[2, 1, 1], [1, -1, 0]], Wb M Wb' = [[3, 1], [1, 2]]
    // N = [[2 x 3, 1], [1, 2]]; W M = [[4, 5, 3], [13, 14, 7]], p = [4 + 3 + 13 + 7, 13 - 14] = [27, -1]
    // a = [[2, -1], [-1, 6]] p / 11 = [5, -3]
    const [a, b] = scalesFor({ covariance: Float64Array.of(2, 1, 0, 1, 2, 0, 0, 0, 1) });
    expect(a).toBeCloseTo(5, 8);
    expect(b).toBeCloseTo(-3, 8);
  });

  it('exist for terms that repeat each other', () => {
    const twice = terms();
    twice.add({ x: Int8Array.of(0, -1), y: Int8Array.of(-1, 1, 0), scale: 1 });
    fitScales(twice, poseProblem(weights, 2, 3, { width: 4 }));
    expect(twice.scales[0]).toBeCloseTo(31 / 7, 6);
    expect(twice.scales[1]! + twice.scales[2]!).toBeCloseTo(-19 / 7, 6);
  });
});
