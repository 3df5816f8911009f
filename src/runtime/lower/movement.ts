/** Operators that move elements of activations, most of which cost nothing: other dimensions over the same planes. */

import { elementCount, type Node } from '../../ir/index.ts';
import {
  broadcastShapes,
  flattenAxis,
  reshapedDims,
  sliceRanges,
  splitSizes,
  squeezedDims,
  stridesOf,
  transposePerm,
  unsqueezedDims,
} from '../../ops/arithmetic/dims.ts';
import { axisOf, misfit, printDims, unsupported } from '../../ops/arithmetic/errors.ts';
import { rowsOf } from '../../ops/arithmetic/move.ts';
import { integersOf, numbersOf } from '../../ops/arithmetic/numbers.ts';
import {
  activationInput,
  constantInput,
  floatInput,
  type Lowering,
  type LoweringRule,
  optionalConstant,
} from './context.ts';
import { applyDense, dense } from './dense.ts';
import * as denseMoves from './dense-moves.ts';
import { spread } from './elementwise.ts';
import { type Activation, activationOf, fileDims, newPlane, type Operand, sameQuantization } from './operand.ts';

const head = ({ name, op }: Node) => ({ name, op });

/** The dimensions change, the order of the elements does not. `keepsBatch`: images stay apart. */
function view(lowering: Lowering, node: Node, x: Activation, dims: readonly number[], keepsBatch: boolean): Activation {
  if (!keepsBatch) lowering.mixesBatch ??= node;
  return lowering.reshape(node, lowering.straighten(node, x), dims);
}

export const reshape: LoweringRule = (lowering, node, inputs) => {
  const x = activationInput(node, inputs, 0);
  const shape = constantInput(node, inputs, 1);
  const target = integersOf(shape.tensor(), node.label)!;
  const dims = reshapedDims(node, fileDims(x), target);
  // a shape that a file computes from another's first dimension says 1 for a batch of one, and means the batch
  const keepsBatch = dims[0] === 1 && (shape.isFromShape || target[0] === 0 || target[0] === -1);
  return view(lowering, node, x, dims, keepsBatch);
};

export const flatten: LoweringRule = (lowering, node, inputs) => {
  const x = activationInput(node, inputs, 0);
  const dims = fileDims(x);
  const axis = flattenAxis(node, dims.length);
  return view(lowering, node, x, [elementCount(dims.slice(0, axis)), elementCount(dims.slice(axis))], axis === 1);
};

export const squeeze: LoweringRule = (lowering, node, inputs) => {
  const x = activationInput(node, inputs, 0);
  const axes = integersOf(optionalConstant(node, inputs, 1)?.tensor(), node.label);
  const dims = squeezedDims(node, fileDims(x), axes);
  const keepsBatch = axes?.every((axis) => axisOf(node, axis, x.dims.length) !== 0) ?? false;
  return view(lowering, node, x, dims, keepsBatch);
};

export const unsqueeze: LoweringRule = (lowering, node, inputs) => {
  const x = activationInput(node, inputs, 0);
  const axes = integersOf(constantInput(node, inputs, 1).tensor(), node.label)!;
  const dims = unsqueezedDims(node, fileDims(x), axes);
  return view(
    lowering,
    node,
    x,
    dims,
    axes.every((axis) => axisOf(node, axis, dims.length) !== 0),
  );
};

export const transpose: LoweringRule = (lowering, node, inputs) => {
  const x = activationInput(node, inputs, 0);
  const perm = transposePerm(node, x.dims.length);
  if (perm[0] !== 0) lowering.mixesBatch ??= node;
  const order = perm.map((axis) => x.order?.[axis] ?? axis);
  const { order: _, ...rest } = x;
  return order.every((axis, i) => axis === i) ? rest : { ...rest, order };
};

/** Channels of a straight activation by number. */
function pickChannels(lowering: Lowering, node: Node, x: Activation, indices: Int32Array): Activation {
  const dims = x.dims.map((d, axis) => (axis === 1 ? indices.length : d));
  if (indices.length === 0) throw unsupported(node, 'at least one channel', 0);
  const y = newPlane(x.plane.type, dims);
  lowering.add({ kind: 'channels', ...head(node), x, y, indices });
  return { ...x, plane: y, dims, isOnlyView: true };
}

export const gather: LoweringRule = (lowering, node, inputs) => {
  const x = lowering.straighten(node, activationInput(node, inputs, 0));
  const constant = constantInput(node, inputs, 1);
  const axis = axisOf(node, node.int('axis', 0), x.dims.length);
  if (axis !== 1 || constant.dims.length !== 1 || x.dims[0] !== 1) {
    return dense(denseMoves.gather)(lowering, node, [x, constant]);
  }
  return pickChannels(lowering, node, x, rowsOf(node, constant.tensor(), x.dims[axis]!));
};

const openEnd = 2 ** 31 - 1;

