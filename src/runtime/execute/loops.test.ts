/** Plain loops over planes, by hand: two channels of two pixels, 32 elements apart. */

import { describe, expect, it } from 'vitest';
import { affine, binary, table, unary } from './loops.ts';

const memory = new WebAssembly.Memory({ initial: 1 });
const [x, other, y, arrays] = [1024, 2048, 4096, 8192];

function place(address: number, ...channels: number[][]): void {
  for (const [c, values] of channels.entries()) new Float32Array(memory.buffer, address + 128 * c).set(values);
}

function read(address: number, channels = 2, pixels = 2): number[][] {
  return Array.from({ length: channels }, (_, c) => [...new Float32Array(memory.buffer, address + 128 * c, pixels)]);
}

const loop = { x, y, channels: 2, pixels: 2 };
const free = { lower: -Infinity, upper: Infinity };

describe('affine', () => {
  it('multiplies, adds and bounds by channels', () => {
    place(x, [1, 2], [3, 4]);
    new Float32Array(memory.buffer, arrays).set([2, -1, 10, 0, 13, -3]);
    const call = { ...loop, multipliers: arrays, biases: arrays + 8, lower: -3.5 };
    affine(memory, { ...call, upper: 13 }, 0, 2);
    expect(read(y)).toEqual([
      [12, 13],
      [-3, -3.5],
    ]);
    affine(memory, { ...call, upper: { address: arrays + 16 } }, 0, 2);
    expect(read(y)).toEqual([
      [12, 13],
      [-3, -3.5],
    ]);
  });

  it('computes the channels that it is told to', () => {
    place(x, [1, 2], [3, 4]);
    place(y, [0, 0], [0, 0]);
    new Float32Array(memory.buffer, arrays).set([2, 2, 0, 0]);
    affine(memory, { ...loop, multipliers: arrays, biases: arrays + 8, ...free }, 1, 2);
    expect(read(y)).toEqual([
      [0, 0],
      [6, 8],
    ]);
  });
});

describe('unary', () => {
  it('applies functions one after the other', () => {
    place(x, [-1, 2], [-3, 4]);
    unary(memory, { ...loop, functions: [{ op: 'Abs' }, { op: 'Clip', lower: 0, upper: 3 }, { op: 'Neg' }] }, 0, 2);
    expect(read(y)).toEqual([
      [-1, -2],
      [-3, -3],
    ]);
  });

  it('is HardSwish in a loop of its own', () => {
    place(x, [-4, 0], [1.5, 4]);
    unary(memory, { ...loop, functions: [{ op: 'HardSwish' }] }, 0, 2);
    expect(read(y)).toEqual([
      [-0, 0],
      [1.125, 4],
    ]); // 1.5 (1.5 / 6 + 1 / 2)
  });
});

it('table looks integers up', () => {
  const values = new Int8Array(memory.buffer, arrays, 256);
  for (let i = 0; i < 256; i++) values[i] = 127 - i;
  new Int8Array(memory.buffer, x).set([-128, 127]);
  new Int8Array(memory.buffer, x + 32).set([0, 5]);
  table(memory, { ...loop, table: arrays }, 0, 2);
  const row = (c: number) => [...new Int8Array(memory.buffer, y + 32 * c, 2)];
  expect([row(0), row(1)]).toEqual([
    [127, -128],
    [-1, -6],
  ]);
});

describe('binary', () => {
  const call = { a: x, b: other, y, channels: 2, pixels: 2, isPerChannel: false, ...free };

  it.each([
    [
      'Add',
      [
        [6, 10],
        [-2, 5],
      ],
    ],
    [
      'Sub',
      [
        [-4, -6],
        [8, 3],
      ],
    ],
    [
      'Mul',
      [
        [5, 16],
        [-15, 4],
      ],
    ],
    [
      'Div',
      [
        [0.2, 0.25],
        [-0.6, 4],
      ],
    ],
    [
      'Min',
      [
        [1, 2],
        [-5, 1],
      ],
    ],
    [
      'Max',
      [
        [5, 8],
        [3, 4],
      ],
    ],
  ] as const)('%s', (operator, expected) => {
    place(x, [1, 2], [3, 4]);
    place(other, [5, 8], [-5, 1]);
    binary(memory, { ...call, operator }, 0, 2);
    for (const [c, row] of read(y).entries()) {
      for (const [i, v] of row.entries()) expect(v).toBeCloseTo(expected[c]![i]!, 6);
    }
  });

  it('takes one value a channel, and bounds', () => {
    place(x, [1, 2], [3, 4]);
    place(other, [10], [20]);
    binary(memory, { ...call, operator: 'Mul', isPerChannel: true, lower: 15, upper: 70 }, 0, 2);
    expect(read(y)).toEqual([
      [15, 20],
      [60, 70],
    ]);
  });
});
