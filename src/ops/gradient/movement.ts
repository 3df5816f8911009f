/** Gradients of operators that move, repeat or cut out elements along axes given by constants. */

import { int, type Node, toNumbers, type Value } from '../../ir/index.ts';
import { clampRange } from '../arithmetic/dims.ts';
import type { Builder } from '../builder.ts';
import { type GradientRule, gradientError, gradientOfFirst, unary } from './rule.ts';
import { reshapeLike, reshapeTo, typed, unbroadcast, zerosLike } from './shape-tools.ts';

const maxIndex = 2 ** 31 - 1;

/** The numbers in constant input `index`, or undefined where it is omitted. */
function constants(node: Node, index: number, what: string): number[] | undefined {
  const value = node.inputs[index];
  if (!value) return undefined;
  if (!value.constant) throw gradientError(node, `expected constant ${what}, found '${value.name}', which is computed`);
  return toNumbers(value.constant);
}

/** Reshape, Flatten, Squeeze, Unsqueeze: dx = dy in the shape of x. */
export const reshape = unary(({ dy, x, b }) => reshapeLike(b, dy, x));

// dx = dy with the inverse permutation
export const transpose = unary(({ dy, x, b, node }) => {
  const rank = x.shape.length;
  const perm = node.ints(
    'perm',
    Array.from({ length: rank }, (_, i) => rank - 1 - i),
  );
  const inverse = perm.map((_, i) => perm.indexOf(i));
  return b.transpose(dy, inverse);
});

/** dx_i = the part of dy that is x_i. */
export const concat: GradientRule = (context) => {
  const { node, x, b } = context;
  const dy = gradientOfFirst(context);
  const axis = (node.int('axis') + dy.shape.length) % dy.shape.length;
  const sizes = x.map((_, i) => node.input(i).shape[axis]!);
  const split = sizes.every((d) => typeof d === 'number')
    ? b.i64(sizes)
    : b.concat(
        x.map((_, i) => b.op('Shape', [node.input(i)], { start: int(axis), end: int(axis + 1) })),
        0,
      );
  const parts = b.node('Split', [dy, split], { axis: int(axis) }, x.length);
  return x.map((_, i) => typed(parts.output(i), node.input(i).shape));
};

/** dx = dy_0, dy_1 .. side by side, zeros for outputs that do not reach the loss. */
export const split: GradientRule = ({ node, y, dy, b }) => {
  const parts = y.map((_, i) => dy[i] ?? zerosLike(b, node.output(i)));
  return [typed(b.concat(parts, node.int('axis', 0)), node.input(0).shape)];
};

/** dx = dy at the places that were cut out, zeros elsewhere. */
export const slice = unary(({ dy, x, b, node }) => {
  const starts = constants(node, 1, 'starts') ?? [];
  const ends = constants(node, 2, 'ends') ?? [];
  const rank = x.shape.length;
  const axes = (constants(node, 3, 'axes') ?? starts.map((_, i) => i)).map((axis) => (axis + rank) % rank);
  const steps = constants(node, 4, 'steps') ?? starts.map(() => 1);
  const pads = x.shape.flatMap(() => [0, 0]);
  let gradient = dy;
  for (const [i, axis] of axes.entries()) {
    const [start, end, step, size] = [starts[i]!, ends[i]!, steps[i]!, x.shape[axis]!];
    if (typeof size === 'string') {
      if (start === 0 && end >= maxIndex && step === 1) continue;
      throw gradientError(node, `expected a fixed size along the sliced axis ${axis}, found '${size}'`);
    }
    const { start: first, count } = clampRange(size, start, end, step);
    if (count === 0) return zerosLike(b, x);
    if (step < 0) gradient = reverse(b, gradient, axis);
    gradient = dilate(b, gradient, axis, Math.abs(step));
    const lowest = step < 0 ? first + (count - 1) * step : first;
    pads[axis] = lowest;
    pads[axis + rank] = size - lowest - ((count - 1) * Math.abs(step) + 1);
  }
  return typed(pad0(b, gradient, pads), x.shape);
});

function reverse(b: Builder, x: Value, axis: number): Value {
  const reversed = b.slice(x, { starts: [-1], ends: [-maxIndex], axes: [axis], steps: [-1] });
  return typed(reversed, x.shape);
}

