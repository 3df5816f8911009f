/** Every variant of the matrix product against the reference, on random shapes and at the edges. */

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ProductOptions, productCase, productShapes } from '../../../test/kernel-cases.ts';
import { compare, createPair, type Pair } from '../../../test/kernels-harness.ts';
import { numbersFrom, randomWeights } from '../../../test/kernels-layout.ts';
import type { Weights } from './kernels.ts';
import { prepareProduct } from './prepare.ts';
import { type Variant, variants } from './variants/index.ts';
import { hasRelaxedSimd } from './wasm.ts';

let plain: Pair;
let relaxed: Pair | undefined;
let pair: Pair;
beforeAll(async () => {
  plain = await createPair(16, false);
  relaxed = hasRelaxedSimd() ? await createPair(16, true) : undefined;
});

const kinds = ['ternary', 'int8', 'float32'] as const;

function check(variant: Variant, weights: Weights, pixels: number, seed: number, options: ProductOptions = {}): void {
  const { data, ...prepared } = prepareProduct(weights, variant.activations, { force: variant.name });
  compare(pair, seed, productCase({ prepared, data }, weights.kind, pixels, options));
}

/** Each variant in the module that it is for; those of floats are rounded otherwise with relaxed SIMD. */
const cases = variants.flatMap((variant) => {
  const modules = variant.isRelaxed ? [true] : variant.activations === 'float32' ? [false, true] : [false];
  return modules
    .filter((isRelaxed) => !isRelaxed || (hasRelaxedSimd() && (variant.isExact?.() ?? true)))
    .map((isRelaxed) => [`${variant.name}${isRelaxed ? ', relaxed SIMD' : ''}`, variant, isRelaxed] as const);
});

describe.each(cases)('%s', (_, variant, isRelaxed) => {
  beforeAll(() => {
    pair = isRelaxed ? relaxed! : plain;
  });
  const accepted = kinds.filter((kind) => {
    const isPossible = kind !== 'float32' || variant.activations === 'float32';
    return isPossible && variant.accepts({ kind, columns: 1, bits: 2 });
  });

  /** As many bits as the variant takes. */
  const spare = 8 - [8, 4].find((bits) => variant.accepts({ kind: 'int8', columns: 1, bits }))!;
  const weightsOf: typeof randomWeights = (kind, shape, seed) => {
    const weights = randomWeights(kind, shape, seed);
    if (kind !== 'int8' || spare === 0) return weights;
    return { ...weights, values: (weights.values as Int8Array).map((value) => value >> spare) } as typeof weights;
  };

  it('unpacks to the weights that were packed', () => {
    const property = fc.property(productShapes, fc.constantFrom(...accepted), fc.nat(), (shape, kind, seed) => {
      const weights = weightsOf(kind, shape, seed);
      const unpacked = variant.unpack(variant.pack(weights), shape.rows, shape.columns);
      expect(Array.from(unpacked)).toEqual(Array.from(weights.values as Int8Array));
    });
    fc.assert(property, { numRuns: 30 });
  });

  it('computes what the reference computes, and writes nothing else', () => {
    const property = fc.property(
      productShapes,
      fc.constantFrom(...accepted),
      fc.boolean(),
      fc.nat(),
      (shape, kind, floatOutput, seed) => {
        check(variant, weightsOf(kind, shape, seed), shape.pixels, seed, { floatOutput });
      },
    );
    fc.assert(property, { numRuns: 60 });
  });

  it('computes a range of the pixels', () => {
    for (const [from, to] of [
      [0, 32],
      [32, 64],
      [32, 100],
      [96, 100],
      [64, 64],
    ] as const) {
      const shape = { rows: 9, columns: 21, pixels: 100, density: 0.6 };
      check(variant, weightsOf(accepted[0]!, shape, from), 100, from + to, { from, to });
    }
  });

  it.each([1, 7, 8, 9, 31, 33, 49])('computes %i pixels', (pixels) => {
    const shape = { rows: 33, columns: 65, pixels, density: 0.5 };
    check(variant, weightsOf(accepted[0]!, shape, pixels), pixels, pixels);
  });

  if (variant.activations === 'int8') {
    it.each([
      [254, -128],
      [255, -128],
      [256, -128],
      [257, -128],
      [258, 127],
      [512, -128],
      [1030, 127],
      [1030, -128],
    ])('sums %i activations of %i without overflow', (columns, constant) => {
      for (const sign of [1, -1]) {
        const values = new Int8Array(3 * columns).fill(sign);
        check(variant, { kind: 'ternary', rows: 3, columns, values }, 35, columns, { constant, floatOutput: true });
      }
    });
  }

  it('sums a few columns that are far apart', () => {
    const columns = 3000;
    const values = new Int8Array(6 * columns);
    for (const [row, places] of [[0], [columns - 1], [0, columns - 1], [255, 256, 1500], [128, 129], []].entries()) {
      for (const [i, column] of places.entries()) values[row * columns + column] = i % 2 === 0 ? 1 : -1;
    }
    check(variant, { kind: 'ternary', rows: 6, columns, values }, 20, 7, { floatOutput: true });
  });

  it('sums rows of very different density', () => {
    const columns = 700;
    const random = numbersFrom(5);
    const density = [0, 1, 0.01, 0.5, 1];
    const values = Int8Array.from({ length: density.length * columns }, (_, i) =>
      random() < density[Math.floor(i / columns)]! ? (random() < 0.5 ? 1 : -1) : 0,
    );
    check(variant, { kind: 'ternary', rows: density.length, columns, values }, 40, 3, { floatOutput: true });
  });
});
