/**
 * Gradients of Conv and ConvTranspose, any number of spatial axes, strides, pads, dilations and groups.
 * Shapes: x [N, C, size..], w [M, C/g, kernel..], dy [N, M, windows..].
 */

import { int, ints, type Value } from '../../ir/index.ts';
import type { Builder } from '../builder.ts';
import { type GradientRule, gradientOfFirst } from './rule.ts';
import { range, reshapeLike, swapAxes, typed } from './shape-tools.ts';
import { type ExactWindow, endPads, exactWindow, transposedWindow, unreached } from './window.ts';

export const conv: GradientRule = (context) => {
  const { node, b, needs } = context;
  const dy = gradientOfFirst(context);
  const [x, w] = [node.input(0), node.input(1)];
  const window = exactWindow(node, x.shape.slice(2), node.output().shape.slice(2), w.dims.slice(2));
  const group = node.int('group', 1);
  return [
    needs(0) ? inputGradient(b, x, w, dy, window, group) : null,
    needs(1) ? weightGradient(b, x, w, dy, window, group) : null,
    needs(2) ? channelSum(b, dy) : null, // dbias = sum of dy over images and pixels
  ];
};

/** ConvTranspose is the input gradient of a Conv, so its own gradients are that Conv's output and weight gradient. */
export const convTranspose: GradientRule = (context) => {
  const { node, b, needs } = context;
  const dy = gradientOfFirst(context);
  const [x, w] = [node.input(0), node.input(1)];
  const window = transposedWindow(node, x.shape.slice(2), node.output().shape.slice(2), w.dims.slice(2));
  const group = node.int('group', 1);
  const dx = () => typed(b.op('Conv', [cropEnd(b, dy, window), w], convAttributes(window, group)), x.shape);
  return [
    needs(0) ? dx() : null,
    needs(1) ? weightGradient(b, dy, w, x, window, group) : null,
    needs(2) ? channelSum(b, dy) : null,
  ];
};

const convAttributes = (window: ExactWindow, group: number) => ({
  strides: ints(window.strides),
  dilations: ints(window.dilations),
  pads: ints([...window.begin, ...endPads(window)]),
  group: int(group),
});

const channelSum = (b: Builder, dy: Value) => b.reduceSum(dy, [0, ...range(dy.shape.length).slice(2)]);

const allOnes = (values: readonly number[]) => values.every((v) => v === 1);
const allZero = (values: readonly number[]) => values.every((v) => v === 0);

/** A 1x1 convolution without groups or pads: a matrix product per image (of every stride-th pixel). */
const isPointwise = (window: ExactWindow, group: number) =>
  group === 1 && allOnes(window.kernel) && allZero(window.begin) && window.end.every((p) => p <= 0);

/** dx = the windows of dy, weighted, added up where they overlap. */
function inputGradient(b: Builder, x: Value, w: Value, dy: Value, window: ExactWindow, group: number): Value {
  if (isPointwise(window, group) && allOnes(window.strides)) return pointwiseInputGradient(b, x, w, dy);
  const attributes = { ...convAttributes(window, group), output_padding: ints(unreached(window)) };
  return typed(b.op('ConvTranspose', [dy, w], attributes), x.shape);
}

// dX = W' dY, per image
function pointwiseInputGradient(b: Builder, x: Value, w: Value, dy: Value): Value {
  const [m, c] = w.dims as [number, number];
  const pixels = b.reshape(dy, [0, m, -1]);
  return reshapeLike(b, b.matmul(b.transpose(b.reshape(w, [m, c]), [1, 0]), pixels), x);
}

/**
 * dw = correlation of x with dy, summed over the images: a convolution in which the images are the channels, dy is the
 * kernel, and strides and dilations change places. Per group j: x [C/g, N, size..] * dy [M/g, N, windows..].
 */
function weightGradient(b: Builder, x: Value, w: Value, dy: Value, window: ExactWindow, group: number): Value {
  if (isPointwise(window, group)) return pointwiseWeightGradient(b, x, w, dy, window);
  const swapped = { ...window, strides: window.dilations, dilations: window.strides };
  const images = imagesAsChannels(b, x, group);
  const correlation = b.op('Conv', [images, swapAxes(b, dy, 0, 1)], convAttributes(swapped, group));
  const spatial = range(window.kernel.length).map((i) => i + 2);
  // where the windows do not reach the end of the input there are more offsets than the kernel has
  const exact = window.end.every((p) => p >= 0)
    ? correlation
    : b.slice(correlation, { starts: spatial.map(() => 0), ends: window.kernel, axes: spatial });
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

// dW = dY X', all images side by side
function pointwiseWeightGradient(b: Builder, x: Value, w: Value, dy: Value, window: ExactWindow): Value {
  const [m, c] = w.dims as [number, number];
  const spatial = window.strides.map((_, i) => i + 2);
  const read = allOnes(window.strides)
    ? x
    : b.slice(x, {
        starts: spatial.map(() => 0),
        ends: x.shape.slice(2) as readonly number[],
        axes: spatial,
        steps: window.strides,
      });
  const rows = (value: Value, n: number) => b.reshape(swapAxes(b, value, 0, 1), [n, -1]);
  return b.reshape(b.gemm(rows(dy, m), rows(read, c), { transB: true }), w.dims);
}

/** `x` without the elements at its end that no window reaches. */
function cropEnd(b: Builder, x: Value, window: ExactWindow): Value {
  if (window.end.every((p) => p >= 0)) return x;
  const spatial = window.end.map((_, i) => i + 2);
  const ends = unreached(window).map((n, i) => (x.shape[i + 2] as number) - n);
  return b.slice(x, { starts: spatial.map(() => 0), ends, axes: spatial });
}