/** `x` with `step - 1` zeros between its elements along `axis`. */
function dilate(b: Builder, x: Value, axis: number, step: number): Value {
  const shape = x.shape;
  const n = shape[axis] as number;
  if (step === 1 || n === 1) return x;
  const column = b.op('Unsqueeze', [x, b.i64([axis + 1])]);
  const rank = shape.length + 1;
  const pads = Array.from({ length: 2 * rank }, (_, i) => (i === rank + axis + 1 ? step - 1 : 0));
  const spread = pad0(b, column, pads);
  const merged = reshapeTo(b, spread, shape.with(axis, n * step));
  if (!merged) throw new Error(`internal: a dilated gradient of shape [${shape.join(', ')}] has no single free size`);
  return b.slice(merged, { starts: [0], ends: [(n - 1) * step + 1], axes: [axis] });
}

/** Zero padding; no node where there is nothing to pad. */
export function pad0(b: Builder, x: Value, pads: readonly number[]): Value {
  return pads.every((p) => p === 0) ? x : b.op('Pad', [x, b.i64(pads)]);
}

/** dx = the inside of dy; a cropped side (negative pad) gets zeros back. dvalue = sum of the border. */
export const pad: GradientRule = (context) => {
  const { node, b, needs } = context;
  const dy = gradientOfFirst(context);
  const mode = node.string('mode', 'constant');
  if (mode !== 'constant') throw gradientError(node, `expected mode 'constant', found '${mode}'`);
  const x = node.input(0);
  const rank = x.shape.length;
  const given = constants(node, 1, 'pads') ?? [];
  const axes = (constants(node, 3, 'axes') ?? x.shape.map((_, i) => i)).map((axis) => (axis + rank) % rank);
  const begin = axes.map((_, i) => given[i]!);
  const end = axes.map((_, i) => given[i + axes.length]!);
  const padded = axes.flatMap((axis, i) => (begin[i]! > 0 || end[i]! > 0 ? [{ axis, i }] : []));
  const inside = padded.length
    ? b.slice(dy, {
        starts: padded.map(({ i }) => Math.max(begin[i]!, 0)),
        ends: padded.map(({ i }) => (end[i]! > 0 ? -end[i]! : maxIndex)),
        axes: padded.map(({ axis }) => axis),
      })
    : dy;
  const crops = Array.from({ length: 2 * rank }, () => 0);
  for (const [i, axis] of axes.entries()) {
    crops[axis] = Math.max(-begin[i]!, 0);
    crops[axis + rank] = Math.max(-end[i]!, 0);
  }
  const total = (value: Value) => b.reduce('ReduceSum', value, undefined, false);
  return [
    needs(0) ? typed(pad0(b, inside, crops), x.shape) : null,
    null,
    needs(2) ? reshapeLike(b, b.sub(total(dy), total(inside)), node.input(2)) : null,
  ];
};

// dx = dy summed over the copies
export const expand = unary(({ dy, x, b }) => unbroadcast(b, dy, x.shape));

// dx = dy summed over the copies: axis i of dy is repeats_i x d_i
export const tile: GradientRule = (context) => {
  const { node, b } = context;
  const dy = gradientOfFirst(context);
  const x = node.input(0);
  const repeats = constants(node, 1, 'repeats') ?? [];
  const interleaved = x.shape.flatMap((d, i) => (repeats[i] === 1 ? [d] : [repeats[i]!, d]));
  const copies: number[] = [];
  for (const [i, r] of repeats.entries()) if (r !== 1) copies.push(i + copies.length);
  if (copies.length === 0) return [dy];
  const split = reshapeTo(b, dy, interleaved);
  if (!split) throw gradientError(node, `expected one symbolic size at most, found [${x.shape.join(', ')}]`);
  return [typed(b.reduceSum(split, copies), x.shape)];
};

const blockSizeOf = (node: Node) => ({ blocksize: int(node.int('blocksize')) });

// dx = the blocks of dy as channels again, in the order of the mode
export const depthToSpace = unary(({ dy, x, b, node }) => {
  const back = b.op('SpaceToDepth', [dy], blockSizeOf(node));
  if (node.string('mode', 'DCR') === 'DCR') return back;
  const size = node.int('blocksize') ** 2;
  const [, channels, ...space] = x.shape as readonly number[];
  const blocks = b.reshape(back, [-1, size, channels! / size, ...space]);
  return reshapeLike(b, b.transpose(blocks, [0, 2, 1, 3, 4]), x);
});

// dx = the channels of dy as blocks again
export const spaceToDepth = unary(({ dy, b, node }) => b.op('DepthToSpace', [dy], blockSizeOf(node)));
