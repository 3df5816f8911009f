import { describe, expect, it } from 'vitest';
import { type Attributes, Graph, ints, str } from '../../ir/index.ts';
import { imageSize, outputSize, readWindow } from './windows.ts';

const nodeOf = (attributes: Attributes) => new Graph().add('Conv', [], attributes, { name: 'n' });

describe('a window', () => {
  it.each<[string, Attributes, size: [number, number], kernel: number[], expected: object, out: [number, number]]>([
    [
      'plain',
      {},
      [5, 6],
      [3, 2],
      { kernel: [3, 2], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] },
      [3, 5], // 5 - 3 + 1, 6 - 2 + 1
    ],
    [
      'with everything',
      { strides: ints([2, 3]), dilations: ints([2, 1]), pads: ints([1, 0, 2, 1]) },
      [7, 8],
      [2, 3],
      { kernel: [2, 3], strides: [2, 3], dilations: [2, 1], pads: [1, 0, 2, 1] },
      [4, 3], // (7 + 3 - 3) / 2 + 1, (8 + 1 - 3) / 3 + 1
    ],
    [
      'that keeps the size, the odd pad at the end',
      { auto_pad: str('SAME_UPPER'), strides: ints([2, 2]) },
      [5, 6],
      [3, 3],
      { kernel: [3, 3], strides: [2, 2], dilations: [1, 1], pads: [1, 0, 1, 1] },
      [3, 3],
    ],
    [
      'that keeps the size, the odd pad at the beginning',
      { auto_pad: str('SAME_LOWER'), strides: ints([2, 2]) },
      [5, 6],
      [3, 3],
      { kernel: [3, 3], strides: [2, 2], dilations: [1, 1], pads: [1, 1, 1, 0] },
      [3, 3],
    ],
    [
      'of one dimension',
      { strides: ints([2]), pads: ints([1, 0]) },
      [1, 8],
      [3],
      { kernel: [1, 3], strides: [1, 2], dilations: [1, 1], pads: [0, 1, 0, 0] },
      [1, 4], // (8 + 1 - 3) / 2 + 1
    ],
  ])('%s', (_, attributes, size, kernel, expected, out) => {
    const node = nodeOf(attributes);
    const window = readWindow(node, size, kernel.length, kernel);
    expect(window).toEqual(expected);
    expect(outputSize(node, size, window)).toEqual(out);
  });

  it('rounded up sticks out, but does not begin behind the image', () => {
    const node = nodeOf({ strides: ints([2, 2]), pads: ints([0, 0, 1, 1]) });
    const window = readWindow(node, [5, 6], 2, [2, 2]);
    expect(outputSize(node, [5, 6], window)).toEqual([3, 3]);
    // down: windows at 0, 2, 4; across: the one at 6 would begin in the padding
    expect(outputSize(node, [5, 6], window, true)).toEqual([3, 3]);
    const open = readWindow(nodeOf({ strides: ints([2, 2]) }), [5, 6], 2, [2, 2]);
    expect(outputSize(node, [5, 6], open)).toEqual([2, 3]);
    expect(outputSize(node, [5, 6], open, true)).toEqual([3, 3]);
  });

  it.each<[string, Attributes, rank: number, kernel: number[], code: string, detail: string]>([
    ['three dimensions', {}, 3, [1, 1, 1], 'E_UNSUPPORTED', 'expected images of one or two dimensions, found 3'],
    ['another rank', {}, 2, [3], 'E_SHAPE', 'expected a kernel of rank 2, found 1'],
    ['too few strides', { strides: ints([1]) }, 2, [1, 1], 'E_SHAPE', 'expected 2 strides, found 1'],
    [
      'no stride',
      { strides: ints([1, 0]) },
      2,
      [1, 1],
      'E_SHAPE',
      'expected kernel, strides and dilations of at least 1, found 0',
    ],
    [
      'cropping',
      { pads: ints([0, -1, 0, 0]) },
      2,
      [3, 3],
      'E_UNSUPPORTED',
      "expected pads from 0 to the kernel's extent 3, found [0, -1, 0, 0]",
    ],
    [
      'a border wider than the kernel',
      { pads: ints([4, 0, 0, 0]) },
      2,
      [3, 3],
      'E_UNSUPPORTED',
      "expected pads from 0 to the kernel's extent 3, found [4, 0, 0, 0]",
    ],
    [
      'an unknown padding',
      { auto_pad: str('SAME') },
      2,
      [3, 3],
      'E_SHAPE',
      'expected auto_pad one of NOTSET, VALID, SAME_UPPER, SAME_LOWER, found SAME',
    ],
  ])('refuses %s', (_, attributes, rank, kernel, code, detail) => {
    expect(() => readWindow(nodeOf(attributes), [8, 8], rank, kernel)).toThrow(
      expect.objectContaining({ code, detail }),
    );
  });
});

describe('an image', () => {
  const node = nodeOf({});

  it('has channels, height and width', () => {
    expect(imageSize(node, [1, 3, 4, 5])).toEqual({ channels: 3, size: [4, 5], rank: 2 });
    expect(imageSize(node, [1, 3, 5])).toEqual({ channels: 3, size: [1, 5], rank: 1 });
  });

  it.each([
    [[2, 3, 4, 5], 'E_UNSUPPORTED'],
    [[1, 3], 'E_UNSUPPORTED'],
    [[1, 3, 4, 5, 6], 'E_UNSUPPORTED'],
    [[1, 3, 0, 5], 'E_SHAPE'],
  ])('is not %j', (dims, code) => {
    expect(() => imageSize(node, dims)).toThrow(expect.objectContaining({ code }));
  });
});