/** Whether a Slice counts images. */
function endsWithin(
  node: Node,
  rank: number,
  [starts, ends, axes]: readonly (readonly number[] | undefined)[],
): boolean {
  const axisAt = (i: number) => (axes ? axisOf(node, axes[i] ?? Number.NaN, rank) : i);
  return starts?.some((_, i) => axisAt(i) === 0 && (ends?.[i] ?? 0) < openEnd) ?? false;
}

export const slice: LoweringRule = (lowering, node, inputs) => {
  const x = lowering.straighten(node, activationInput(node, inputs, 0));
  const lists = [1, 2, 3, 4].map((i) => integersOf(optionalConstant(node, inputs, i)?.tensor(), node.label));
  const ranges = sliceRanges(node, x.dims, lists);
  const dims = ranges.map(({ count }) => count);
  if (elementCount(dims) === 0) throw unsupported(node, 'a part with elements', printDims(dims));
  const isWhole = ranges.map(({ start, step, count }, axis) => start === 0 && step === 1 && count === x.dims[axis]);
  // an end at one image is the whole of one, and the first of several
  if (!isWhole[0] || endsWithin(node, x.dims.length, lists)) lowering.mixesBatch ??= node;
  if (isWhole.every(Boolean)) return x;
  const strides = stridesOf(x.dims);
  const offset = ranges.reduce((sum, { start }, axis) => sum + start * strides[axis]!, 0);
  const y = newPlane(x.plane.type, dims);
  const steps = ranges.map(({ step }, axis) => step * strides[axis]!);
  lowering.add({ kind: 'move', ...head(node), x, y, dims, strides: steps, offset });
  return { ...x, plane: y, dims, isOnlyView: true };
};

/** Parts along the channels are copied, parts along other axes picked. */
export function split(lowering: Lowering, node: Node, inputs: readonly (Operand | undefined)[]): Operand[] {
  const x = lowering.straighten(node, activationInput(node, inputs, 0));
  const axis = axisOf(node, node.int('axis', 0), x.dims.length);
  const sizes = splitSizes(node, x.dims[axis]!, integersOf(optionalConstant(node, inputs, 1)?.tensor(), node.label));
  let from = 0;
  return sizes.map((size) => {
    const start = from;
    from += size;
    if (axis !== 1 || x.dims[0] !== 1)
      return applyDense(lowering, node, [x], denseMoves.splitPart(x.dims, axis, start, size));
    return pickChannels(
      lowering,
      node,
      x,
      Int32Array.from({ length: size }, (_, i) => start + i),
    );
  });
}

/** A border of one value around the image, which a convolution behind it takes into its window. */
export const pad: LoweringRule = (lowering, node, inputs) => {
  const x = activationInput(node, inputs, 0);
  const mode = node.string('mode', 'constant');
  const amounts = integersOf(constantInput(node, inputs, 1).tensor(), node.label)!;
  const axes = integersOf(optionalConstant(node, inputs, 3)?.tensor(), node.label) ?? [...x.dims.keys()];
  const rank = x.dims.length;
  if (amounts.length !== 2 * axes.length) throw misfit(node, `${2 * axes.length} pads`, amounts.length);
  const [before, after] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
  for (const [i, given] of axes.entries()) {
    const axis = axisOf(node, given, rank);
    const own = x.order?.[axis] ?? axis;
    before[own] = amounts[i]!;
    after[own] = amounts[axes.length + i]!;
  }
  const all = [...before, ...after];
  if (all.every((amount) => amount === 0)) return x;
  const isImage = rank === 4 && x.dims[0] === 1 && before[0] === 0 && after[0] === 0;
  // a border far wider than the image is damage
  const isWide = (amount: number, i: number) => !(amount >= 0 && amount <= Math.max(64, x.dims[i % rank]!));
  if (mode !== 'constant' || !isImage || all.some(isWide)) return dense(denseMoves.pad)(lowering, node, inputs);
  const constant = optionalConstant(node, inputs, 2);
  const value = constant ? (numbersOf(constant.tensor(), node.label)[0] ?? 0) : 0;
  const dims = x.dims.map((d, axis) => d + before[axis]! + after[axis]!);
  const pads = [before[2]!, before[3]!, after[2]!, after[3]!] as const;
  const border = { pads, channels: [before[1]!, after[1]!] as const };
  const { quantization } = x;
  if (quantization && value === 0) {
    const plane = newPlane('int8', dims);
    lowering.add({ kind: 'pad', ...head(node), x, y: plane, ...border, value: quantization.zeroPoint });
    return { ...x, plane, dims, isOnlyView: true };
  }
  if (x.plane.type === 'int8' && !quantization) {
    const plane = newPlane('int8', dims);
    lowering.add({
      kind: 'pad',
      ...head(node),
      x,
      y: plane,
      ...border,
      value: value - (x.dtype === 'uint8' ? 128 : 0),
    });
    return { ...x, plane, dims, isOnlyView: true };
  }
  const y = activationOf(newPlane('float32', dims), dims);
  lowering.add({ kind: 'pad', ...head(node), x, y: y.plane, ...border, value });
  return x.order ? { ...y, order: x.order } : y;
};

