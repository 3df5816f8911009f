/** Steps other than products, at the sizes of MobileNets and beyond, for the calibration of their costs. */

import { type ElementType, type Kernels, planeStride, type Window } from '../../src/runtime/kernels/kernels.ts';
import type { PlainStep } from '../../src/runtime/predict/step-work.ts';
import { allocator, placeEpilogue } from './ours.ts';

/** [channels, height and width], as layers have them. */
const planes = [
  [8, 112],
  [32, 56],
  [64, 32],
  [64, 28],
  [256, 10],
  [128, 14],
  [512, 7],
  [256, 4],
  [40, 20],
] as const;

const types: readonly ElementType[] = ['int8', 'float32'];

const windowOf = (kernel: number, stride: number): Window => {
  const pad = kernel >> 1;
  return { kernel: [kernel, kernel], strides: [stride, stride], dilations: [1, 1], pads: [pad, pad, pad, pad] };
};

type Maker = (kernels: Kernels, channels: number, size: number) => PlainStep;

/** Room for planes of the input and of the output, both of the largest size that is asked for. */
function room({ memory }: Kernels, elements: number) {
  const allocate = allocator(memory);
  const [x, b, y, scratch] = [4, 4, 4, 1].map((bytes) => allocate(bytes * elements + 4096));
  return { allocate, x: x!, b: b!, y: y!, scratch: scratch! };
}

const elementsOf = (channels: number, size: number, taps = 1) => channels * taps * planeStride((size + 8) ** 2);

const named = <T extends object>(step: T) => ({ name: 'layer', op: 'any', ...step });

function depthwise(type: ElementType, kernel: number, stride: number): Maker {
  return (kernels, channels, size) => {
    const { allocate, x, y, b, scratch } = room(kernels, elementsOf(channels, size));
    const window = windowOf(kernel, stride);
    const out = Math.ceil(size / stride);
    const epilogue = placeEpilogue(kernels.memory, allocate, type, channels);
    const scratchBytes = kernels.depthwiseScratch({ height: size, width: size, window }, type);
    const shape = { height: size, width: size, outHeight: out, outWidth: out, from: 0, to: channels, window };
    return named({
      run: 'depthwise',
      scratchBytes,
      call: { ...shape, x, y, weights: b, scratch, padValue: 0, epilogue },
    });
  };
}

function patches(type: ElementType, stride: number): Maker {
  return (kernels, channels, size) => {
    const few = Math.min(channels, 32);
    const { x, y, scratch } = room(kernels, elementsOf(few, size, 9));
    const out = Math.ceil(size / stride);
    const shape = { height: size, width: size, outHeight: out, outWidth: out, from: 0, to: few };
    return named({ run: 'patches', call: { ...shape, window: windowOf(3, stride), type, x, y, scratch, padValue: 0 } });
  };
}

function pool(type: ElementType, kind: 'average' | 'maximum', isGlobal: boolean): Maker {
  return (kernels, channels, size) => {
    const { x, y, scratch } = room(kernels, elementsOf(channels, size));
    const whole: Window = { kernel: [size, size], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
    const out = isGlobal ? 1 : Math.ceil(size / 2);
    const shape = { height: size, width: size, outHeight: out, outWidth: out, from: 0, to: channels };
    const quantization =
      type === 'int8' ? ({ type, inputZeroPoint: 0, multiplier: 1, zeroPoint: 0 } as const) : ({ type } as const);
    const window = isGlobal ? whole : windowOf(3, 2);
    return named({ run: 'pool', call: { ...shape, window, kind, countPads: false, quantization, x, y, scratch } });
  };
}

const addInt8: Maker = (kernels, channels, size) => {
  const { x, y, b, scratch } = room(kernels, elementsOf(channels, size));
  const count = channels * planeStride(size * size);
  const numbers = { scales: [1, 1, 2], zeroPoints: [0, 0, 0], lower: -128, upper: 127 } as const;
  return named({ run: 'addInt8', call: { a: x, b, y, count, scratch, ...numbers } });
};

function quantize(run: 'quantize' | 'dequantize'): Maker {
  return (kernels, channels, size) => {
    const { x, y } = room(kernels, elementsOf(channels, size));
    return named({ run, call: { x, y, count: channels * planeStride(size * size), scale: 0.1, zeroPoint: 0 } });
  };
}

const affine: Maker = (kernels, channels, size) => {
  const { x, y, b } = room(kernels, elementsOf(channels, size));
  const bounds = { lower: 0, upper: 6, multipliers: b, biases: b };
  return named({ run: 'affine', call: { x, y, channels, pixels: size * size, ...bounds } });
};

const channels: Maker = (kernels, channels, size) => {
  const { x, y } = room(kernels, elementsOf(channels, size));
  const indices = Int32Array.from({ length: channels }, (_, i) => (7 * i) % channels);
  return named({ run: 'channels', call: { type: 'int8', x, y, channels, pixels: size * size, indices } });
};

const makers: readonly Maker[] = [
  ...types.flatMap((type) => [
    depthwise(type, 3, 1),
    depthwise(type, 3, 2),
    depthwise(type, 5, 1),
    patches(type, 1),
    patches(type, 2),
    pool(type, 'average', true),
    pool(type, 'average', false),
    pool(type, 'maximum', false),
  ]),
  addInt8,
  quantize('quantize'),
  quantize('dequantize'),
  affine,
  channels,
];

/** All steps to be measured, those of a kind one after the other; each works in the memory of kernels of its own. */
export function* plainSteps(makeKernels: () => Promise<Kernels>): Generator<() => Promise<[Kernels, PlainStep]>> {
  for (const make of makers) {
    for (const [channels, size] of planes) {
      yield async () => {
        const kernels = await makeKernels();
        return [kernels, make(kernels, channels, size)];
      };
    }
  }
}
