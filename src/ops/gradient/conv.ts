/**
 * Gradients of Conv and ConvTranspose, any number of spatial axes, strides, pads, dilations and groups.
 * Shapes: x [N, C, size..], w [M, C/g, kernel..], dy [N, M, windows..].
 */

import { ints, type Value } from '../../ir/index.ts';
import { span } from '../arithmetic/window.ts';
import type { Builder } from '../builder.ts';
import { convAttributes, isPointwise, weightGradient } from './conv-weight.ts';
import { type GradientRule, gradientOfFirst } from './rule.ts';
import { range, reshapeLike, swapAxes, typed } from './shape-tools.ts';
import { type ExactWindow, exactWindow, transposedWindow, unreached } from './window.ts';

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

const channelSum = (b: Builder, dy: Value) => b.reduceSum(dy, [0, ...range(dy.shape.length).slice(2)]);

/**
 * dx = the windows of dy, weighted, added up where they overlap. With stride 1 that is a convolution with the reversed
 * kernel, which runtimes do faster than the general case, ConvTranspose.
 */
function inputGradient(b: Builder, x: Value, w: Value, dy: Value, window: ExactWindow, group: number): Value {
  const dense = window.strides.every((s) => s === 1);
  if (dense && isPointwise(window, group)) return pointwiseInputGradient(b, x, w, dy);
  const reversed = reversedWindow(window);
  if (dense && [...reversed.begin, ...reversed.end].every((p) => p >= 0)) {
    return typed(b.op('Conv', [dy, reversedKernel(b, w, group)], convAttributes(reversed, group)), x.shape);
  }
  const attributes = { ...convAttributes(window, group), output_padding: ints(unreached(window)) };
  return typed(b.op('ConvTranspose', [dy, w], attributes), x.shape);
}

// dX = W' dY, per image
function pointwiseInputGradient(b: Builder, x: Value, w: Value, dy: Value): Value {
  const [m, c] = w.dims as [number, number];
  const pixels = b.reshape(dy, [0, m, -1]);
  return reshapeLike(b, b.matmul(b.transpose(b.reshape(w, [m, c]), [1, 0]), pixels), x);
}

/** The windows of x over dy: an element of x is seen by as many windows as the kernel has elements. */
function reversedWindow(window: ExactWindow): ExactWindow {
  const reach = window.kernel.map((kernel, i) => span({ kernel, dilation: window.dilations[i]! }) - 1);
  const rest = (pads: readonly number[]) => reach.map((r, i) => r - pads[i]!);
  return { ...window, begin: rest(window.begin), end: rest(window.end) };
}

/** w reversed along the spatial axes, with input and output channels of each group exchanged: [C, M/g, kernel..]. */
function reversedKernel(b: Builder, w: Value, group: number): Value {
  const [filters, channels, ...kernel] = w.dims as [number, number, ...number[]];
  const axes = kernel.map((_, i) => i + 2);
  const all = (value: number) => kernel.map(() => value);
  const reversed = typed(b.slice(w, { starts: all(-1), ends: all(-(2 ** 31)), axes, steps: all(-1) }), w.shape);
  if (group === filters && channels === 1) return reversed;
  if (group === 1) return swapAxes(b, reversed, 0, 1);
  const grouped = b.reshape(reversed, [group, filters / group, channels, ...kernel]);
  return b.reshape(swapAxes(b, grouped, 1, 2), [group * channels, filters / group, ...kernel]);
}

/** `x` without the elements at its end that no window reaches. */
function cropEnd(b: Builder, x: Value, window: ExactWindow): Value {
  if (window.end.every((p) => p >= 0)) return x;
  const spatial = window.end.map((_, i) => i + 2);
  const ends = unreached(window).map((n, i) => (x.shape[i + 2] as number) - n);
  return b.slice(x, { starts: spatial.map(() => 0), ends, axes: spatial });
}
