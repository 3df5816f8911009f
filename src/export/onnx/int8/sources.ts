/**
 * From where the channels of a tensor come: the convolutions or Gemms that compute them, through operators that let a
 * factor s > 0 per channel pass (ReLU, bounds, pooling, Concat).
 */

import type { Node, Value } from '../../../ir/index.ts';
import { traitsOf } from '../../../ops/index.ts';
import { channelConstant, channelsOf, constantOf, soleReader } from '../../../passes/channels.ts';
import { Linear } from '../../../passes/index.ts';
import type { RowScales } from './row-scales.ts';

export interface Sources {
  /** With the first channel of each. */
  readonly parts: readonly { readonly linear: Linear; readonly from: number }[];
  /** ReLU and bounds on the way, likewise. */
  readonly bounds: readonly { readonly node: Node; readonly from: number }[];
}

const infinity = Number.POSITIVE_INFINITY;

/** Per channel: min(max(x, low), high). */
export interface Bounds {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** What a ReLU, a Clip, a Min or a Max with constants does; undefined for any other node. */
export function boundsOf(node: Node): Bounds | undefined {
  const channels = node.inputs[0] && channelsOf(node.inputs[0]);
  if (node.domain !== '' || channels === undefined) return undefined;
  const all = (value: number) => new Float64Array(channels).fill(value);
  const constant = (slot: number, absent: number): Float64Array | undefined => {
    const value = node.inputs[slot];
    if (!value) return all(absent);
    const tensor = constantOf(value);
    if (tensor?.dtype !== 'float32' || tensor.data.length === 0) return undefined;
    const data = Float64Array.from(tensor.data as Float32Array);
    if (data.length === 1) return all(data[0]!);
    const offset = node.input(0).shape.length - tensor.dims.length;
    const isPerChannel = tensor.dims.every((d, i) => d === (i + offset === 1 ? channels : 1));
    return isPerChannel ? data : undefined;
  };
  if (node.op === 'Relu') return { low: all(0), high: all(infinity) };
  const isPair = node.inputs.length === 2 && !constantOf(node.inputs[0]);
  const [low, high] =
    node.op === 'Clip'
      ? [constant(1, -infinity), constant(2, infinity)]
      : node.op === 'Max' && isPair
        ? [constant(1, 0), all(infinity)]
        : node.op === 'Min' && isPair
          ? [all(-infinity), constant(1, 0)]
          : [];
  return low && high && { low, high };
}

const shift = (sources: Sources, by: number): Sources => ({
  parts: sources.parts.map((part) => ({ ...part, from: part.from + by })),
  bounds: sources.bounds.map((bound) => ({ ...bound, from: bound.from + by })),
});

/** Nodes between a tensor and its sources. */
const maxDepth = 1000;

/** The sources of `value`, undefined where they are far away, something else computes a part of it, or also reads something on the way. */
export function sourcesOf(value: Value, depth = 0): Sources | undefined {
  if (depth > maxDepth) return undefined;
  const node = value.producer;
  const linear = Linear.of(node);
  if (linear) return linear.ownsWeight ? { parts: [{ linear, from: 0 }], bounds: [] } : undefined;
  if (node?.domain !== '' || node.outputs.length !== 1) return undefined;
  const before = (x: Value | undefined) => (x && soleReader(x) === node ? sourcesOf(x, depth + 1) : undefined);
  if (node.op === 'Concat' && node.int('axis') === 1) {
    const parts: Sources[] = [];
    let channels = 0;
    for (const x of node.inputs) {
      const found = before(x);
      if (!found) return undefined;
      parts.push(shift(found, channels));
      channels += channelsOf(x!) ?? Number.NaN;
    }
    const all = { parts: parts.flatMap((p) => p.parts), bounds: parts.flatMap((p) => p.bounds) };
    return Number.isNaN(channels) ? undefined : all;
  }
  if (traitsOf(node).pools || node.op === 'Identity') return before(node.inputs[0]);
  const found = boundsOf(node) && before(node.inputs[0]);
  return found && { ...found, bounds: [...found.bounds, { node, from: 0 }] };
}

/** Multiplies the channels of a tensor by factors above 0 (of any sign without bounds), from its sources on. */
export function scaleSources({ parts, bounds }: Sources, factors: Float64Array, rows: RowScales): void {
  for (const { linear, from } of parts) rows.scale(linear, factors.slice(from, from + linear.filters));
  for (const { node, from } of bounds) {
    const { low, high } = boundsOf(node)!;
    const own = factors.slice(from, from + low.length);
    setBounds(node, { low: low.map((l, c) => l * own[c]!), high: high.map((h, c) => h * own[c]!) });
  }
}

/** Replaces a node by Relu or Max, and Min, with these bounds; `low` and `high` are infinite in all channels or in none. */
function setBounds(node: Node, { low, high }: Bounds): void {
  const { graph, name } = node;
  const rank = node.input(0).shape.length;
  let y = node.input(0);
  const emit = (op: string, values?: Float64Array) => {
    const bound = values && channelConstant(graph, `${name}_${op.toLowerCase()}`, values, rank);
    const added = graph.add(op, bound ? [y, bound] : [y], {}, { name, before: node });
    added.output().type = node.output().type;
    y = added.output();
  };
  if (low.every((l) => l === 0)) emit('Relu');
  else if (low.every(Number.isFinite)) emit('Max', low);
  if (high.every(Number.isFinite)) emit('Min', high);
  const old = node.output();
  old.replaceAllUsesWith(y);
  graph.remove(node);
  graph.rename(y, old.name);
}
