/**
 * What becomes of an order of channels (axis 1 of `[N, C, ...]`) at a node that reads it: a node that works channel by
 * channel hands it on, with its own constants brought into it; a node that sums over the channels takes it up in its
 * weights. Left out, so that the order ends before them: Concat, Split, Slice, Softmax and other operators that could
 * hand it on, and grouped convolutions that are not depthwise.
 */

import { i64, type Node, toNumbers, type Value } from '../../ir/index.ts';
import { keepsAll } from '../../ops/arithmetic/training.ts';
import { isOpType, type OpType, traitsOf } from '../../ops/index.ts';
import { numbersOf } from '../../ops/shape/contents.ts';
import { reducedAxes } from '../../ops/shape/reduce.ts';
import { constantOf } from '../channels.ts';
import { expand, invert, isSame, type Order, reorderConstant, replaceConstant } from './order.ts';

export type Change = () => void;

export interface Passage {
  /** The order of the node's output; undefined where the node takes the order up. */
  readonly order: Order | undefined;
  readonly change: Change;
}

/** What a node makes of an order at its first input; undefined where it needs the original order. */
type Rule = (node: Node, order: Order) => Passage | undefined;

const nothing: Change = () => {};
const absorbs = (change: Change): Passage => ({ order: undefined, change });
const handOn: Rule = (_, order) => ({ order, change: nothing });

/** A dropout that drops would draw another mask for each order. */
const dropout: Rule = (node, order) => (keepsAll(node) ? handOn(node, order) : undefined);

const batchNorm: Rule = (node, order) => {
  const slots = [1, 2, 3, 4];
  if (!slots.every((slot) => constantOf(node.inputs[slot]))) return undefined;
  const change = () => {
    for (const slot of slots) reorderConstant(node, slot, 0, order);
  };
  return { order, change };
};

/** A sum (mean, maximum ...) over the channels does not depend on their order. */
const reduce: Rule = (node, order) => {
  const rank = node.input(0).type?.shape?.length;
  const axes = rank === undefined ? undefined : reducedAxes(node, rank);
  if (axes?.includes(1)) return absorbs(nothing);
  const staysSecond = axes && (node.int('keepdims', 1) === 1 || !axes.includes(0));
  return staysSecond ? handOn(node, order) : undefined;
};

/** Spatial padding. */
const pad: Rule = (node, order) => {
  const rank = node.input(0).type?.shape?.length;
  const pads = numbersOf(node.inputs[1]);
  const axes = node.inputs[3] ? numbersOf(node.inputs[3]) : Array.from({ length: rank ?? 0 }, (_, i) => i);
  if (rank === undefined || !pads || !axes) return undefined;
  const isSpatial = axes.every((axis, i) => {
    return (axis !== 1 && axis !== 1 - rank) || (pads[i] === 0 && pads[i + axes.length] === 0);
  });
  return isSpatial ? handOn(node, order) : undefined;
};

/** `[N, C, ...]` to `[N, C k, ...]`: in memory each channel is one stretch, which becomes k channels in a row. */
const reshape: Rule = (node, order) => {
  const [from, to] = [node.input(0).type?.shape, node.output().type?.shape];
  const channels = to?.[1];
  if (from?.[1] !== order.length || typeof channels !== 'number') return undefined;
  if (from[0] !== to?.[0] || channels % order.length !== 0) return undefined;
  return handOn(node, expand(order, channels / order.length));
};

/** Weights of one group sum over the channels; those of a depthwise convolution are one or more filters a channel. */
const conv: Rule = (node, order) => {
  const weight = constantOf(node.inputs[1]);
  const group = node.int('group', 1);
  if (!weight) return undefined;
  if (group === 1) return absorbs(() => reorderConstant(node, 1, 1, order));
  if (group !== order.length || (node.inputs[2] && !constantOf(node.inputs[2]))) return undefined;
  const filters = expand(order, weight.dims[0]! / group);
  const change = () => {
    reorderConstant(node, 1, 0, filters);
    if (node.inputs[2]) reorderConstant(node, 2, 0, filters);
  };
  return { order: filters, change };
};

const product: Rule = (node, order) => {
  const isMatrix = node.input(0).type?.shape?.length === 2;
  if (!constantOf(node.inputs[1]) || !isMatrix) return undefined;
  if (node.op === 'Gemm' && node.int('transA', 0)) return undefined;
  const axis = node.op === 'Gemm' && node.int('transB', 0) ? 1 : 0;
  return absorbs(() => reorderConstant(node, 1, axis, order));
};

