import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifiers } from '../../../test/fixtures/classifiers.ts';
import { Random } from '../../ir/index.ts';
import { readModel } from '../../onnx/index.ts';
import { findLayers } from '../../quantize/index.ts';
import { type DecomposeOptions, type Decomposition, decompose } from './decompose.ts';

function randomWeights(filters: number, inputs: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: filters * inputs }, () => random.normal());
}

/** Squared errors of all filters under weights w of the channels or a covariance, by the definition. */
function errorsOf(weights: ArrayLike<number>, d: Decomposition, w?: Float64Array, covariance?: Float64Array): number[] {
  return Array.from({ length: d.filters }, (_, i) => {
    const e = Array.from({ length: d.inputs }, (_, j) => {
      let approximation = 0;
      for (let k = 0; k < d.width; k++)
        approximation += d.wc[i * d.width + k]! * d.scales[k]! * d.wb[k * d.inputs + j]!;
      return weights[i * d.inputs + j]! - approximation;
    });
    if (!covariance) return e.reduce((sum, v, j) => sum + (w?.[j] ?? 1) * v * v, 0);
    let sum = 0;
    for (const [j, u] of e.entries()) for (const [k, v] of e.entries()) sum += u * v * covariance[j * d.inputs + k]!;
    return sum;
  });
}

const nothing = (filters: number, inputs: number) => ({
  filters,
  inputs,
  width: 1,
  wc: new Int8Array(filters),
  scales: new Float64Array(1),
  wb: new Int8Array(inputs),
});

/** Random second moments of correlated inputs. */
function randomCovariance(inputs: number, seed: number): Float64Array {
  const random = new Random(seed);
  const root = Float64Array.from({ length: inputs * inputs }, () => random.normal());
  return Float64Array.from({ length: inputs * inputs }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < inputs; k++)
      sum += root[Math.floor(at / inputs) * inputs + k]! * root[(at % inputs) * inputs + k]!;
    return sum;
  });
}

const density = (trits: Int8Array) => trits.filter((v) => v !== 0).length / trits.length;

