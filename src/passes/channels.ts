/**
 * Per-channel arithmetic as rewrites see it: a Mul or Add of a tensor `[N, C, ...]` and a constant that has one value
 * per channel (or one in all). Products are computed in float64 and rounded once, when they are stored.
 */

import { f32, type Graph, type Node, type Tensor, type Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';

export interface ChannelOp {
  readonly node: Node;
  readonly op: 'Mul' | 'Add';
  /** The tensor that varies; the other operand is the constant. */
  readonly x: Value;
  /** One per channel of `x`. */
  readonly values: Float64Array;
}

/** The data of an initializer that no caller can override, or undefined. */
export function constantOf(value: Value | undefined): Tensor | undefined {
  return value?.constant && !value.graph.inputs.includes(value) ? value.constant : undefined;
}

/** The number of channels of `[N, C, ...]`, or undefined where it is not known. */
export function channelsOf(value: Value): number | undefined {
  const channels = value.type?.shape?.[1];
  return typeof channels === 'number' ? channels : undefined;
}

/** The only node that reads `value`, in one slot; undefined for several readers, none, or a graph output. */
export function soleReader(value: Value): Node | undefined {
  const [reader] = value.uses;
  if (!reader || value.uses.size > 1 || value.graph.outputs.includes(value)) return undefined;
  return reader.inputs.filter((i) => i === value).length === 1 ? reader : undefined;
}

/** Reads `tensor`, broadcast to `rank` dimensions, as one value per channel; undefined if it varies elsewhere. */
function perChannel(tensor: Tensor, rank: number, channels: number): Float64Array | undefined {
  if (tensor.dtype !== 'float32' || tensor.dims.length > rank) return undefined;
  const dims = [...new Array<number>(rank - tensor.dims.length).fill(1), ...tensor.dims];
  if (dims.some((d, i) => d !== 1 && !(i === 1 && d === channels))) return undefined;
  const data = Float64Array.from(tensor.data as Float32Array);
  return data.length === channels ? data : new Float64Array(channels).fill(data[0]!);
}

/** `node` as a per-channel product or sum, or undefined. */
export function channelOp(node: Node | undefined): ChannelOp | undefined {
  if (node?.domain !== '' || (node.op !== 'Mul' && node.op !== 'Add')) return undefined;
  for (const [x, other] of [node.inputs, node.inputs.toReversed()] as [Value, Value][]) {
    const tensor = constantOf(other);
    const channels = channelsOf(x);
    if (!tensor || constantOf(x) || channels === undefined || x.shape.length < 2) continue;
    const values = perChannel(tensor, x.shape.length, channels);
    if (values) return { node, op: node.op, x, values };
  }
  return undefined;
}

/** An initializer with one value per channel, of the shape that broadcasts to `rank` dimensions. */
export function channelConstant(graph: Graph, name: string, values: Float64Array, rank: number): Value {
  const dims = Array.from({ length: rank }, (_, i) => (i === 1 ? values.length : 1));
  return graph.initializer(name, f32(dims, values));
}

const operandName = (name: string, op: ChannelOp['op']) => `${name}_${op === 'Mul' ? 'factors' : 'terms'}`;

/** Emits `x * values` or `x + values` before a node. */
export function emitChannelOp(x: Value, op: ChannelOp['op'], values: Float64Array, name: string, before?: Node): Value {
  const constant = channelConstant(x.graph, operandName(name, op), values, x.shape.length);
  return new Builder(x.graph, '', before).op(op, [x, constant], {}, name);
}

/** Makes all readers of `x` read `x * values` or `x + values`; returns that value. */
export function insertAfter(x: Value, op: ChannelOp['op'], values: Float64Array, name: string): Value {
  const { graph } = x;
  const next = x.producer ? graph.nodes[graph.nodes.indexOf(x.producer) + 1] : graph.nodes[0];
  const readers = [...x.uses];
  const y = emitChannelOp(x, op, values, name, next);
  for (const reader of readers) {
    for (const [i, input] of reader.inputs.entries()) if (input === x) reader.setInput(i, y);
  }
  graph.outputs = graph.outputs.map((o) => (o === x ? y : o));
  return y;
}

/** Gives a channel op other values. */
export function setValues({ node, op, x }: ChannelOp, values: Float64Array): void {
  const slot = node.inputs[0] === x ? 1 : 0;
  const old = node.input(slot);
  node.setInput(slot, undefined);
  dropUnread(old);
  node.setInput(slot, channelConstant(node.graph, operandName(node.name, op), values, x.shape.length));
}

/** Removes a node and constants that only it read; its readers, and the graph's outputs, get `x` instead. */
export function bypass({ node, x }: { readonly node: Node; readonly x: Value }): void {
  const inputs = new Set(node.inputs);
  node.output().replaceAllUsesWith(x);
  node.graph.remove(node);
  for (const value of inputs) if (value) dropUnread(value);
}

function dropUnread(value: Value): void {
  const { graph } = value;
  if (constantOf(value) && value.uses.size === 0 && !graph.outputs.includes(value)) graph.removeValue(value);
}
