/** Energy and time by hand: Table I of Gope et al., arXiv 1911.01028, from its operations, and splits of small arrays. */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Accelerator, loadAccelerator, parseAccelerator } from './accelerator.ts';
import { estimate } from './estimate.ts';
import type { Work } from './records.ts';

const nothing = { macs: 0, products: 0, additions: 0, weightBytes: 0, inputBytes: 0, outputBytes: 0 };
const work = (parts: Partial<Work>): Work => ({ name: 'layer', ...nothing, ...parts });

const paper = loadAccelerator('paper');
const baseline = estimate([work({ macs: 149.497e6 })], paper);

/** Energy and throughput relative to the baseline, as the paper gives them. */
function relative(works: readonly Work[]): { energy: number; throughput: number } {
  const { energy, areaTime } = estimate(works, paper);
  return { energy: energy / baseline.energy, throughput: baseline.areaTime / areaTime };
}

// MobileNet-V1 0.5 at 224 x 224: input channels, output channels, width and height of the output of each pointwise layer
const pointwise: readonly (readonly [number, number, number])[] = [
  [16, 32, 112],
  [32, 64, 56],
  [64, 64, 56],
  [64, 128, 28],
  [128, 128, 28],
  [128, 256, 14],
  ...Array.from({ length: 5 }, () => [256, 256, 14] as const),
  [256, 512, 7],
  [512, 512, 7],
];

/** A bank with a full-precision fraction alpha and r hidden units for the other filters, and a bias per output. */
function bank(inputs: number, outputs: number, size: number, alpha: number, r: number): Work {
  const pixels = size ** 2;
  const ternary = (1 - alpha) * outputs;
  return work({
    macs: alpha * outputs * inputs * pixels,
    products: r * pixels,
    additions: (r * inputs + ternary * r + outputs) * pixels,
  });
}

/** The whole network with r = ratio x (1 - alpha) x outputs; the classifier has r = 512, and biases that are preloaded. */
function network(alpha: number, ratio: number): Work[] {
  const banks = (inputs: number, outputs: number, size: number) =>
    bank(inputs, outputs, size, alpha, ratio * (1 - alpha) * outputs);
  const separable = pointwise.flatMap(([inputs, outputs, size]) => [
    bank(9, inputs, size, 1, 0), // depthwise: 9 weights a filter, as many filters as channels
    banks(inputs, outputs, size),
  ]);
  return [banks(27, 16, 112), ...separable, work({ products: 512, additions: 512 * 512 + 512 * 1000 })];
}

const total = (works: readonly Work[], f: (w: Work) => number) => works.reduce((n, w) => n + f(w), 0);
const multiplications = (works: readonly Work[]) => total(works, (w) => w.macs + w.products);
const additions = (works: readonly Work[]) => total(works, (w) => w.additions);

describe('Table I, from multiplications M and additions A', () => {
  it('TWN: E = e A / 149.497 = 0.20, T = 149.497 / (s A) = 2', () => {
    const { energy, throughput } = relative([work({ additions: 149.497e6 })]);
    expect(energy).toBeCloseTo(0.1966, 12);
    expect(throughput).toBeCloseTo(2, 12);
    // and with one bias for each of the 2,521,344 outputs of convolutions: 0.1966 x 152.018 = 29.887, 0.5 x 152.018
    const biased = relative([work({ additions: 149.497e6 + 2_521_344 })]);
    expect(biased.energy.toFixed(4)).toBe('0.1999');
    expect(biased.throughput.toFixed(4)).toBe('1.9668');
  });

  it('StrassenNets: E = (11.804 + 0.1966 x 624.274) / 149.497 = 0.90, T = 149.497 / (11.804 + 312.137) = 0.46', () => {
    const works = network(0, 2);
    expect([multiplications(works), additions(works)]).toEqual([11_804_416, 624_273_664]);
    const { energy, throughput } = relative(works);
    expect(energy.toFixed(4)).toBe('0.8999');
    expect(throughput.toFixed(4)).toBe('0.4615');
  });

  it('hybrid: E = (79.812 + 0.1966 x 144.165) / 149.497 = 0.72, T = 149.497 / (79.812 + 72.082) = 0.98', () => {
    const works = network(0.5, 1.25);
    expect([multiplications(works), additions(works)]).toEqual([79_811_712, 144_164_608]);
    const { energy, throughput } = relative(works);
    expect(energy.toFixed(4)).toBe('0.7235');
    expect(throughput.toFixed(4)).toBe('0.9842');
  });

  it('asks for all units busy: layers one after another on a fixed split reach less', () => {
    const figures = ([alpha, ratio]: readonly [number, number]) => {
      const { split, fixedSplit } = estimate(network(alpha, ratio), paper);
      const throughput = baseline.areaTime / fixedSplit.time;
      return [split, fixedSplit.split, fixedSplit.utilisation, throughput].map((x) => x.toFixed(3));
    };
    // share of MAC units: balanced for the sums, best for the layers; utilisation; throughput
    expect(figures([0, 2])).toEqual(['0.036', '0.143', '0.763', '0.352']);
    expect(figures([0.5, 1.25])).toEqual(['0.525', '0.516', '0.917', '0.903']);
  });
});

