/** Depthwise convolution, patches and pooling against the reference, on random windows and at the edges. */

import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import {
  depthwiseCase,
  elementTypes,
  patchesCase,
  planeShapes,
  poolCase,
  poolKinds,
  type Shape,
  small,
} from '../../../test/kernel-cases.ts';
import { compare, createPair, type Pair } from '../../../test/kernels-harness.ts';
import type { ElementType } from './kernels.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await createPair(24);
});

function checkDepthwise(shape: Shape, type: ElementType, seed: number): void {
  compare(pair, seed, depthwiseCase(shape, type, pair.wasm.depthwiseScratch(shape, type)));
}

function checkPool(shape: Shape, type: ElementType, kind: 'average' | 'maximum', seed: number): void {
  compare(pair, seed, poolCase(shape, type, kind));
}

describe('depthwise', () => {
  it('computes any window as the reference does', () => {
    const property = fc.property(planeShapes, elementTypes, fc.nat(), checkDepthwise);
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
    const property = fc.property(planeShapes, elementTypes, fc.nat(), (shape, type, seed) => {
      compare(pair, seed, patchesCase(shape, type));
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe('pool', () => {
  it('summarizes any window as the reference does', () => {
    fc.assert(fc.property(planeShapes, elementTypes, poolKinds, fc.nat(), checkPool), { numRuns: 200 });
  });

  it('summarizes the whole image', () => {
    const property = fc.property(small(1, 40), small(1, 40), elementTypes, fc.nat(), (height, width, type, seed) => {
      const window = { kernel: [height, width], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;
      checkPool({ height, width, window, channels: 3, range: [0, 3] }, type, 'average', seed);
    });
    fc.assert(property, { numRuns: 60 });
  });
});
