/**
 * Layers of TensorFlow's formats as nodes: images are [N, H, W, C], and SAME padding is what makes the output
 * ceil(size / stride), with the odd pixel behind. Each layer goes between two transpositions, which `passes/normalize`
 * removes; sizes that are open get `auto_pad`.
 */

import { type Attributes, type Dim, ints, str, type Tensor, TritbankError, type Value } from '../ir/index.ts';
import type { Builder } from './builder.ts';

/** What a layer sees at once, as [height, width]. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: 'SAME' | 'VALID';
}

export const toChannelsFirst = (b: Builder, x: Value): Value => b.transpose(x, [0, 3, 1, 2]);
export const toChannelsLast = (b: Builder, y: Value): Value => b.transpose(y, [0, 2, 3, 1]);

/** Elements before and after an axis under SAME padding. */
export function samePads(size: number, kernel: number, stride: number, dilation: number): [number, number] {
  const span = (kernel - 1) * dilation + 1;
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + span - size);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** E_FORMAT for strides and dilations that are none. */
function checkWindow({ kernel, strides, dilations }: Window): void {
  const numbers = [...kernel, ...strides, ...dilations];
  if (numbers.every((n) => Number.isInteger(n) && n >= 1 && n < 2 ** 20)) return;
  throw new TritbankError('E_FORMAT', '', `expected a window of at least 1, found ${numbers.join(', ')}`);
}

function padding(sizes: readonly Dim[], { kernel, strides, dilations, padding }: Window): Attributes {
  if (padding === 'VALID') return {};
  const pads = sizes.map((size, i) =>
    typeof size === 'number' ? samePads(size, kernel[i]!, strides[i]!, dilations[i]!) : undefined,
  );
  if (!pads.every((pad) => pad !== undefined)) return { auto_pad: str('SAME_UPPER') };
  const all = [...pads.map(([before]) => before), ...pads.map(([, after]) => after)];
  return all.every((pad) => pad === 0) ? {} : { pads: ints(all) };
}

/** The attributes of Conv and of pools over images of these sizes. */
export function windowAttributes(sizes: readonly Dim[], window: Window): Attributes {
  checkWindow(window);
  const { kernel, strides, dilations } = window;
  return {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    ...(dilations.some((d) => d !== 1) && { dilations: ints(dilations) }),
    ...padding(sizes, window),
  };
}

/**
 * Attributes of a ConvTranspose whose output has `sizes` of its axes: what a convolution by this window makes of `sizes`
 * is its input.
 */
export function transposedAttributes(inputs: readonly number[], sizes: readonly number[], window: Window): Attributes {
  checkWindow(window);
  const { kernel, strides } = window;
  const full = inputs.map((size, i) => (size - 1) * strides[i]! + kernel[i]!);
  const crop = full.map((size, i) => Math.max(0, size - sizes[i]!));
  const before = crop.map((total) => Math.floor(total / 2));
  const extra = full.map((size, i) => Math.max(0, sizes[i]! - size));
  return {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    pads: ints([...before, ...crop.map((total, i) => total - before[i]!)]),
    ...(extra.some((n) => n > 0) && { output_padding: ints(extra) }),
  };
}

/** A constant with its axes in another order: axis i of the result is axis `perm[i]`. */
export function permuteTensor<T extends Tensor>(tensor: T, perm: readonly number[]): T {
  const { dims, data } = tensor;
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((a, b) => a * b, 1));
  const [outer, steps] = [perm.map((axis) => dims[axis]!), perm.map((axis) => strides[axis]!)];
  const result = (data as Float32Array).slice();
  const place = new Array<number>(perm.length).fill(0);
  for (let i = 0, from = 0; i < result.length; i++) {
    result[i] = (data as Float32Array)[from]!;
    // the next place in row-major order of the result
    for (let axis = perm.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++place[axis]! < outer[axis]!) break;
      from -= steps[axis]! * outer[axis]!;
      place[axis] = 0;
    }
  }
  return { ...tensor, dims: outer, data: result };
}

/** A ratio that gives exactly `to` when `from` is multiplied by it in single precision and rounded down. */
const exactScale = (from: number, to: number): number | undefined =>
  Math.floor(from * Math.fround(to / from)) === to ? Math.fround(to / from) : undefined;

/** An image [N, C, H, W] in another size. */
export function resizeFirst(
  b: Builder,
  x: Value,
  sizes: { readonly from: readonly number[]; readonly to: readonly number[] },
  attributes: { readonly mode: string; readonly coordinates: string; readonly nearest?: string },
): Value {
  const all: Attributes = {
    mode: str(attributes.mode),
    coordinate_transformation_mode: str(attributes.coordinates),
    ...(attributes.nearest && { nearest_mode: str(attributes.nearest) }),
  };
  const scales = sizes.from.map((from, i) => exactScale(from, sizes.to[i]!));
  const isExact = scales.every((scale) => scale !== undefined);
  const factors: Tensor = { dtype: 'float32', dims: [4], data: Float32Array.of(1, 1, ...(scales as number[])) };
  return isExact
    ? b.op('Resize', [x, undefined, b.constant('scales', factors)], all)
    : b.op('Resize', [x, undefined, undefined, b.i64(sizes.to)], { ...all, axes: ints([2, 3]) });
}