// areas: a MAC 2, an addition 1, so that loads are easy to read; energies and memory energies are powers of ten
const small: Accelerator = {
  ...paper,
  formats: {
    a: {
      bytes: 2,
      mac: { energy: 1, area: 2 },
      multiplication: { energy: 10, area: 2 },
      addition: { energy: 100, area: 1 },
    },
    free: {
      bytes: 1,
      mac: { energy: 0, area: 1 },
      multiplication: { energy: 0, area: 1 },
      addition: { energy: 0, area: 1 },
    },
  },
  defaultFormat: 'a',
  memory: { weights: { energyPerByte: 1000 }, activations: { energyPerByte: 1 } },
};

describe('estimate', () => {
  const first = work({ name: 'first', macs: 3, products: 2, weightBytes: 4, inputBytes: 5, outputBytes: 6 });
  const second = work({ name: 'second', additions: 7, weightBytes: 1, outputBytes: 2 });

  it('adds energies of operations and of memory, layer by layer', () => {
    const { energy, memoryEnergy, layers } = estimate([first, second], small);
    expect(layers.map((l) => [l.name, l.energy, l.memoryEnergy])).toEqual([
      ['first', 3 * 1 + 2 * 10, 4 * 1000 + (5 + 6) * 1],
      ['second', 7 * 100, 1 * 1000 + 2 * 1],
    ]);
    expect([energy, memoryEnergy]).toEqual([723, 5013]);
    expect(estimate([first, second], { ...small, memory: null }).memoryEnergy).toBe(0);
  });

  it('takes the format that is asked for', () => {
    expect(estimate([first, second], small, { format: 'free' })).toMatchObject({ energy: 0, areaTime: 3 + 2 + 7 });
    expect(() => estimate([first], small, { format: 'b' })).toThrow('number format: expected one of a, free (acc');
  });

  it('keeps all units busy at the share that their loads have', () => {
    // (3 + 2) MAC units' worth of area 2 and 7 additions of area 1
    const { areaTime, split } = estimate([first, second], small);
    expect([areaTime, split]).toEqual([17, 10 / 17]);
  });

  it('is zero for no layers and for layers without arithmetic', () => {
    const idle = { split: 1, time: 0, utilisation: 0 };
    expect(estimate([], small)).toEqual({
      energy: 0,
      memoryEnergy: 0,
      areaTime: 0,
      split: 1,
      fixedSplit: idle,
      layers: [],
    });
    const { fixedSplit, layers } = estimate([work({ inputBytes: 3 })], small);
    expect([fixedSplit, layers[0]!.utilisation, layers[0]!.memoryEnergy]).toEqual([idle, 0, 3]);
  });
});

