/**
 * Sliding windows of convolutions and pools: kernel, stride, dilation and padding per spatial axis, as the attributes
 * or `auto_pad` give them.
 */

import type { Dim, Node } from '../../ir/index.ts';
import { misfit } from './errors.ts';

/** A window along one spatial axis. */
export interface AxisWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the first and after the last element. */
  readonly before: number;
  readonly after: number;
}

/** Elements that a window spans: `dilation (kernel - 1) + 1`. */
export const span = (w: Pick<AxisWindow, 'kernel' | 'dilation'>) => w.dilation * (w.kernel - 1) + 1;

const autoPads = ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'];

/** An int-list attribute with one entry per spatial axis. */
export function perAxis(node: Node, name: string, rank: number, fallback: number): readonly number[] {
  const values = node.ints(name, new Array<number>(rank).fill(fallback));
  if (values.length !== rank) throw misfit(node, `${rank} ${name}`, values.length);
  return values;
}

/** Padding before all axes, then after all axes, as the attribute has it; zeros when absent. */
export function explicitPads(node: Node, rank: number): readonly number[] {
  const pads = node.ints('pads', new Array<number>(2 * rank).fill(0));
  if (pads.length !== 2 * rank) throw misfit(node, `${2 * rank} pads`, pads.length);
  return pads;
}

/**
 * The windows of a convolution or pool over `sizes`. With `auto_pad` SAME_*, `ceil(size / stride)` positions remain;
 * for a symbolic size and a stride above 1 its padding is unknown and given as NaN.
 */
export function windowsOf(node: Node, sizes: readonly Dim[], kernel: readonly number[]): AxisWindow[] {
  const rank = sizes.length;
  if (kernel.length !== rank) throw misfit(node, `a kernel of rank ${rank}`, kernel.length);
  const strides = perAxis(node, 'strides', rank, 1);
  const dilations = perAxis(node, 'dilations', rank, 1);
  // sizes are divided by them
  const odd = [...kernel, ...strides, ...dilations].find((value) => !(value >= 1));
  if (odd !== undefined) throw misfit(node, 'kernel, strides and dilations of at least 1', odd);
  const autoPad = node.string('auto_pad', 'NOTSET');
  if (!autoPads.includes(autoPad)) throw misfit(node, `auto_pad one of ${autoPads.join(', ')}`, autoPad);
  const pads = autoPad === 'NOTSET' ? explicitPads(node, rank) : [];
  return sizes.map((size, i) => {
    const w = { kernel: kernel[i]!, stride: strides[i]!, dilation: dilations[i]! };
    if (autoPad === 'NOTSET') return { ...w, before: pads[i]!, after: pads[rank + i]! };
    if (autoPad === 'VALID') return { ...w, before: 0, after: 0 };
    const positions = typeof size === 'number' ? Math.ceil(size / w.stride) : Number.NaN;
    const missing = w.stride === 1 ? span(w) - 1 : Math.max(0, (positions - 1) * w.stride + span(w) - (size as number));
    const small = Math.floor(missing / 2);
    return autoPad === 'SAME_LOWER'
      ? { ...w, before: missing - small, after: small }
      : { ...w, before: small, after: missing - small };
  });
}

/**
 * Positions of a window along an axis: `floor((size + before + after - span) / stride) + 1`, rounded up instead with
 * `ceil`, where a window that would start beyond input and left padding is dropped. Undefined for a symbolic size
 * unless the window keeps it.
 */
export function positions(node: Node, size: Dim, w: AxisWindow, ceil = false): Dim | undefined {
  const slack = w.before + w.after - span(w);
  if (typeof size === 'string') return w.stride === 1 && slack === -1 ? size : undefined;
  if (size + slack < 0) {
    throw misfit(node, `a window of at most ${size + w.before + w.after} elements`, span(w));
  }
  if (!ceil) return Math.floor((size + slack) / w.stride) + 1;
  const count = Math.ceil((size + slack) / w.stride) + 1;
  return (count - 1) * w.stride >= size + w.before ? count - 1 : count;
}

/** Output sizes of a transposed convolution, and the padding cropped before and after each axis. */
export function transposedGeometry(
  node: Node,
  sizes: readonly number[],
  kernel: readonly number[],
): { readonly size: number; readonly before: number; readonly after: number }[] {
  const rank = sizes.length;
  const strides = perAxis(node, 'strides', rank, 1);
  const dilations = perAxis(node, 'dilations', rank, 1);
  const extra = perAxis(node, 'output_padding', rank, 0);
  const pads = explicitPads(node, rank);
  const autoPad = node.string('auto_pad', 'NOTSET');
  const wanted = node.has('output_shape') ? node.ints('output_shape').slice(-rank) : undefined;
  return sizes.map((size, i) => {
    const full = strides[i]! * (size - 1) + extra[i]! + span({ kernel: kernel[i]!, dilation: dilations[i]! });
    if (!wanted && !autoPad.startsWith('SAME')) {
      const [before, after] = autoPad === 'VALID' ? [0, 0] : [pads[i]!, pads[rank + i]!];
      return { size: full - before - after, before, after };
    }
    const target = wanted?.[i] ?? size * strides[i]!;
    const crop = Math.max(0, full - target);
    const small = Math.floor(crop / 2);
    const before = autoPad === 'SAME_UPPER' ? small : crop - small;
    return { size: target, before, after: crop - before };
  });
}
