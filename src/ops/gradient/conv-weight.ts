/**
 * The weight gradient of a convolution, dw[m, c, k] = sum over images and windows of dy[m] x[c] at offset k, in three
 * formulations: one matrix product for 1x1 kernels; one product per kernel offset where there are channels enough to
 * fill it; a convolution of x with dy for the rest, groups included.
 * Shapes: x [N, C, size..], w [M, C/g, kernel..], dy [N, M, windows..].
 */

import { int, ints, type Value } from '../../ir/index.ts';
import type { Builder } from '../builder.ts';
import { pad0 } from './movement.ts';
import { range, reshapeLike, swapAxes, typed } from './shape-tools.ts';
import { type ExactWindow, endPads } from './window.ts';

/** Below this many input channels a product per offset is too narrow to pay. */
const minChannels = 16;

export const convAttributes = (window: ExactWindow, group: number) => ({
  strides: ints(window.strides),
  dilations: ints(window.dilations),
  pads: ints([...window.begin, ...endPads(window)]),
  group: int(group),
});

/** A 1x1 convolution without groups or pads: a matrix product per image (of every stride-th pixel). */
export const isPointwise = (window: ExactWindow, group: number) =>
  group === 1 &&
  window.kernel.every((k) => k === 1) &&
  window.begin.every((p) => p === 0) &&
  window.end.every((p) => p <= 0);

export function weightGradient(b: Builder, x: Value, w: Value, dy: Value, window: ExactWindow, group: number): Value {
  const channels = w.dims[1]!;
  if (isPointwise(window, group) || (group === 1 && channels >= minChannels)) return byOffset(b, x, w, dy, window);
  return byConvolution(b, x, w, dy, window, group);
}

/** dW_k = dY X_k', where X_k [C, N windows] is what the windows see of x at kernel offset k. */
function byOffset(b: Builder, x: Value, w: Value, dy: Value, window: ExactWindow): Value {
  const [m, c, ...kernel] = w.dims as [number, number, ...number[]];
  const count = dy.shape.slice(2) as readonly number[];
  const padded = pad0(b, swapAxes(b, x, 0, 1), [0, 0, ...window.begin, 0, 0, ...endPads(window)]);
  const rows = b.reshape(swapAxes(b, dy, 0, 1), [m, -1]);
  const products = offsets(kernel).map((offset) => {
    const starts = offset.map((k, i) => k * window.dilations[i]!);
    const ends = starts.map((s, i) => s + (count[i]! - 1) * window.strides[i]! + 1);
    const whole = ends.every((e, i) => starts[i] === 0 && window.strides[i] === 1 && e === padded.shape[i + 2]);
    const axes = kernel.map((_, i) => i + 2);
    const seen = whole ? padded : b.slice(padded, { starts, ends, axes, steps: window.strides });
    return b.gemm(rows, b.reshape(seen, [c, -1]), { transB: true });
  });
  if (products.length === 1) return b.reshape(products[0]!, w.dims);
  const stacked = b.reshape(b.concat(products, 0), [products.length, m, c]);
  return b.reshape(b.transpose(stacked, [1, 2, 0]), w.dims);
}

/** All positions in a kernel, in row-major order. */
const offsets = (kernel: readonly number[]): number[][] =>
  kernel.reduce<number[][]>((prefixes, k) => prefixes.flatMap((p) => range(k).map((i) => [...p, i])), [[]]);

/**
 * The correlation of x with dy as a convolution in which the images are the channels, dy is the kernel, and strides and
 * dilations change places. Per group: x [C/g, N, size..] * dy [M/g, N, windows..].
 */
function byConvolution(b: Builder, x: Value, w: Value, dy: Value, window: ExactWindow, group: number): Value {
  const swapped = { ...window, strides: window.dilations, dilations: window.strides };
  const images = imagesAsChannels(b, x, group);
  const correlation = b.op('Conv', [images, swapAxes(b, dy, 0, 1)], convAttributes(swapped, group));
  const axes = window.kernel.map((_, i) => i + 2);
  // where the windows do not reach the end of the input there are more offsets than the kernel has
  const exact = window.end.every((p) => p >= 0)
    ? correlation
    : b.slice(correlation, { starts: axes.map(() => 0), ends: window.kernel, axes });
  return reshapeLike(b, typed(swapAxes(b, exact, 0, 1), w.shape), w);
}

/** [N, C, size..] to [C/g, g N, size..]. */
function imagesAsChannels(b: Builder, x: Value, group: number): Value {
  if (group === 1) return swapAxes(b, x, 0, 1);
  const channels = (x.shape[1] as number) / group;
  const size = x.shape.slice(2) as readonly number[];
  const grouped = b.reshape(x, [-1, group, channels, ...size]);
  const perm = [2, 1, 0, ...size.map((_, i) => i + 3)];
  return b.reshape(b.transpose(grouped, perm), [channels, -1, ...size]);
}
