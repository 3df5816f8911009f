/** Elements in other places. */

import { stridesOf } from '../../ops/arithmetic/dims.ts';
import type { Elements } from './elements.ts';

/** y[i, j, ..] = x[indices[0][i], indices[1][j], ..], or `value` where one of the indices is -1. */
export interface Pick {
  readonly run: 'pick';
  /** Of x. */
  readonly dims: readonly number[];
  readonly indices: readonly Int32Array[];
  readonly value: number;
}

export function pick({ dims, indices, value }: Pick, [x]: readonly Elements[], y: Elements): void {
  const strides = stridesOf(dims);
  let at = 0;
  const walk = (axis: number, source: number): void => {
    if (axis === dims.length) {
      y[at++] = source < 0 ? value : x![source]!;
      return;
    }
    const step = strides[axis]!;
    for (const index of indices[axis]!) walk(axis + 1, source < 0 || index < 0 ? -1 : source + index * step);
  };
  walk(0, 0);
}

/** Operands side by side: of each, `widths` elements at a time. */
export interface Join {
  readonly run: 'join';
  readonly outer: number;
  readonly widths: readonly number[];
}

export function join({ outer, widths }: Join, operands: readonly Elements[], y: Elements): void {
  for (let o = 0, at = 0; o < outer; o++) {
    for (const [i, width] of widths.entries()) {
      y.set(operands[i]!.subarray(o * width, (o + 1) * width), at);
      at += width;
    }
  }
}

/** x, in which `block` elements of the second operand at a time stand at `starts`. */
export interface Scatter {
  readonly run: 'scatter';
  readonly starts: Int32Array;
  readonly block: number;
}

export function scatter({ starts, block }: Scatter, [x, updates]: readonly Elements[], y: Elements): void {
  y.set(x!);
  for (const [i, start] of starts.entries()) y.set(updates!.subarray(i * block, (i + 1) * block), start);
}
