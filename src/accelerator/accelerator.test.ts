/** Programs of drawn networks, run by the cycle model, against what the layers mean. */

import { describe, expect, it, test } from 'vitest';
import { drawnImage, drawnIntegerNetwork } from '../../test/integer-networks.ts';
import { evaluateNetwork } from '../integer/index.ts';
import { type ArrayParameters, checkArray, defaultArray, macArray } from './array.ts';
import { balanceColumns } from './balance.ts';
import { compileNetwork } from './compile.ts';
import { pixelOrder } from './order.ts';
import { decodeRows, loadImages, simulate } from './simulate.ts';
import { timelineOf } from './timeline.ts';

const arrays: Record<string, ArrayParameters> = {
  'lists in two copies': { ...defaultArray, lanes: 8, images: 2 },
  'lists with short gaps': { ...defaultArray, lanes: 4, gapBits: 2, copies: 1, inputs: 2, images: 1 },
  'trits of three rows': { ...defaultArray, lanes: 8, ternary: 'trits', copies: 1, adders: 3, macs: 2, images: 1 },
  'five trits a byte': { ...defaultArray, lanes: 16, ternary: 'five-trits', copies: 1, inputs: 5, images: 1 },
  'MACs only': { ...macArray, lanes: 8, macs: 3, images: 1 },
};

describe.each(Object.entries(arrays))('%s', (_, array) => {
  test.each(Array.from({ length: 12 }, (_, seed) => [seed]))('network %i', (seed) => {
    const network = drawnIntegerNetwork(seed);
    const compiled = compileNetwork(network, array);
    const images = Array.from({ length: array.images }, (_, i) => drawnImage(network, 100 * seed + i));
    const { outputs } = simulate(compiled, loadImages(compiled, images));
    for (const [i, image] of images.entries()) {
      const expected = evaluateNetwork(network, image)[network.output.tensor.id]!;
      expect([...outputs[i]!]).toEqual([...expected]);
    }
    const { spans, cycles } = timelineOf(compiled);
    for (const span of [...spans.mac, ...spans.adder]) {
      const { wait, ...own } = span.times;
      // a start is one decision after what was waited for
      expect(span.end - span.start).toBeLessThanOrEqual(Object.values(own).reduce((sum, n) => sum + n, 0));
      expect(span.end).toBeLessThan(cycles);
    }
  });
});

test('rows are read back from lists as they were, however far apart non-zeros lie', () => {
  const network = drawnIntegerNetwork(3);
  for (const gapBits of [2, 3, 5]) {
    const compiled = compileNetwork(network, { ...defaultArray, gapBits, copies: 1, images: 1 });
    const stages = compiled.adder.flatMap(({ first, second }) => (second ? [first, second] : [first]));
    const operations = stages
      .flatMap((stage) => decodeRows(compiled, stage))
      .reduce((sum, row) => sum + row.columns.length, 0);
    const nonZeros = network.layers
      .flatMap((layer) =>
        layer.kind === 'convolution' && layer.weights.kind === 'ternary' ? [...layer.weights.values] : [],
      )
      .filter((trit) => trit !== 0).length;
    expect(operations).toBe(nonZeros);
  }
});

test.each([defaultArray, macArray])('rows of a dead filter, with a bias beyond all sums, are computed', (array) => {
  const network = drawnIntegerNetwork(3);
  const layers = network.layers.map((layer) => {
    if (layer.kind !== 'convolution' || layer.output.type !== 'int8') return layer;
    const [biases, multipliers] = [layer.output.biases.slice(), layer.output.multipliers.slice()];
    [biases[0], multipliers[0]] = [140_000_001, Math.fround(40 / 140_000_001)];
    return { ...layer, output: { ...layer.output, biases, multipliers } };
  });
  const dead = { ...network, layers };
  const compiled = compileNetwork(dead, { ...array, lanes: 8, images: 1 });
  const image = drawnImage(dead, 5);
  const { outputs } = simulate(compiled, loadImages(compiled, [image]));
  expect([...outputs[0]!]).toEqual([...evaluateNetwork(dead, image)[dead.output.tensor.id]!]);
});

test('columns are dealt to sets of equal size, and rows get shorter by it', () => {
  const [rows, columns, sets] = [64, 96, 4];
  const values = Int8Array.from({ length: rows * columns }, (_, i) =>
    (i * 2654435761) % 97 < 30 ? (i % 2) * 2 - 1 : 0,
  );
  const slots = balanceColumns(values, rows, columns, sets);
  expect([...slots].sort((a, b) => a - b)).toEqual(Array.from({ length: columns }, (_, i) => i));
  const time = (place: (c: number) => number) => {
    let sum = 0;
    for (let r = 0; r < rows; r++) {
      const counts = new Array<number>(sets).fill(0);
      for (let c = 0; c < columns; c++) if (values[r * columns + c] !== 0) counts[place(c) % sets]!++;
      sum += Math.max(...counts);
    }
    return sum;
  };
  expect(time((c) => slots[c]!)).toBeLessThan(time((c) => c));
});

it('stores every pixel once, phase after phase', () => {
  const { pixelAt, placeOf, groups } = pixelOrder({ height: 4, width: 4 }, 8, 1);
  expect([groups, [...pixelAt]]).toEqual([2, [0, 2, 8, 10, 1, 3, 9, 11, 4, 6, 12, 14, 5, 7, 13, 15]]);
  expect([...placeOf].map((place) => pixelAt[place])).toEqual(Array.from({ length: 16 }, (_, i) => i));
});

describe('refuses', () => {
  const code = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      return String(error);
    }
    return 'nothing';
  };
  test.each([
    [
      'lanes that rates do not divide',
      { lanes: 16, macRate: 3 },
      'E_USAGE: macRate: expected a divisor of 16 lanes, found 3',
    ],
    ['several lists at a time', { adders: 2 }, 'E_USAGE: adders'],
    ['copies of dense trits', { ternary: 'trits' }, 'E_USAGE: copies: expected 1 for dense trits, found 2'],
    ['bytes that trits do not fill', { ternary: 'five-trits', copies: 1 }, 'E_USAGE: inputs'],
  ] as const)('%s', (_, part, message) => {
    expect(code(() => checkArray({ ...defaultArray, ...part }))).toContain(message.replace('E_USAGE: ', ''));
  });

  it('sums that are too narrow', () => {
    expect(
      code(() => compileNetwork(drawnIntegerNetwork(1), { ...defaultArray, sumBits: 18, adderSumBits: 14, lanes: 4 })),
    ).toMatch(/nothing|expected sums of 1[48] bits, found up to/);
  });
});
