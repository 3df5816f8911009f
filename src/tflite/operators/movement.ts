/** Operators that move, join, cut or repeat, and sums over axes. */

import { int, str, toNumbers, type Value } from '../../ir/index.ts';
import { resizeFirst, toChannelsFirst, toChannelsLast } from '../../ops/channels-last.ts';
import type { Context, Rule } from '../context.ts';

/**
 * To the sizes that the file declares for the result: those of a constant, or what a file computes of the input's own
 * sizes. The first axis stays what it is, or is what is left.
 */
export const reshape: Rule = (c) => {
  const [from, to] = [c.sizes(0), c.output().shape];
  if (to.length === 0) return c.b.reshape(c.x(), []);
  if (from.length > 0 && from[0] === to[0]) return c.b.reshape(c.x(), [0, ...to.slice(1)]);
  return c.b.reshape(c.x(), [-1, ...to.slice(1)]);
};

export const squeeze: Rule = (c) => {
  const shape = c.sizes(0);
  const given = c.axes(c.int32s(0), shape.length);
  return c.squeeze(c.x(), given.length > 0 ? given : shape.flatMap((size, i) => (size === 1 ? [i] : [])));
};

export const expandDims: Rule = (c) => c.unsqueeze(c.x(), c.axes(c.numbers(1), c.sizes(0).length + 1));
export const transpose: Rule = (c) => c.b.transpose(c.x(), c.axes(c.numbers(1), c.sizes(0).length));
export const broadcastTo: Rule = (c) => c.op('Expand', [c.x(), c.b.i64(c.output().shape)]);
export const tile: Rule = (c) => c.op('Tile', [c.x(), c.b.i64(c.numbers(1))]);
export const shape: Rule = (c) => c.op('Shape', [c.x()]);

export const concatenation: Rule = (c) => c.b.concat(c.inputs(), c.axes([c.int32(0)], c.output().shape.length)[0]!);

export const pack: Rule = (c) => {
  const [axis] = c.axes([c.int32(1)], c.output().shape.length) as [number];
  const parts = c.inputs().map((x) => c.unsqueeze(x, [axis]));
  return c.b.concat(parts, axis);
};

function splitInto(c: Context, x: Value, sizes: readonly number[], axis: number): readonly Value[] {
  const count = c.operator.outputs.length;
  if (sizes.length !== count) throw c.fail(`${sizes.length} outputs`, `${count}`);
  const { outputs } = c.b.node('Split', [x, c.b.i64(c.whole(sizes))], { axis: int(axis) }, count);
  return outputs as Value[];
}

export const unpack: Rule = (c) => {
  const [axis] = c.axes([c.int32(1)], c.sizes(0).length) as [number];
  const count = c.operator.outputs.length;
  return splitInto(c, c.x(), new Array<number>(count).fill(1), axis).map((part) => c.squeeze(part, [axis]));
};

/** Inputs: the axis, the value. */
export const split: Rule = (c) => {
  const [axis] = c.axes(c.numbers(0), c.sizes(1).length) as [number];
  const count = c.operator.outputs.length;
  return splitInto(c, c.x(1), new Array<number>(count).fill(c.sizes(1)[axis]! / count), axis);
};

/** Inputs: the value, sizes, the axis; -1 is what is left. */
export const splitV: Rule = (c) => {
  const [axis] = c.axes(c.numbers(2), c.sizes(0).length) as [number];
  const given = c.numbers(1);
  const known = given.filter((size) => size >= 0).reduce((a, b) => a + b, 0);
  const sizes = given.map((size) => (size < 0 ? c.sizes(0)[axis]! - known : size));
  return splitInto(c, c.x(0), sizes, axis);
};

export const gather: Rule = (c) => {
  if (c.int32(1) !== 0) throw c.fail('no batch axes', `${c.int32(1)}`);
  const [axis] = c.axes([c.int32(0)], c.sizes(0).length) as [number];
  return c.op('Gather', [c.x(0), c.x(1)], { axis: int(axis) });
};

