/** Depthwise convolution, patches and pooling against the reference, on random windows and at the edges. */

import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import {
  compare,
  createPair,
  type Layout,
  type Pair,
  placeEpilogue,
  placePlanes,
} from '../../../test/kernels-harness.ts';
import { type ElementType, parameterBytes, planeStride, type Window } from './kernels.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await createPair(24);
});

interface Shape {
  readonly height: number;
  readonly width: number;
  readonly window: Window;
  readonly channels: number;
  /** Where the computed channels begin and end. */
  readonly range: readonly [number, number];
}

const small = (min: number, max: number) => fc.integer({ min, max });
const pairOf = (a: fc.Arbitrary<number>) => fc.tuple(a, a);

const anyWindow: fc.Arbitrary<Window> = fc.record({
  kernel: pairOf(small(1, 5)),
  strides: pairOf(small(1, 3)),
  dilations: pairOf(fc.constantFrom(1, 1, 2)),
  pads: fc.tuple(small(0, 3), small(0, 3), small(0, 3), small(0, 3)),
});

/** What the fast paths take: 3 x 3, stride 1 or 2. */
const commonWindow: fc.Arbitrary<Window> = fc.record({
  kernel: fc.constant([3, 3] as const),
  strides: fc.constantFrom([1, 1] as const, [2, 2] as const),
  dilations: fc.constant([1, 1] as const),
  pads: fc.tuple(small(0, 4), small(0, 4), small(0, 4), small(0, 4)),
});

const shapes: fc.Arbitrary<Shape> = fc
  .record({
    height: small(1, 40),
    width: small(1, 40),
    window: fc.oneof(anyWindow, commonWindow),
    channels: small(1, 4),
    range: fc.constantFrom([0, 1] as const, [0, 4] as const, [1, 3] as const),
  })
  .map((shape) => ({ ...shape, range: shape.range.map((c) => Math.min(c, shape.channels)) as [number, number] }))
  .filter((shape) => outSize(shape)[0] > 0 && outSize(shape)[1] > 0);

function outSize({ height, width, window }: Pick<Shape, 'height' | 'width' | 'window'>): [number, number] {
  const { kernel, strides, dilations, pads } = window;
  const size = (length: number, axis: 0 | 1) => {
    const reach = (kernel[axis] - 1) * dilations[axis] + 1;
    return Math.floor((length + pads[axis] + pads[axis + 2]! - reach) / strides[axis]) + 1;
  };
  return [size(height, 0), size(width, 1)];
}

const types = fc.constantFrom<ElementType>('int8', 'float32');

/** What all calls share: input placed, output of so many planes reserved. */
function placeCall(layout: Layout, random: () => number, shape: Shape, [type, factor]: readonly [ElementType, number]) {
  const { height, width, channels, range } = shape;
  const [outHeight, outWidth] = outSize(shape);
  const x = placePlanes(layout, random, { type, planes: channels, stride: planeStride(height * width) });
  const pixels = outHeight * outWidth;
  const planes = channels * factor;
  const y = layout.reserve(planes * planeStride(pixels) * 4);
  const [from, to] = range;
  const scratch = layout.scratch(parameterBytes);
  const call = { x, y, height, width, outHeight, outWidth, from, to, window: shape.window, scratch };
  const output = { type, address: y, planes, pixels, fromPlane: from * factor, toPlane: to * factor };
  return { call, output };
}

function checkDepthwise(shape: Shape, type: ElementType, seed: number): void {
  compare(pair, seed, (layout, random) => {
    const { call, output } = placeCall(layout, random, shape, [type, 1]);
    const taps = shape.window.kernel[0] * shape.window.kernel[1];
    const weights = placePlanes(layout, random, { type, planes: shape.channels, stride: taps });
    const size = (type === 'int8' ? 128 * 128 : 1) * Math.sqrt(taps);
    const epilogue = placeEpilogue(layout, random, { type, rows: shape.channels, size });
    const padValue = type === 'int8' ? Math.floor(random() * 256) - 128 : 0;
    const scratch = layout.scratch(pair.wasm.depthwiseScratch(shape, type));
    return {
      output: { ...output, tolerance: () => 1e-5 * taps },
      call: (kernels) => kernels.depthwise({ ...call, weights, padValue, scratch, epilogue }),
    };
  });
}

describe('depthwise', () => {
  it('computes any window as the reference does', () => {
    const property = fc.property(shapes, types, fc.nat(), checkDepthwise);
    fc.assert(property, { numRuns: 250 });
  });

  it.each([4, 7, 8, 14, 15, 16, 20, 24, 28, 31, 32, 33, 56, 112])('convolves images of width %i by 3 x 3', (width) => {
    for (const stride of [1, 2]) {
      for (const pads of [
        [1, 1, 1, 1],
        [0, 0, 1, 1],
        [0, 0, 0, 0],
      ] as const) {
        for (const type of ['int8', 'float32'] as const) {
          const window = { kernel: [3, 3], strides: [stride, stride], dilations: [1, 1], pads } as const;
          checkDepthwise({ height: Math.min(width, 24), width, window, channels: 2, range: [0, 2] }, type, width);
        }
      }
    }
  });
});

describe('patches', () => {
  it('copies any window as the reference does', () => {
    const property = fc.property(shapes, types, fc.nat(), (shape, type, seed) => {
      compare(pair, seed, (layout, random) => {
        const taps = shape.window.kernel[0] * shape.window.kernel[1];
        const { call, output } = placeCall(layout, random, shape, [type, taps]);
        const padValue = Math.floor(random() * 256) - 128;
        return {
          output: { ...output, tolerance: () => 0 },
          call: (kernels) => kernels.patches({ ...call, type, padValue }),
        };
      });
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe('pool', () => {
  const kinds = fc.constantFrom('average' as const, 'maximum' as const);

  function checkPool(shape: Shape, type: ElementType, kind: 'average' | 'maximum', seed: number): void {
    compare(pair, seed, (layout, random) => {
      const { call, output } = placeCall(layout, random, shape, [type, 1]);
      const zero = () => Math.floor(random() * 256) - 128;
      const quantization =
        type === 'int8'
          ? { type, inputZeroPoint: zero(), multiplier: 0.2 + 2 * random(), zeroPoint: zero() }
          : { type };
      const countPads = random() < 0.5;
      return {
        output: { ...output, tolerance: () => 1e-5 },
        call: (kernels) => kernels.pool({ ...call, kind, countPads, quantization }),
      };
    });
  }

  it('summarizes any window as the reference does', () => {
    fc.assert(fc.property(shapes, types, kinds, fc.nat(), checkPool), { numRuns: 200 });
  });

  it('summarizes the whole image', () => {
    const property = fc.property(small(1, 40), small(1, 40), types, fc.nat(), (height, width, type, seed) => {
      const window = { kernel: [height, width], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;
      checkPool({ height, width, window, channels: 3, range: [0, 3] }, type, 'average', seed);
    });
    fc.assert(property, { numRuns: 60 });
  });
});
