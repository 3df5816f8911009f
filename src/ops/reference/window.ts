/** Sliding windows element by element, for any number of spatial axes. */

import { elementCount } from '../../ir/index.ts';
import { stridesOf } from '../arithmetic/dims.ts';
import type { AxisWindow } from '../arithmetic/window.ts';
import { count } from './arrays.ts';

/** One element of a window: its place in the kernel and in the plane that the window slides over. */
export interface Tap {
  readonly kernel: number;
  readonly source: number;
}

/** All coordinates of a grid, in row-major order. */
export function coordinates(dims: readonly number[]): number[][] {
  return dims.reduce<number[][]>((all, d) => all.flatMap((c) => count(d).map((k) => [...c, k])), [[]]);
}

/**
 * For each output position, the taps that fall inside a plane of `sizes`: on each axis, tap k of the window at
 * position p reads element `p stride + k dilation - before`.
 */
export function tapsOf(
  sizes: readonly number[],
  positions: readonly number[],
  windows: readonly AxisWindow[],
): Tap[][] {
  const strides = stridesOf(sizes);
  const kernel = coordinates(windows.map((w) => w.kernel));
  return coordinates(positions).map((position) =>
    kernel.flatMap((offset, index) => {
      const at = windows.map((w, i) => position[i]! * w.stride + offset[i]! * w.dilation - w.before);
      const inside = at.every((c, i) => c >= 0 && c < sizes[i]!);
      return inside ? [{ kernel: index, source: at.reduce((s, c, i) => s + c * strides[i]!, 0) }] : [];
    }),
  );
}

/** Elements of each window that lie on the plane or its padding: fewer where rounding up lets it stick out. */
export function paddedCounts(
  sizes: readonly number[],
  positions: readonly number[],
  windows: readonly AxisWindow[],
): number[] {
  return coordinates(positions).map((position) =>
    elementCount(
      windows.map((w, i) => {
        const room = sizes[i]! + w.before + w.after - position[i]! * w.stride;
        return Math.min(w.kernel, Math.ceil(room / w.dilation));
      }),
    ),
  );
}
