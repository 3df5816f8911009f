/**
 * The geometry of sliding windows as gradients need it, with the end pads that make every window exact:
 * `begin + size + end = (windows - 1) stride + (kernel - 1) dilation + 1`. Where the windows do not reach the end of the
 * input, `end` is negative: those elements have no gradient.
 */

import type { Node, Shape } from '../../ir/index.ts';
import { perAxis, span, transposedGeometry, windowsOf } from '../arithmetic/window.ts';
import { gradientError } from './rule.ts';

export interface ExactWindow {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

/** The windows of a Conv or pool with these spatial input and output sizes. */
export function exactWindow(node: Node, input: Shape, output: Shape, kernel: readonly number[]): ExactWindow {
  const size = fixed(node, input);
  const before = windowsOf(node, size, kernel).map((w) => w.before);
  return exact(node, size, fixed(node, output), kernel, before);
}

/** The windows of the Conv whose input gradient this ConvTranspose is: input and output change places. */
export function transposedWindow(node: Node, input: Shape, output: Shape, kernel: readonly number[]): ExactWindow {
  const count = fixed(node, input);
  const before = transposedGeometry(node, count, kernel).map((g) => g.before);
  return exact(node, fixed(node, output), count, kernel, before);
}

function exact(
  node: Node,
  size: readonly number[],
  count: readonly number[],
  kernel: readonly number[],
  begin: readonly number[],
): ExactWindow {
  const strides = perAxis(node, 'strides', kernel.length, 1);
  const dilations = perAxis(node, 'dilations', kernel.length, 1);
  const end = kernel.map((k, i) => {
    const reached = (count[i]! - 1) * strides[i]! + span({ kernel: k, dilation: dilations[i]! });
    return reached - size[i]! - begin[i]!;
  });
  return { kernel, strides, dilations, begin, end };
}

function fixed(node: Node, shape: Shape): readonly number[] {
  if (shape.every((d): d is number => typeof d === 'number')) return shape as readonly number[];
  throw gradientError(node, `expected fixed spatial sizes, found [${shape.join(', ')}]`);
}

/** `end` without the negative entries, as pads of an operator. */
export const endPads = (window: ExactWindow) => window.end.map((p) => Math.max(p, 0));

/** The elements at the end that no window reaches. */
export const unreached = (window: ExactWindow) => window.end.map((p) => Math.max(-p, 0));
