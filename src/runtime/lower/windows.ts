/** Windows of Conv and of the pools from their attributes, and the sizes that they give. */

import { elementCount, type Node } from '../../ir/index.ts';
import { misfit, printDims, unsupported } from '../errors.ts';
import type { Window } from '../kernels/kernels.ts';

type Pair = readonly [number, number];
type Pads = Window['pads'];

/** Two numbers of an attribute; one for a signal of one dimension, whose height is 1. */
function pair(node: Node, name: string, rank: number, fallback: number, given?: readonly number[]): Pair {
  const values = given ?? node.ints(name, new Array<number>(rank).fill(fallback));
  if (values.length !== rank) throw misfit(node, `${rank} ${name}`, printDims(values));
  if (values.some((v) => !Number.isInteger(v) || v < 1)) throw misfit(node, `${name} of at least 1`, printDims(values));
  return rank === 1 ? [1, values[0]!] : [values[0]!, values[1]!];
}

function explicitPads(node: Node, rank: number): Pads {
  const values = node.ints('pads', new Array<number>(2 * rank).fill(0));
  if (values.length !== 2 * rank) throw misfit(node, `${2 * rank} pads`, printDims(values));
  if (values.some((v) => v < 0)) throw unsupported(node, 'pads of at least 0', printDims(values));
  return rank === 1 ? [0, values[0]!, 0, values[1]!] : (values as unknown as Pads);
}

/** Pads that give ceil(size / stride) outputs; an odd one goes to the end for SAME_UPPER. */
function samePads(size: Pair, extent: Pair, strides: Pair, isUpper: boolean): Pads {
  const [vertical, horizontal] = [0, 1].map((i) => {
    const out = Math.ceil(size[i]! / strides[i]!);
    const all = Math.max(0, (out - 1) * strides[i]! + extent[i]! - size[i]!);
    const less = Math.floor(all / 2);
    return isUpper ? [less, all - less] : [all - less, less];
  }) as [[number, number], [number, number]];
  return [vertical[0], horizontal[0], vertical[1], horizontal[1]];
}

export const extentOf = ({ kernel, dilations }: Pick<Window, 'kernel' | 'dilations'>): Pair => [
  (kernel[0] - 1) * dilations[0] + 1,
  (kernel[1] - 1) * dilations[1] + 1,
];

/** The window of a node over an image of `size`, its kernel given by an attribute or by the weights. */
export function readWindow(node: Node, size: Pair, rank: number, kernelDims?: readonly number[]): Window {
  if (rank !== 1 && rank !== 2) throw unsupported(node, 'images of one or two dimensions', rank);
  const kernel = pair(node, 'kernel_shape', rank, 1, kernelDims);
  const strides = pair(node, 'strides', rank, 1);
  const dilations = pair(node, 'dilations', rank, 1);
  const extent = extentOf({ kernel, dilations });
  const automatic = node.string('auto_pad', 'NOTSET');
  const isSame = automatic === 'SAME_UPPER' || automatic === 'SAME_LOWER';
  if (!isSame && automatic !== 'NOTSET' && automatic !== 'VALID') throw misfit(node, 'a known auto_pad', automatic);
  const none: Pads = [0, 0, 0, 0];
  const pads = isSame
    ? samePads(size, extent, strides, automatic === 'SAME_UPPER')
    : automatic === 'VALID'
      ? none
      : explicitPads(node, rank);
  // a wider border computes nothing but the bias, and a damaged one would fill the memory
  const [most] = [Math.max(...extent)];
  if (pads.some((pad) => pad > most))
    throw unsupported(node, `pads of at most the kernel's extent ${most}`, printDims(pads));
  return { kernel, strides, dilations, pads };
}

/** Height and width that a window gives; with `ceil`, a last window may stick out of the padded image. */
export function outputSize(node: Node, size: Pair, window: Window, ceil = false): Pair {
  const extent = extentOf(window);
  const [top, left, bottom, right] = window.pads;
  const sizes = [0, 1].map((i) => {
    const begin = i === 0 ? top : left;
    const padded = size[i]! + begin + (i === 0 ? bottom : right);
    const steps = (padded - extent[i]!) / window.strides[i]!;
    const count = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // a window that begins in the padding at the end is left out
    return ceil && (count - 1) * window.strides[i]! >= size[i]! + begin ? count - 1 : count;
  }) as [number, number];
  if (sizes[0] >= 1 && sizes[1] >= 1) return sizes;
  throw misfit(node, `an image of at least ${printDims(extent)}`, printDims(size));
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
