/**
 * Depthwise convolution in the batch-last layout on large maps, where the matrices of `depthwise.ts` would be mostly
 * zeros: as the runtime's own grouped convolution. The batch lies next to the columns, so that a step of one column is a
 * dilation by B in an image of `W B` columns.
 *
 * A stride of s has no such form. It is taken apart: the rows r = p, p + s, ... of x (and likewise the columns) are a
 * plane of their own, on which the kernel's rows i with i - pad = p (mod s) act with stride 1; y is the sum over planes,
 * and dx is put together from its planes.
 *
 * Here, too, the weights' gradient from patches: one copy of x per kernel position, times dy.
 */

import { int, ints, type Value } from '../ir/index.ts';
import type { Builder } from './builder.ts';
import { type DepthwiseGeometry, type Direction, sizes } from './depthwise-geometry.ts';

/** Predicted nanoseconds on one Zen 4 core; only their proportions matter. */
const cost = { convolvedElement: 2.2, planeElement: 3.2, patchElement: 1.1, stridedPatchElement: 2.2 };

/** Along one axis: the lines of x that one plane has, and the kernel's taps that act on them. */
interface Plane {
  /** First line of x, and how many there are, a stride apart. */
  readonly start: number;
  readonly size: number;
  /** First tap, and how many there are, a stride apart. */
  readonly tap: number;
  readonly taps: number;
  /** Padding before and after for y from the plane, and for the plane of dx from dy. */
  readonly forward: readonly [number, number];
  readonly backward: readonly [number, number];
}

function planesAlong(g: DepthwiseGeometry, axis: 0 | 1): Plane[] {
  const [input, output, kernel] = [g.input[axis], g.output[axis], g.kernel[axis]];
  const [stride, pad] = [g.strides[axis], g.pads[axis]];
  return Array.from({ length: stride }, (_, start) => {
    const size = Math.ceil((input - start) / stride);
    const tap = (start + pad) % stride;
    const taps = Math.ceil((kernel - tap) / stride);
    // y line v reads the plane's line v + k - before through tap k
    const before = (start + pad - tap) / stride;
    const opposite = taps - 1 - before;
    return {
      start,
      size,
      tap,
      taps,
      forward: [before, output + taps - 1 - size - before],
      backward: [opposite, size + taps - 1 - output - opposite],
    };
  });
}

const isStrided = (g: DepthwiseGeometry) => g.strides.some((s) => s > 1);

/** Whether there is such a form: every plane has taps and no line that nothing reads, all planes are of one size. */
export function canConvolve(g: DepthwiseGeometry, direction: Direction): boolean {
  return ([0, 1] as const).every((axis) => {
    const planes = planesAlong(g, axis);
    const fits = ({ size, taps, forward, backward }: Plane) =>
      size > 0 && taps > 0 && (direction === 'forward' ? forward : backward).every((p) => p >= 0);
    return planes.every(fits) && g.input[axis] % g.strides[axis] === 0;
  });
}

export function convolutionTime(g: DepthwiseGeometry, direction: Direction): number {
  const { to } = sizes(g, direction);
  if (!isStrided(g)) return g.channels * to[0] * to[1] * g.batch * cost.convolvedElement;
  return g.channels * g.input[0] * g.input[1] * g.batch * cost.planeElement;
}

/** The forward map (y from x) or the transposed one (dx from dy). Only where `canConvolve`. */
export function convolve(b: Builder, g: DepthwiseGeometry, direction: Direction, w: Value, x: Value): Value {
  const [rows, columns] = [planesAlong(g, 0), planesAlong(g, 1)];
  const parts = rows.map((row) =>
    columns.map((column) => {
      if (direction === 'forward') return convolvePlane(b, g, kernelOf(b, g, w, row, column, false), x, row, column);
      return transposePlane(b, g, kernelOf(b, g, w, row, column, true), x, row, column);
    }),
  );
  if (direction === 'backward') return interleave(b, g, parts);
  const all = parts.flat();
  const [height, width] = g.output;
  return b.reshape(all.length > 1 ? b.op('Sum', all) : all[0]!, [g.channels, height, width, g.batch]);
}