/** Parts write straight into their channels, unless they have their place already. */
export const concat: LoweringRule = (lowering, node, inputs) => {
  if (inputs.some((input) => input?.kind === 'constant')) return dense(denseMoves.concat)(lowering, node, inputs);
  const given = inputs.map((_, i) => activationInput(node, inputs, i));
  const [lead] = given;
  if (!lead) throw misfit(node, 'an input', 'none');
  const isSameOrder = given.every((part) => (part.order ?? []).join() === (lead.order ?? []).join());
  const parts = isSameOrder ? given : given.map((part) => lowering.straighten(node, part));
  const [first] = parts as [Activation];
  const fileAxis = axisOf(node, node.int('axis'), first.dims.length);
  const axis = first.order?.[fileAxis] ?? fileAxis;
  const fits = (part: Activation) =>
    part.dims.length === first.dims.length &&
    part.dims.every((d, i) => i === axis || d === first.dims[i]) &&
    part.dtype === first.dtype;
  const odd = parts.find((part) => !fits(part));
  if (odd) throw misfit(node, `parts like ${printDims(fileDims(first))}`, printDims(fileDims(odd)));
  if (parts.length === 1) return first;
  if (axis !== 1 || first.dims[0] !== 1) return dense(denseMoves.concat)(lowering, node, parts);
  const isOneView = parts.every(
    ({ quantization: own }) => own && first.quantization && sameQuantization(own, first.quantization),
  );
  const isInteger = first.dtype === 'int8' || first.dtype === 'uint8' || isOneView;
  const dims = first.dims.map((d, i) => (i === 1 ? parts.reduce((n, p) => n + p.dims[1]!, 0) : d));
  const plane = newPlane(isInteger ? 'int8' : 'float32', dims);
  let channel = 0;
  const placed = parts.map((part) => {
    const at = { plane, channel };
    channel += part.plane.channels;
    return place(lowering, node, part, at, isInteger);
  });
  lowering.add({ kind: 'concat', ...head(node), y: plane, parts: placed });
  if (isInteger) return { ...first, plane, dims, isOnlyView: true };
  const y = activationOf(plane, dims, first.dtype);
  return first.order ? { ...y, order: first.order } : y;
};

type Home = NonNullable<Activation['plane']['home']>;

/** The part in its place: made there, or copied. */
function place(lowering: Lowering, node: Node, part: Activation, home: Home, isInteger: boolean): Activation {
  const isFree = lowering.producers.has(part.plane) && !part.plane.home && part.plane.type === home.plane.type;
  if (isFree) {
    part.plane.home = home;
    return part;
  }
  const { quantization, ...rest } = part;
  const y = newPlane(home.plane.type, part.dims);
  y.home = home;
  if (quantization && !isInteger) {
    lowering.add({ kind: 'unary', ...head(node), x: part, y, functions: [] });
    return { ...rest, plane: y, isOnlyView: true };
  }
  const indices = Int32Array.from({ length: part.plane.channels }, (_, i) => i);
  lowering.add({ kind: 'channels', ...head(node), x: part, y, indices });
  return { ...part, plane: y, isOnlyView: true };
}

/** Softmax and its logarithm, along any axis of the planes' elements. */
export const softmax =
  (isLog: boolean): LoweringRule =>
  (lowering, node, inputs) => {
    const x = lowering.straighten(node, floatInput(node, inputs, 0));
    const axis = axisOf(node, node.int('axis', -1), x.dims.length);
    if (axis === 0) lowering.mixesBatch ??= node;
    const y = activationOf(newPlane('float32', x.dims), x.dims);
    const inner = elementCount(x.dims.slice(axis + 1));
    lowering.add({ kind: 'softmax', ...head(node), x, y: y.plane, size: x.dims[axis]!, inner, isLog });
    return y;
  };

/** Elements repeated along axes where there is one. */
export const expand: LoweringRule = (lowering, node, inputs) => {
  const x = activationInput(node, inputs, 0);
  const shape = integersOf(constantInput(node, inputs, 1).tensor(), node.label)!;
  const dims = broadcastShapes(fileDims(x), shape);
  if (!dims) throw misfit(node, `a shape to which ${printDims(fileDims(x))} broadcasts`, printDims(shape));
  if (dims[0] !== 1 || dims.length > x.dims.length) lowering.mixesBatch ??= node;
  const lead = new Array<number>(dims.length - x.dims.length).fill(1);
  const straight = lowering.reshape(node, lowering.straighten(node, x), [...lead, ...fileDims(x)]);
  return spread(lowering, node, straight, dims);
};
