/** Windows of Conv and of the pools from their attributes, and the sizes that they give. */

import { elementCount, type Node } from '../../ir/index.ts';
import { misfit, printDims, unsupported } from '../../ops/arithmetic/errors.ts';
import { type AxisWindow, positions, span, windowsOf } from '../../ops/arithmetic/window.ts';
import type { Window } from '../kernels/kernels.ts';

type Pair = readonly [number, number];

/** Along the axis that a signal of one dimension does not have. */
const single: AxisWindow = { kernel: 1, stride: 1, dilation: 1, before: 0, after: 0 };

function axesOf({ kernel, strides, dilations, pads }: Window): [AxisWindow, AxisWindow] {
  const axis = (i: 0 | 1): AxisWindow => ({
    ...{ kernel: kernel[i], stride: strides[i], dilation: dilations[i] },
    ...{ before: pads[i], after: pads[i + 2]! },
  });
  return [axis(0), axis(1)];
}

/** The window of a node over an image of `size`; `kernel` as the attribute or the weights give it. */
export function readWindow(node: Node, size: Pair, rank: number, kernel: readonly number[]): Window {
  if (rank !== 1 && rank !== 2) throw unsupported(node, 'images of one or two dimensions', rank);
  const axes = windowsOf(node, size.slice(-rank), kernel);
  const [vertical, horizontal] = [single, ...axes].slice(-2) as [AxisWindow, AxisWindow];
  const pads = [vertical.before, horizontal.before, vertical.after, horizontal.after] as const;
  // a wider border computes nothing but the bias, and a damaged one would fill the memory
  const most = Math.max(...axes.map(span));
  if (!pads.every((pad) => pad >= 0 && pad <= most)) {
    throw unsupported(node, `pads from 0 to the kernel's extent ${most}`, printDims(pads));
  }
  return {
    kernel: [vertical.kernel, horizontal.kernel],
    strides: [vertical.stride, horizontal.stride],
    dilations: [vertical.dilation, horizontal.dilation],
    pads,
  };
}

/** Height and width that a window gives; with `ceil`, a last window may stick out of the padded image. */
export function outputSize(node: Node, size: Pair, window: Window, ceil = false): Pair {
  const [height, width] = axesOf(window).map((axis, i) => positions(node, size[i]!, axis, ceil)) as [number, number];
  return [height, width];
}

/** Channels, height and width of the dimensions of one image; others are refused. */
export function imageSize(node: Node, dims: readonly number[]): { channels: number; size: Pair; rank: number } {
  const [batch, channels, ...space] = dims;
  if (batch !== 1 || channels === undefined || space.length < 1 || space.length > 2) {
    throw unsupported(node, 'one image [1, channels, height, width]', printDims(dims));
  }
  if (elementCount(dims) === 0) throw misfit(node, 'an image with pixels', printDims(dims));
  return { channels, size: [space.length === 1 ? 1 : space[0]!, space.at(-1)!], rank: space.length };
}