/** The taps of one plane `[C, 1, taps, taps]`, backward in reverse order. */
function kernelOf(b: Builder, g: DepthwiseGeometry, w: Value, row: Plane, column: Plane, reversed: boolean): Value {
  const dims = [g.channels, 1, row.taps, column.taps];
  if (!reversed && !isStrided(g)) return b.reshape(w, dims);
  const [down, right] = g.strides;
  if (!reversed) {
    const range = { starts: [row.tap, column.tap], ends: [...g.kernel], axes: [1, 2], steps: [down, right] };
    return b.reshape(b.slice(w, range), dims);
  }
  const last = [row.tap + (row.taps - 1) * down, column.tap + (column.taps - 1) * right];
  const before = -1 << 30;
  const range = { starts: last, ends: [before, before], axes: [1, 2], steps: [-down, -right] };
  return b.reshape(b.slice(w, range), dims);
}

function dilated(
  b: Builder,
  g: DepthwiseGeometry,
  kernel: Value,
  image: Value,
  [top, bottom]: readonly [number, number],
  [left, right]: readonly [number, number],
): Value {
  const [, , kh, kw] = kernel.dims as [number, number, number, number];
  return b.op('Conv', [image, kernel], {
    kernel_shape: ints([kh, kw]),
    group: int(g.channels),
    dilations: ints([1, g.batch]),
    pads: ints([top, left * g.batch, bottom, right * g.batch]),
  });
}

function convolvePlane(b: Builder, g: DepthwiseGeometry, kernel: Value, x: Value, row: Plane, column: Plane): Value {
  const range = { starts: [row.start, column.start], ends: [...g.input], axes: [1, 2], steps: [...g.strides] };
  const plane = isStrided(g) ? b.slice(x, range) : x;
  const image = b.reshape(plane, [1, g.channels, row.size, column.size * g.batch]);
  return dilated(b, g, kernel, image, row.forward, column.forward);
}

function transposePlane(b: Builder, g: DepthwiseGeometry, kernel: Value, dy: Value, row: Plane, column: Plane): Value {
  const image = b.reshape(dy, [1, g.channels, g.output[0], g.output[1] * g.batch]);
  return dilated(b, g, kernel, image, row.backward, column.backward);
}

/** `[C, H, W, B]` from planes of every s-th row and column. */
function interleave(b: Builder, g: DepthwiseGeometry, planes: readonly (readonly Value[])[]): Value {
  const [height, width] = [g.input[0] / g.strides[0], g.input[1] / g.strides[1]];
  const dims = [g.channels, height, 1, width, 1, g.batch];
  const join = (values: readonly Value[], axis: number) => (values.length > 1 ? b.concat(values, axis) : values[0]!);
  if (!isStrided(g)) return b.reshape(planes[0]![0]!, [g.channels, ...g.input, g.batch]);
  const rows = planes.map((row) =>
    join(
      row.map((plane) => b.reshape(plane, dims)),
      4,
    ),
  );
  return b.reshape(join(rows, 2), [g.channels, ...g.input, g.batch]);
}

export function patchesTime(g: DepthwiseGeometry): number {
  const elements = g.channels * g.output[0] * g.output[1] * g.batch * g.kernel[0] * g.kernel[1];
  return elements * (isStrided(g) ? cost.stridedPatchElement : cost.patchElement);
}

/** The weights' gradient `[C, kh, kw]`: `dw[c, k] = sum_p x[c, p shifted by k] dy[c, p]`. */
export function gradientOfPatches(b: Builder, g: DepthwiseGeometry, x: Value, dy: Value): Value {
  const [height, width] = g.output;
  const reach = [0, 1].map((i) => (g.output[i]! - 1) * g.strides[i]! + 1);
  const after = [0, 1].map((i) => Math.max(0, reach[i]! + g.kernel[i]! - 1 - g.pads[i]! - g.input[i]!));
  const around = [0, ...g.pads, 0, 0, after[0]!, after[1]!, 0];
  const padded = around.some((p) => p > 0) ? b.op('Pad', [x, b.i64(around)]) : x;
  const pixels = height * width * g.batch;
  const patches: Value[] = [];
  for (let i = 0; i < g.kernel[0]; i++) {
    for (let j = 0; j < g.kernel[1]; j++) {
      const steps = isStrided(g) ? { steps: [...g.strides] } : {};
      const range = { starts: [i, j], ends: [i + reach[0]!, j + reach[1]!], axes: [1, 2], ...steps };
      patches.push(b.reshape(b.slice(padded, range), [g.channels, 1, pixels]));
    }
  }
  const stacked = patches.length > 1 ? b.concat(patches, 1) : patches[0]!;
  return b.reshape(b.matmul(stacked, b.reshape(dy, [g.channels, pixels, 1])), [g.channels, ...g.kernel]);
}
