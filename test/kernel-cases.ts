/** Cases of kernels with random windows and numbers, for every implementation. */

import fc from 'fast-check';
import {
  type ElementType,
  type PreparedProduct,
  parameterBytes,
  planeStride,
  type Weights,
  type Window,
} from '../src/runtime/kernels/kernels.ts';
import { type KernelCase, type Layout, placeEpilogue, placePlanes } from './kernels-layout.ts';

export interface Shape {
  readonly height: number;
  readonly width: number;
  readonly window: Window;
  readonly channels: number;
  /** Where the computed channels begin and end. */
  readonly range: readonly [number, number];
}

export const small = (min: number, max: number) => fc.integer({ min, max });
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

export const planeShapes: fc.Arbitrary<Shape> = fc
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

export const elementTypes = fc.constantFrom<ElementType>('int8', 'float32');

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

export const depthwiseCase =
  (shape: Shape, type: ElementType, scratchBytes: number): KernelCase =>
  (layout, random) => {
    const { call, output } = placeCall(layout, random, shape, [type, 1]);
    const taps = shape.window.kernel[0] * shape.window.kernel[1];
    const weights = placePlanes(layout, random, { type, planes: shape.channels, stride: taps });
    const size = (type === 'int8' ? 128 * 128 : 1) * Math.sqrt(taps);
    const epilogue = placeEpilogue(layout, random, { type, rows: shape.channels, size });
    const padValue = type === 'int8' ? Math.floor(random() * 256) - 128 : 0;
    const scratch = layout.scratch(scratchBytes);
    return {
      output: { ...output, tolerance: () => 1e-5 * taps },
      call: (kernels) => kernels.depthwise({ ...call, weights, padValue, scratch, epilogue }),
    };
  };

export const patchesCase =
  (shape: Shape, type: ElementType): KernelCase =>
  (layout, random) => {
    const taps = shape.window.kernel[0] * shape.window.kernel[1];
    const { call, output } = placeCall(layout, random, shape, [type, taps]);
    const padValue = Math.floor(random() * 256) - 128;
    return {
      output: { ...output, tolerance: () => 0 },
      call: (kernels) => kernels.patches({ ...call, type, padValue }),
    };
  };

export const poolKinds = fc.constantFrom('average' as const, 'maximum' as const);

export const poolCase =
  (shape: Shape, type: ElementType, kind: 'average' | 'maximum'): KernelCase =>
  (layout, random) => {
    const { call, output } = placeCall(layout, random, shape, [type, 1]);
    const zero = () => Math.floor(random() * 256) - 128;
    const quantization =
      type === 'int8' ? { type, inputZeroPoint: zero(), multiplier: 0.2 + 2 * random(), zeroPoint: zero() } : { type };
    const countPads = random() < 0.5;
    return {
      output: { ...output, tolerance: () => 1e-5 },
      call: (kernels) => kernels.pool({ ...call, kind, countPads, quantization }),
    };
  };

const int8 = fc.integer({ min: -128, max: 127 });
const scale = fc.float({ min: Math.fround(1e-3), max: 4, noNaN: true });

export const additions = fc.record({
  scales: fc.tuple(scale, scale, scale),
  zeroPoints: fc.tuple(int8, int8, int8),
  bounds: fc.tuple(int8, int8),
});
type Addition = typeof additions extends fc.Arbitrary<infer T> ? T : never;

export const additionCase =
  ({ scales, zeroPoints, bounds }: Addition, count: number): KernelCase =>
  (layout, random) => {
    const a = placePlanes(layout, random, { type: 'int8', planes: 1, stride: count });
    const b = placePlanes(layout, random, { type: 'int8', planes: 1, stride: count });
    const y = layout.reserve(count);
    const scratch = layout.scratch(parameterBytes);
    const [lower, upper] = [Math.min(...bounds), Math.max(...bounds)];
    return {
      output: { type: 'int8', address: y, planes: 1, pixels: count, stride: count },
      call: (kernels) => kernels.addInt8({ a, b, y, count, scratch, scales, zeroPoints, lower, upper }),
    };
  };

/** Numbers at which rounding, saturation and what is no number show. */
export const specialFloats = [
  ...[0, -0, 0.5, 1.5, 2.5, -0.5, -1.5, 1e30, -1e30, Number.NaN, Infinity, -Infinity, 127.5, -128.5, 1e-40],
];

export const quantizations = fc.record({ scale, zeroPoint: int8 });
type Quantization = typeof quantizations extends fc.Arbitrary<infer T> ? T : never;

export const quantizeCase =
  ({ scale: s, zeroPoint }: Quantization, values: readonly number[]): KernelCase =>
  (layout) => {
    const count = values.length;
    const x = layout.place(Float32Array.from(values));
    const y = layout.reserve(count);
    return {
      output: { type: 'int8', address: y, planes: 1, pixels: count, stride: count },
      call: (kernels) => kernels.quantize({ x, y, count, scale: s, zeroPoint }),
    };
  };

export const dequantizeCase =
  ({ scale: s, zeroPoint }: Quantization, count: number): KernelCase =>
  (layout, random) => {
    const x = placePlanes(layout, random, { type: 'int8', planes: 1, stride: count });
    const y = layout.reserve(4 * count);
    return {
      output: { type: 'float32', address: y, planes: 1, pixels: count, stride: count, tolerance: () => 0 },
      call: (kernels) => kernels.dequantize({ x, y, count, scale: s, zeroPoint }),
    };
  };

export interface ProductOptions {
  readonly from?: number;
  readonly to?: number;
  readonly floatOutput?: boolean;
  /** Activations that are all equal. */
  readonly constant?: number;
}

/** A product by weights that were packed for what is tested. */
export const productCase =
  (
    { prepared, data: packed }: { readonly prepared: PreparedProduct; readonly data: Uint8Array },
    kind: Weights['kind'],
    pixels: number,
    options: ProductOptions = {},
  ): KernelCase =>
  (layout, random) => {
    const { rows, columns, activations } = prepared;
    const stride = planeStride(pixels);
    const { from = 0, to = pixels } = options;
    const type = activations === 'float32' || options.floatOutput ? 'float32' : 'int8';
    const x = placePlanes(layout, random, { type: activations, planes: columns, stride });
    if (options.constant !== undefined) {
      new Int8Array(layout.bytes.buffer, x, columns * stride).fill(options.constant);
    }
    const size = activations === 'int8' ? 128 * Math.sqrt(columns) : Math.sqrt(columns);
    const epilogue = placeEpilogue(layout, random, { type, rows, size });
    const data = layout.place(packed);
    const y = layout.reserve(rows * stride * 4);
    const scratch = layout.scratch(prepared.scratch);
    // The sum of the magnitudes of all products, at most.
    const magnitude = columns * (activations === 'int8' ? 128 : 1) * (kind === 'int8' ? 128 : 1);
    return {
      output: { type, address: y, planes: rows, pixels, from, to, stride, tolerance: () => 1e-5 * magnitude },
      call: (kernels) =>
        kernels.product(prepared, { data, scratch, x, xStride: stride, y, yStride: stride, from, to, epilogue }),
    };
  };

export const productShapes = fc.record({
  rows: fc.integer({ min: 1, max: 40 }),
  columns: fc.integer({ min: 1, max: 90 }),
  pixels: fc.integer({ min: 1, max: 100 }),
  density: fc.constantFrom(0, 0.05, 0.3, 0.67, 1),
});
