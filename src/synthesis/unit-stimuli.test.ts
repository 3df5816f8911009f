import { expect, it } from 'vitest';
import { drawnTraces, type LayerTrace } from './traces.ts';
import {
  adderStimulus,
  countAdditions,
  holdStimulus,
  macStimulus,
  requantizerStimulus,
  sumsOf,
} from './unit-stimuli.ts';

const trace: LayerTrace = {
  ...{ columns: 3, pixels: 2, rows: 4 },
  activations: Int8Array.of(1, -2, 3, 4, 5, -6),
  weights: Int8Array.of(1, 0, -1, 0, 0, 0, -1, 1, 1, 0, 1, 0),
};

it('goes through columns, rows and pixels', () => {
  const stimulus = macStimulus(trace);
  const seen = Array.from({ length: 24 }, (_, cycle) => stimulus(cycle));
  expect(seen.slice(0, 3)).toEqual([
    { enable: 1, first: 1, x: 1, weight: 1 },
    { enable: 1, first: 0, x: -2, weight: 0 },
    { enable: 1, first: 0, x: 3, weight: -1 },
  ]);
  // pixel 0 with rows 0 to 3, then pixel 1 with them
  const sums = Array.from({ length: 8 }, (_, i) =>
    seen.slice(3 * i, 3 * i + 3).reduce((sum, { x, weight }) => sum + Number(x) * Number(weight), 0),
  );
  expect(sums).toEqual([-2, 0, 0, -2, 10, 0, -5, 5]);
  expect(seen.filter(({ first }) => first)).toHaveLength(8);
});

it('gives adders the non-zeros of a row, some at a time', () => {
  const stimulus = adderStimulus(trace, 2);
  const seen = Array.from({ length: 5 }, (_, cycle) => stimulus(cycle));
  // row 0: +1 of column 0, -1 of column 2
  expect(seen[0]).toEqual({ enable: 1, first: 1, x: BigInt(1 + 3 * 256), add: 3, subtract: 2 });
  // row 1 has none
  expect(seen[1]).toEqual({ enable: 1, first: 1, x: 0n, add: 0, subtract: 0 });
  // row 2 has three, in two cycles
  expect(seen[2]).toEqual({ enable: 1, first: 1, x: BigInt(1 + 254 * 256), add: 3, subtract: 1 });
  expect(seen[3]).toEqual({ enable: 1, first: 0, x: 3n, add: 1, subtract: 0 });
  expect(seen[4]).toEqual({ enable: 1, first: 1, x: 254n, add: 1, subtract: 0 });
  expect(countAdditions(adderStimulus(trace, 2), 0, 5)).toBe(6);
  expect(countAdditions(adderStimulus(trace, 2), 2, 2)).toBe(3);
});

it('sums rows over pixels', () => {
  expect([...sumsOf(trace)]).toEqual([-2, 10, 0, 0, 0, -5, -2, 5]);
});

it('gives row_hold the sums of its lanes at once', () => {
  const stimulus = holdStimulus(trace, 2, 8);
  expect(stimulus(0)).toEqual({ load: 1, advance: 1, sums: BigInt((10 << 8) | 254) });
  expect(stimulus(1)).toEqual({ load: 0, advance: 1 });
  expect(stimulus(2)).toEqual({ load: 1, advance: 1, sums: 0n });
});

it('has the requantizer spread its values over their range', () => {
  const { filters } = drawnTraces(1);
  const stimulus = requantizerStimulus(filters);
  const values: number[] = [];
  for (let cycle = 0; cycle < 1024; cycle++) {
    const { sum, bias, multiplier, shift } = stimulus(cycle);
    expect(Number(multiplier)).toBeGreaterThanOrEqual(2 ** 23);
    expect(Number(multiplier)).toBeLessThan(2 ** 24);
    expect(Number(shift)).toBeGreaterThanOrEqual(0);
    // without the pipeline's delay the shift is that of two cycles ago: of the same row, in most cycles
    values.push((Number(sum) + Number(bias)) * Number(multiplier) * 2 ** -(16 + Number(shift)));
  }
  const deviation = Math.sqrt(values.reduce((total, value) => total + value ** 2, 0) / values.length);
  expect(deviation).toBeGreaterThan(35);
  expect(deviation).toBeLessThan(65);
});

it('draws data that are always the same', () => {
  const [one, two] = [drawnTraces(3), drawnTraces(3)];
  expect(one).toEqual(two);
  const zeros = one.ternary.weights.filter((trit) => trit === 0).length / one.ternary.weights.length;
  expect(zeros).toBeGreaterThan(0.6);
  expect(zeros).toBeLessThan(0.7);
  expect([...new Set(one.ternary.weights)].sort()).toEqual([-1, 0, 1]);
  expect(drawnTraces(4)).not.toEqual(one);
});