/** The constant indices of a Gather of channels, not negative; undefined for any other node. */
export function channelIndices(node: Node): readonly number[] | undefined {
  const shape = node.inputs[0]?.type?.shape;
  const channels = shape?.[1];
  if (node.op !== 'Gather' || node.domain !== '' || !shape || typeof channels !== 'number') return undefined;
  const [axis, tensor] = [node.int('axis', 0), constantOf(node.inputs[1])];
  if (!tensor || (axis !== 1 && axis !== 1 - shape.length)) return undefined;
  return toNumbers(tensor).map((i) => (i < 0 ? i + channels : i));
}

function setIndices(node: Node, f: (indices: readonly number[]) => number[]): void {
  replaceConstant(node, 1, i64(f(channelIndices(node)!), node.input(1).constant!.dims));
}

/** What was at p[i] is at i: index j becomes the place where p is j. */
const gather: Rule = (node, order) => {
  const places = invert(order);
  return channelIndices(node) && absorbs(() => setIndices(node, (indices) => indices.map((i) => places[i]!)));
};

const rules: { readonly [K in OpType]?: Rule } = {
  BatchNormalization: batchNorm,
  Conv: conv,
  Dropout: dropout,
  Flatten: reshape,
  Gather: gather,
  Gemm: product,
  MatMul: product,
  Pad: pad,
  Reshape: reshape,
  Shape: () => absorbs(nothing),
  Squeeze: reshape,
  Unsqueeze: reshape,
};

/** All tensors that have several channels must be in the order already, or be constants that can be brought into it. */
function combine(node: Node, orderOf: (value: Value) => Order | undefined): Passage | undefined {
  const rank = node.output().type?.shape?.length;
  const order = node.inputs.map((value) => value && orderOf(value)).find((found) => found !== undefined);
  if (rank === undefined || !order) return undefined;
  const changes: Change[] = [];
  for (const [slot, value] of node.inputs.entries()) {
    const shape = value?.type?.shape;
    if (!shape) return undefined;
    const own = orderOf(value);
    if (own && (shape.length !== rank || !isSame(own, order))) return undefined;
    // broadcasting aligns the last axes
    const axis = 1 + shape.length - rank;
    if (own || axis < 0 || shape[axis] === 1) continue;
    if (!constantOf(value) || shape[axis] !== order.length) return undefined;
    changes.push(() => reorderConstant(node, slot, axis, order));
  }
  const change = () => {
    for (const apply of changes) apply();
  };
  return { order, change };
}

/** What `node` makes of the orders of its inputs; undefined where it needs the original order of one of them. */
export function passageOf(node: Node, orderOf: (value: Value) => Order | undefined): Passage | undefined {
  const { graph } = node;
  if (node.domain !== '') return undefined;
  if (node.outputs.slice(1).some((y) => y && (y.uses.size > 0 || graph.outputs.includes(y)))) return undefined;
  const { elementwise, pools, reduces } = traitsOf(node);
  if (elementwise === 'several') return combine(node, orderOf);
  const [first, ...others] = node.inputs.map((value) => value && orderOf(value));
  const rule = elementwise || pools ? handOn : reduces ? reduce : isOpType(node.op) ? rules[node.op] : undefined;
  return first && others.every((order) => !order) ? rule?.(node, first) : undefined;
}

/**
 * How to bring the filters of a Conv of one group, a Gemm or a MatMul with constant weights and bias into `order`, or
 * the channels that a Gather picks; undefined for any other node.
 */
export function reorderOutputs(node: Node, order: Order): Change | undefined {
  const indices = channelIndices(node);
  if (indices) {
    const fits = node.input(1).constant!.dims.length === 1 && indices.length === order.length;
    return fits ? () => setIndices(node, (old) => order.map((p) => old[p]!)) : undefined;
  }
  const weight = constantOf(node.inputs[1]);
  const bias = node.inputs[2];
  if (node.domain !== '' || !weight || weight.dims.length < 2 || (bias && !constantOf(bias))) return undefined;
  if (node.op === 'Conv' ? node.int('group', 1) !== 1 : node.op !== 'Gemm' && node.op !== 'MatMul') return undefined;
  if (node.op === 'MatMul' && (weight.dims.length > 2 || node.input(0).type?.shape?.length !== 2)) return undefined;
  const axis = node.op === 'Conv' || (node.op === 'Gemm' && node.int('transB', 0)) ? 0 : 1;
  if (weight.dims[axis] !== order.length) return undefined;
  return () => {
    reorderConstant(node, 1, axis, order);
    // a Gemm's bias may broadcast: its last axis is that of the filters, or of size 1
    const last = (bias?.constant?.dims.length ?? 0) - 1;
    if (last >= 0 && bias!.constant!.dims[last] !== 1) reorderConstant(node, 2, last, order);
  };
}