interface Part {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

const openEnd = 2 ** 31 - 1;

function cut(c: Context, x: Value, parts: readonly Part[]): Value {
  if (parts.length === 0) return x;
  return c.b.slice(x, {
    starts: parts.map(({ start }) => start),
    ends: parts.map(({ end }) => end),
    axes: parts.map(({ axis }) => axis),
    steps: parts.map(({ step }) => step),
  });
}

/** Inputs: the value, begin, size; -1 is all that follows. */
export const slice: Rule = (c) => {
  const [begin, size, sizes] = [c.numbers(1), c.numbers(2), c.sizes(0)];
  const parts = begin.map((start, axis) => {
    const end = size[axis]! < 0 ? openEnd : start + size[axis]!;
    return { axis, start, end: end === sizes[axis] ? openEnd : end, step: 1 };
  });
  return cut(
    c,
    c.x(),
    parts.filter(({ start, end }) => start !== 0 || end !== openEnd),
  );
};

/** Inputs: the value, begin, end, strides; bits of the masks open a begin or an end, or drop an axis of one element. */
export const stridedSlice: Rule = (c) => {
  const [begin, end, strides, sizes] = [c.numbers(1), c.numbers(2), c.numbers(3), c.sizes(0)];
  const [beginMask, endMask, ellipsis, added, shrunk] = [0, 1, 2, 3, 4].map((field) => c.int32(field)) as number[];
  if (ellipsis !== 0 || added !== 0) throw c.fail('a slice without new axes or an ellipsis', 'one with them');
  const has = (mask: number, axis: number) => ((mask >> axis) & 1) === 1;
  const parts = begin.map((from, axis): Part => {
    const step = strides[axis]!;
    if (has(shrunk!, axis)) {
      return { axis, start: from, end: from === -1 ? openEnd : from + 1, step: 1 };
    }
    const start = has(beginMask!, axis) ? (step > 0 ? 0 : openEnd) : from;
    const given = c.bool(5) ? from + end[axis]! : end[axis]!;
    const isOpen = has(endMask!, axis) || (step > 0 && given === sizes[axis]);
    return { axis, start, end: isOpen ? (step > 0 ? openEnd : -openEnd) : given, step };
  });
  const isWhole = ({ start, end, step }: Part) => start === 0 && end === openEnd && step === 1;
  const y = cut(
    c,
    c.x(),
    parts.filter((part) => !isWhole(part)),
  );
  const dropped = begin.flatMap((_, axis) => (has(shrunk!, axis) ? [axis] : []));
  return dropped.length > 0 ? c.squeeze(y, dropped) : y;
};

/** Elements before and after each axis, from pairs. */
const padsOf = (pairs: readonly number[]): number[] => [
  ...pairs.filter((_, i) => i % 2 === 0),
  ...pairs.filter((_, i) => i % 2 === 1),
];

export const pad: Rule = (c) => {
  const value = c.has(2) ? c.constant(2) : undefined;
  if (c.has(2) && !value) throw c.fail('a constant value to pad with', 'one that is computed');
  const filling = value && c.b.scalar(toNumbers(value)[0] ?? 0);
  return c.op('Pad', [c.x(), c.b.i64(padsOf(c.numbers(1))), filling]);
};

export const mirrorPad: Rule = (c) => {
  const pads = padsOf(c.numbers(1));
  const isSymmetric = c.int8(0) === 1;
  // one repeated pixel is the edge
  if (isSymmetric && pads.some((n) => n > 1)) throw c.fail('symmetric padding of one pixel', `${Math.max(...pads)}`);
  return c.op('Pad', [c.x(), c.b.i64(pads)], { mode: str(isSymmetric ? 'edge' : 'reflect') });
};

export const reduce =
  (op: string): Rule =>
  (c) =>
    c.b.reduce(op, c.x(), c.axes(c.numbers(1), c.sizes(0).length), c.bool(0));

export const argMax: Rule = (c) => {
  const [axis] = c.axes(c.numbers(1), c.sizes(0).length) as [number];
  return c.op('ArgMax', [c.x()], { axis: int(axis), keepdims: int(0) });
};

/** Blocks of pixels to channels, or back. */
export const blocks =
  (op: string): Rule =>
  (c) => {
    c.sizes(0, 4);
    return toChannelsLast(c.b, c.op(op, [toChannelsFirst(c.b, c.x())], { blocksize: int(c.int32(0)) }));
  };

const resize =
  (mode: string, fields: { readonly corners: number; readonly centers: number }): Rule =>
  (c) => {
    const sizes = { from: c.sizes(0, 4).slice(1, 3), to: c.output().shape.slice(1, 3) };
    const [corners, centers] = [c.bool(fields.corners), c.bool(fields.centers)];
    const coordinates = corners ? 'align_corners' : centers ? 'half_pixel' : 'asymmetric';
    const nearest = mode === 'nearest' && { nearest: corners || centers ? 'round_prefer_ceil' : 'floor' };
    const x = toChannelsFirst(c.b, c.x());
    return toChannelsLast(c.b, resizeFirst(c.b, x, sizes, { mode, coordinates, ...(nearest || {}) }));
  };

export const resizeBilinear = resize('linear', { corners: 2, centers: 3 });
export const resizeNearest = resize('nearest', { corners: 0, centers: 1 });

/** [N, H, W, C] with pads to [N b b, H / b, W / b, C]: how older converters wrote dilated convolutions. */
export const spaceToBatch: Rule = (c) => {
  const [bh, bw] = twoBlocks(c);
  const [top, bottom, left, right] = c.numbers(2) as [number, number, number, number];
  const [, height, width, channels] = c.sizes(0, 4) as [number, number, number, number];
  const padded = c.op('Pad', [c.x(), c.b.i64([0, top, left, 0, 0, bottom, right, 0])]);
  const [h, w] = c.whole([(height + top + bottom) / bh, (width + left + right) / bw]) as [number, number];
  const parted = c.b.reshape(padded, [-1, h, bh, w, bw, channels]);
  return c.b.reshape(c.b.transpose(parted, [2, 4, 0, 1, 3, 5]), [-1, h, w, channels]);
};

export const batchToSpace: Rule = (c) => {
  const [bh, bw] = twoBlocks(c);
  const [top, bottom, left, right] = c.numbers(2) as [number, number, number, number];
  const [, h, w, channels] = c.sizes(0, 4) as [number, number, number, number];
  const parted = c.b.transpose(c.b.reshape(c.x(), [bh, bw, -1, h, w, channels]), [2, 3, 0, 4, 1, 5]);
  const whole = c.b.reshape(parted, [-1, h * bh, w * bw, channels]);
  return cut(c, whole, [
    { axis: 1, start: top, end: h * bh - bottom, step: 1 },
    { axis: 2, start: left, end: w * bw - right, step: 1 },
  ]);
};

function twoBlocks(c: Context): [number, number] {
  const blocks = c.numbers(1);
  if (blocks.length !== 2) throw c.fail('blocks of height and width', `${blocks.length} of them`);
  return blocks as [number, number];
}