describe('the fixed split', () => {
  it('divides by square roots where layers use one part each', () => {
    // loads 4 and 9: 4 / x + 9 / (1 - x) is least at x = 2 / (2 + 3), 10 + 15 = (2 + 3)^2
    const works = [work({ macs: 2 }), work({ additions: 9 }), work({})];
    const { fixedSplit, split, areaTime, layers } = estimate(works, small);
    expect(fixedSplit.split).toBeCloseTo(0.4, 15);
    expect(fixedSplit.time).toBeCloseTo(25, 12);
    expect(fixedSplit.utilisation).toBeCloseTo(13 / 25, 15);
    expect([split, areaTime]).toEqual([4 / 13, 13]);
    expect(layers[0]!.utilisation).toBeCloseTo(0.4, 15);
    expect(layers[1]!.utilisation).toBeCloseTo(0.6, 15);
    expect(layers[2]!.utilisation).toBe(0);
  });

  it('is that of a layer where its balance outweighs the others', () => {
    // (6, 4) and (4, 6) of equal weight: below 0.4 both wait for MACs, above 0.6 for adders, between them the first for
    // MACs and the second for adders: 6 / x + 6 / (1 - x), least at 0.5: 24
    const even = estimate([work({ macs: 3, additions: 4 }), work({ macs: 2, additions: 6 })], small);
    expect(even.fixedSplit).toEqual({ split: 0.5, time: 24, utilisation: 20 / 24 });
    expect(even.layers.map((l) => l.utilisation)).toEqual([10 / 12, 10 / 12]);
    // a hundred times the first: between 0.4 and 0.6 it is 600 / x + 6 / (1 - x), still falling at 0.6: 1000 + 15
    const uneven = estimate([work({ macs: 300, additions: 400 }), work({ macs: 2, additions: 6 })], small);
    expect(uneven.fixedSplit.split).toBe(0.6);
    expect(uneven.fixedSplit.time).toBeCloseTo(1015, 10);
  });

  it('gives the whole area to one part where the other has nothing to do', () => {
    const additions = estimate([work({ additions: 5 }), work({ additions: 3 })], small);
    expect(additions.fixedSplit).toEqual({ split: 0, time: 8, utilisation: 1 });
    expect(additions.split).toBe(0);
    const macs = estimate([work({ macs: 5 }), work({ products: 3 })], small);
    expect(macs.fixedSplit).toEqual({ split: 1, time: 16, utilisation: 1 });
    expect(macs.split).toBe(1);
  });

  it('can be given', () => {
    // (10, 0) and (0, 7) at 0.25: 40 + 7 / 0.75
    const { fixedSplit } = estimate([work({ macs: 5 }), work({ additions: 7 })], small, { split: 0.25 });
    expect(fixedSplit.split).toBe(0.25);
    expect(fixedSplit.time).toBeCloseTo(40 + 28 / 3, 12);
    expect(estimate([work({ macs: 5 })], small, { split: 1 }).fixedSplit.time).toBe(10);
    expect(estimate([work({ additions: 5 })], small, { split: 0 }).fixedSplit.time).toBe(5);
    // half of the area stands still
    expect(estimate([work({ macs: 5 })], small, { split: 0.5 }).fixedSplit).toMatchObject({
      time: 20,
      utilisation: 0.5,
    });
  });

  it.each([
    [1, 'expected below 1 for a network with additions, found 1'],
    [0, 'expected above 0 for a network with multiplications, found 0'],
    [1.5, 'expected a number from 0 to 1, found 1.5'],
    [-0.5, 'expected a number from 0 to 1, found -0.5'],
    [Number.NaN, 'expected a number from 0 to 1, found NaN'],
  ])('must leave units for all operations: %d', (split, detail) => {
    const run = () => estimate([work({ macs: 1, additions: 1 })], small, { split });
    expect(run).toThrow(expect.objectContaining({ code: 'E_USAGE', where: 'split', detail }));
  });

  it('stays finite where additions are next to nothing', () => {
    const { fixedSplit } = estimate([work({ macs: 2 ** 53 }), work({ additions: 1 })], small);
    expect(fixedSplit.time).toBeGreaterThanOrEqual(2 ** 54 + 1);
    expect(fixedSplit.time).toBeLessThan(1.001 * 2 ** 54);
    const scaled = { ...small.formats.a!, addition: { energy: 0, area: 1e-20 } };
    const tiny = estimate([work({ macs: 1e9, additions: 1 })], { ...small, formats: { a: scaled } });
    expect(tiny.fixedSplit.time).toBeCloseTo(2e9, 3);
  });

  it('is never worse than another one, and no better than all units busy', () => {
    const count = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 2 ** 40 }));
    const layer = fc.record({ macs: count, products: count, additions: count }).map(work);
    const offset = fc.double({ min: 0.001, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 8 }), offset, (works, shift) => {
        const { areaTime, fixedSplit } = estimate(works, small);
        const { split, time, utilisation } = fixedSplit;
        // a split next to 1 is a double too, and leaves 1 - x with a relative error of EPSILON / (1 - x)
        const rounding = 1 + 1e-12 + Number.EPSILON / Math.max(1 - split, Number.EPSILON / 2);
        const around = [split - 1e-5, split + 1e-5].filter((x) => x > 0 && x < 1);
        const others = [...Array.from({ length: 1000 }, (_, i) => (i + shift) / 1000), ...around];
        const times = others.map((other) => estimate(works, small, { split: other }).fixedSplit.time);
        expect(time).toBeLessThanOrEqual(Math.min(...times) * rounding);
        expect(time * (1 + 1e-12)).toBeGreaterThanOrEqual(areaTime);
        expect(utilisation).toBeLessThanOrEqual(1 + 1e-12);
        // what is found is the time at the split that is found
        expect(estimate(works, small, { split }).fixedSplit).toEqual(fixedSplit);
      }),
    );
  });
});

it('gives what docs/accelerators.md prints for its example', () => {
  const text = readFileSync(new URL('../../docs/accelerators.md', import.meta.url), 'utf8');
  const [, json] = /```json\n(.*?)```/s.exec(text)!;
  const accelerator = parseAccelerator(JSON.parse(json!), 'my-array.json');
  const full = estimate([work({ macs: 149.497e6 })], accelerator);
  const hybrid = estimate([work({ macs: 79.812e6, additions: 144.165e6 })], accelerator);
  expect(text).toContain(`hybrid.energy / full.energy); // ${(hybrid.energy / full.energy).toFixed(3)}\n`);
  expect(text).toContain(`full.areaTime / hybrid.areaTime); // ${(full.areaTime / hybrid.areaTime).toFixed(3)}\n`);
});