describe('a decomposition', () => {
  it('is exact where the weights are a sum of few terms', () => {
    // 3 [1, -1, 0]' [1, 0, 1, 0] + 0.5 [0, 1, 1]' [0, 1, 0, 1]
    const weights = Float32Array.of(3, 0, 3, 0, -3, 0.5, -3, 0.5, 0, 0.5, 0, 0.5);
    const d = decompose(weights, 3, 4, { width: 5 });
    expect(d.terms).toBe(2);
    expect(d.error).toBeLessThan(1e-12);
    expect([...d.scales].map(Math.abs).sort()).toEqual([0, 0, 0, 0.5, 3].map((v) => expect.closeTo(v, 6)));
    // what is not needed is zero
    for (let i = 0; i < 3; i++) expect([...d.wc.subarray(i * 5 + 2, i * 5 + 5)]).toEqual([0, 0, 0]);
    expect([...d.wb.subarray(8)]).toEqual(Array(12).fill(0));
  });

  it('reports the errors that its factors have', () => {
    const weights = randomWeights(12, 10, 1);
    const w = Float64Array.from({ length: 10 }, (_, j) => j + 1);
    const u = Float64Array.from({ length: 12 }, (_, i) => 1 + (i % 3));
    const covariance = randomCovariance(10, 2);
    const cases: [options: Partial<DecomposeOptions>, weights?: Float64Array | undefined, full?: Float64Array][] = [
      [{}],
      [{ start: 'column', rounds: 0 }],
      [{ sparsity: 4, rowWeights: u }],
      [{ columnWeights: w, rowWeights: u }, w],
      [{ covariance, rowWeights: u }, undefined, covariance],
    ];
    for (const [options, channels, full] of cases) {
      const d = decompose(weights, 12, 10, { width: 14, ...options });
      const energies = errorsOf(weights, { ...d, ...nothing(12, 10) }, channels, full);
      const errors = errorsOf(weights, d, channels, full);
      const total = (of: number[]) => of.reduce((sum, e, i) => sum + e * (options.rowWeights?.[i] ?? 1), 0);
      expect(d.error / (total(errors) / total(energies))).toBeCloseTo(1, 6);
      for (const [i, residual] of d.residuals.entries())
        expect(residual / (errors[i]! / energies[i]!)).toBeCloseTo(1, 5);
      expect(d.error).toBeGreaterThan(0);
      expect(d.error).toBeLessThan(0.3);
    }
  });

  it('never gets worse with the width', () => {
    const shape = fc.record({
      filters: fc.integer({ min: 1, max: 9 }),
      inputs: fc.integer({ min: 1, max: 9 }),
      seed: fc.nat(1000),
      rounds: fc.integer({ min: 0, max: 2 }),
      growth: fc.constantFrom(1.1, Number.POSITIVE_INFINITY),
      start: fc.constantFrom('dense' as const, 'column' as const, 'row' as const),
      correlated: fc.boolean(),
    });
    fc.assert(
      fc.property(shape, ({ filters, inputs, seed, correlated, ...options }) => {
        const widths = Array.from({ length: 2 * filters }, (_, k) => k + 1);
        const covariance = correlated ? { covariance: randomCovariance(inputs, seed + 1) } : {};
        const weights = randomWeights(filters, inputs, seed);
        const d = decompose(weights, filters, inputs, { width: 2 * filters, widths, ...options, ...covariance });
        expect(d.profile.map((p) => p.width)).toEqual(widths);
        for (const [k, { error }] of d.profile.entries()) {
          expect(error).toBeGreaterThanOrEqual(0);
          expect(error).toBeLessThanOrEqual((d.profile[k - 1]?.error ?? 1) + 1e-12);
        }
        expect(d.profile.at(-1)!.error).toBe(d.error);
        for (const trits of [d.wc, d.wb]) expect(trits.every((v) => v >= -1 && v <= 1)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('at a narrower width is that of the profile', () => {
    const weights = randomWeights(20, 16, 4);
    const wide = decompose(weights, 20, 16, { width: 30, widths: [10, 20] });
    expect(wide.profile).toHaveLength(2);
    for (const { width, error, residuals } of wide.profile) {
      const narrow = decompose(weights, 20, 16, { width });
      expect(narrow.error).toBe(error);
      expect(narrow.residuals).toEqual(residuals);
    }
    expect(decompose(weights, 20, 16, { width: 30 }).wc).toEqual(wide.wc);
  });

  it('has nested factors where terms are neither searched again nor improved', () => {
    const weights = randomWeights(20, 16, 4);
    const options = { growth: Number.POSITIVE_INFINITY, rounds: 0 };
    const wide = decompose(weights, 20, 16, { width: 30, ...options });
    const narrow = decompose(weights, 20, 16, { width: 10, ...options });
    expect([...narrow.wb]).toEqual([...wide.wb.subarray(0, 10 * 16)]);
    for (let i = 0; i < 20; i++) {
      expect([...narrow.wc.subarray(i * 10, (i + 1) * 10)]).toEqual([...wide.wc.subarray(i * 30, i * 30 + 10)]);
    }
  });

  it('depends on its seed only', () => {
    const weights = randomWeights(16, 16, 5);
    const run = (seed: number) => decompose(weights, 16, 16, { width: 16, seed });
    expect(run(1)).toEqual(run(1));
    expect(run(1).wb).not.toEqual(run(2).wb);
    expect(run(1)).toEqual(decompose(Float64Array.from(weights), 16, 16, { width: 16, seed: 1 }));
  });

  it('does not change with the scale of the weights', () => {
    const weights = randomWeights(16, 12, 6);
    const tiny = decompose(
      weights.map((v) => v * 2 ** -60),
      16,
      12,
      { width: 16 },
    );
    expect(tiny.wc).toEqual(decompose(weights, 16, 12, { width: 16 }).wc);
  });

  it('of zeros is zero', () => {
    const d = decompose(new Float32Array(12), 3, 4, { width: 2, widths: [1] });
    expect([d.terms, d.error, ...d.residuals]).toEqual([0, 0, 0, 0, 0]);
    expect([...d.wc, ...d.scales, ...d.wb].every((v) => v === 0)).toBe(true);
  });
});

describe('options', () => {
  const weights = randomWeights(24, 24, 7);
  const at = (options: Partial<DecomposeOptions>) => decompose(weights, 24, 24, { width: 24, ...options });
  const plain = { growth: Number.POSITIVE_INFINITY, rounds: 0 };

  it('each lower the error: random starts, searching again, improvement', () => {
    const column = at({ ...plain, start: 'column' });
    const dense = at(plain);
    const again = at({ rounds: 0 });
    const improved = at({ rounds: 3 });
    expect(dense.error).toBeLessThan(0.7 * column.error);
    expect(again.error).toBeLessThan(0.95 * dense.error);
    expect(improved.error).toBeLessThan(again.error);
    expect(density(column.wb)).toBeLessThan(0.7 * density(dense.wb));
  });

  it('sparsity: sparser terms do better with as many additions', () => {
    const dense = at({});
    const sparse = at({ sparsity: 5, width: 48 });
    expect(density(sparse.wb)).toBeLessThan(0.6 * density(dense.wb));
    const additions = (d: Decomposition) => density(d.wb) * d.wb.length + density(d.wc) * d.wc.length;
    expect(additions(sparse)).toBeLessThan(additions(dense));
    expect(sparse.error).toBeLessThan(dense.error);
  });

  it('weights: errors move to where they count less', () => {
    const columnWeights = new Float64Array(24).fill(1).fill(100, 0, 8);
    columnWeights[23] = 0;
    const rowWeights = new Float64Array(24).fill(1).fill(100, 0, 8);
    const important = (d: Decomposition, w: Float64Array) => {
      const only = w.map((v) => (v === 100 ? 1 : 0));
      return errorsOf(weights, d, only).reduce((sum, e) => sum + e, 0);
    };
    const channels = at({ columnWeights });
    expect(important(channels, columnWeights)).toBeLessThan(0.5 * important(at({}), columnWeights));
    // a channel that does not count costs no additions
    for (let k = 0; k < 24; k++) expect(channels.wb[k * 24 + 23]).toBe(0);
    const first = (d: Decomposition) => d.residuals.slice(0, 8).reduce((sum, e) => sum + e, 0);
    expect(first(at({ rowWeights }))).toBeLessThan(0.5 * first(at({})));
  });

  it('covariance: lowers the error of the outputs', () => {
    const covariance = randomCovariance(24, 8);
    const diagonal = Float64Array.from({ length: 24 }, (_, j) => covariance[j * 25]!);
    const outputs = (d: Decomposition) => errorsOf(weights, d, undefined, covariance).reduce((sum, e) => sum + e, 0);
    const variances = at({ columnWeights: diagonal, rounds: 0 });
    const scales = at({ covariance, rounds: 0 });
    const full = at({ covariance, rounds: 2 });
    expect(outputs(scales)).toBeLessThan(outputs(variances));
    expect(outputs(full)).toBeLessThan(0.7 * outputs(scales));
    // a diagonal matrix is the same as weights, but for the search again
    const matrix = new Float64Array(24 * 24);
    for (const [j, v] of diagonal.entries()) matrix[j * 25] = v;
    expect(at({ covariance: matrix, rounds: 0 }).error).toBeCloseTo(variances.error, 12);
  });
});

describe('filters of different magnitudes', () => {
  // twelve filters whose outputs vary by a factor of 10,000 in all
  const factors = Float64Array.from({ length: 12 }, (_, f) => 10 ** (f / 5.5));
  const weights = randomWeights(12, 10, 5).map((w, at) => w * factors[Math.floor(at / 10)]!);
  const covariance = randomCovariance(10, 3);
  const common = { width: 12, covariance, seed: 2 };
  const options = { ...common, rowWeights: factors.map((s) => s ** -2) };
  const plain = decompose(weights, 12, 10, options);
  const scaled = decompose(weights, 12, 10, { ...options, scaleFilters: true });
  const whole = decompose(weights, 12, 10, { ...common, scaleFilters: true });

  it('are decomposed better with scales of their own', () => {
    const mean = ({ residuals }: Decomposition) => residuals.reduce((sum, r) => sum + r, 0) / 12;
    expect(mean(scaled)).toBeLessThan(0.5 * mean(plain));
    expect(plain.filterScales).toEqual(new Float64Array(12).fill(1));
  });

  it('says errors of the filters as they are, and of their units what a filter of variance 1 reads', () => {
    for (const { wc, wb, scales, filterScales, residuals } of [scaled, whole]) {
      const errorOf = (of: (j: number) => number) => {
        const e = Array.from({ length: 10 }, (_, j) => of(j));
        return e.reduce((sum, a, i) => e.reduce((inner, b, j) => inner + a * b * covariance[10 * i + j]!, sum), 0);
      };
      const approximate = (f: number, j: number) =>
        filterScales[f]! * scales.reduce((sum, a, k) => sum + wc[12 * f + k]! * a * wb[10 * k + j]!, 0);
      const left = residuals.map((_, f) => errorOf((j) => weights[10 * f + j]! - approximate(f, j)));
      const energies = residuals.map((_, f) => errorOf((j) => weights[10 * f + j]!));
      for (const [f, energy] of energies.entries()) {
        expect(filterScales[f]! ** 2 / energy).toBeCloseTo(1, 6);
        expect(residuals[f]).toBeCloseTo(left[f]! / energy, 6);
      }
    }
    const total = (values: Float64Array) => values.reduce((sum, v) => sum + v, 0);
    const ofFilters = whole.residuals.map((r, f) => r * whole.filterScales[f]! ** 2);
    expect(whole.error).toBeCloseTo(total(ofFilters) / total(whole.filterScales.map((s) => s ** 2)), 6);
    expect(Math.max(...scaled.unitVariances)).toBeLessThan(10);
    expect(Math.max(...plain.unitVariances)).toBeGreaterThan(10);
  });

  it('has a scale of 1 for a filter of zeros', () => {
    const some = decompose(
      weights.map((w, at) => (at < 10 ? 0 : w)),
      12,
      10,
      { ...options, scaleFilters: true },
    );
    expect([some.filterScales[0], some.residuals[0]]).toEqual([1, 0]);
  });
});

describe('mistakes', () => {
  const weights = randomWeights(3, 4, 1);
  const message = (options: Partial<DecomposeOptions>, values = weights) => {
    try {
      decompose(values, 3, 4, { width: 2, name: 'pw_1', ...options });
    } catch (error) {
      return `${(error as { code: string }).code} ${(error as Error).message}`;
    }
    return 'none';
  };

  it.each([
    [{ width: 0 }, 'a width of at least 1, found 0'],
    [{ width: 1.5 }, 'a width of at least 1, found 1.5'],
    [{ widths: [1, 3] }, 'widths from 1 to 2, found 3'],
    [{ starts: 0 }, 'at least 1 start, found 0'],
    [{ alternations: 0 }, 'at least 1 alternation, found 0'],
    [{ sparsity: -1 }, 'a sparsity of 0 or more, found -1'],
    [{ growth: 1 }, 'a growth above 1, found 1'],
    [{ rounds: -1 }, '0 or more rounds, found -1'],
    [{ seed: 0.5 }, 'an integer seed, found 0.5'],
    [{ columnWeights: new Float64Array(3) }, '4 column weights, found 3'],
    [{ columnWeights: Float64Array.of(1, 1, -1, 1) }, 'finite column weights of 0 or more, found -1'],
    [{ rowWeights: Float64Array.of(1, Number.NaN, 1) }, 'finite row weights of 0 or more, found NaN'],
    [{ covariance: new Float64Array(4) }, '16 covariances, found 4'],
    [{ covariance: new Float64Array(16).fill(Number.POSITIVE_INFINITY) }, 'finite covariances, found Infinity'],
    [{ covariance: new Float64Array(16).fill(-1) }, 'finite column weights of 0 or more, found -1'],
  ])('%o', (options, expected) => {
    expect(message(options)).toBe(`E_USAGE layer 'pw_1': expected ${expected}`);
  });

  it('weights that are not finite, or not as many', () => {
    const bad = weights.slice();
    bad[6] = Number.NaN;
    expect(message({}, bad)).toBe("E_MODEL layer 'pw_1': expected finite weights, found NaN at filter 1, input 2");
    const size = "E_SHAPE layer 'pw_1': expected weights of 3 filters x 4 inputs, found 11 numbers";
    expect(message({}, weights.subarray(1))).toBe(size);
  });
});

describe.each(classifiers.filter(({ family, width }) => family === 'V1' && width === 0.5))('$name', (classifier) => {
  it('is approximated better than by the greedy decomposition from columns', { timeout: 60_000 }, async () => {
    const layer = findLayers(readModel(await classifier.read())).find((l) => l.name === 'conv_pw_5')!;
    const { filters, inputs } = layer;
    expect([filters, inputs]).toEqual([128, 128]);
    const weights = layer.weight.constant!.data as Float32Array;
    const greedy = { start: 'column', alternations: 6, growth: Number.POSITIVE_INFINITY, rounds: 0 } as const;
    const at = (options: object) => decompose(weights, 128, 128, { width: 128, ...options });
    const first = at(greedy).error;
    const { error, residuals } = at({});
    expect(error).toBeLessThan(first / 2);
    if (!classifier.isTrained) return;
    expect(first).toBeCloseTo(0.123, 3);
    expect(error).toBeLessThan(0.04);
    // filters differ: what sensitivity is about
    expect(Math.max(...residuals)).toBeGreaterThan(5 * Math.min(...residuals));
  });
});
