/**
 * The values of a deployed network, gathered by the layers of the network that it was made from: the parts of a filter
 * bank (`findBanks`) are one layer.
 */

import {
  countTernary,
  elementCount,
  type Graph,
  isTernary,
  type Node,
  type TernaryCounts,
  type Value,
} from '../ir/index.ts';
import { channelOp } from '../passes/index.ts';
import {
  type BitsByNode,
  type FilterBits,
  findBanks,
  findLayers,
  type Layer,
  type LayerKind,
  readFilterBits,
} from '../quantize/index.ts';

/** What one layer is made of, in numbers of values. */
export interface Group {
  readonly name: string;
  readonly kind: 'conv' | 'depthwise' | 'pointwise' | 'classifier';
  filters: number;
  /** Weights of one filter of the layer as it was before compression: input channels times kernel elements. */
  filterSize: number;
  /** Filters with full-precision weights. */
  fullPrecision: number;
  hidden: number;
  /** Ternary weights. */
  trits: number;
  /** One entry per ternary matrix. */
  matrices: TernaryCounts[];
  /** Full-precision weights. */
  weights: number;
  /** Of these, weights of filters that have bits of their own (`readFilterBits`), by their bits. */
  weightsByBits: ReadonlyMap<FilterBits, number>;
  /** Biases and the scales of hidden units. */
  others: number;
  /** Scales that stay behind ternary filters. */
  outputScales: number;
  /** What the nodes of the layer do, in execution order. */
  readonly nodes: Map<Node, Part>;
}

/**
 * A node's part in its layer: the convolution by the filters, by the hidden units, the products with the scales `a`, the
 * sums with biases, the products with scales behind the filters.
 */
export type Part = 'filters' | 'hidden' | 'scales' | 'biases' | 'output-scales';

/** A layer's role in its bank; `whole` for one that is no part of a bank. */
type Role = 'fp' | 'hidden' | 'ternary' | 'whole';

interface Place {
  readonly group: Group;
  readonly role: Role;
}

const kinds: Readonly<Record<LayerKind, Group['kind']>> = {
  first: 'conv',
  conv: 'conv',
  depthwise: 'depthwise',
  pointwise: 'pointwise',
  classifier: 'classifier',
};

function emptyGroup(name: string, kind: Group['kind']): Group {
  const sizes = { filters: 0, filterSize: 0, fullPrecision: 0, hidden: 0 };
  const values = { trits: 0, weights: 0, others: 0, outputScales: 0 };
  return { name, kind, ...sizes, ...values, weightsByBits: new Map(), matrices: [], nodes: new Map() };
}

/** Weights of filters of one size, by their bits. */
export function countByBits(bits: readonly FilterBits[] = [], filterSize: number): Map<FilterBits, number> {
  const counts = new Map<FilterBits, number>();
  for (const one of bits) counts.set(one, (counts.get(one) ?? 0) + filterSize);
  return counts;
}

class Collector {
  readonly groups = new Set<Group>();
  readonly counted = new Set<Value>();
  private readonly places = new Map<Node, Place>();
  private readonly bits: BitsByNode;
  /** Places found behind nodes that have none themselves. */
  private readonly behind = new Map<Node, Place | undefined>();

  constructor(graph: Graph) {
    this.bits = readFilterBits(graph);
    for (const { name, kind, fullPrecision, hidden, ternary } of findBanks(graph)) {
      const group = emptyGroup(name, kinds[kind]);
      if (fullPrecision) this.places.set(fullPrecision.node, { group, role: 'fp' });
      this.places.set(hidden.node, { group, role: 'hidden' });
      this.places.set(ternary.node, { group, role: 'ternary' });
    }
    for (const layer of findLayers(graph)) this.take(layer);
  }

  private take(layer: Layer): void {
    const place = this.places.get(layer.node) ?? { group: emptyGroup(layer.name, kinds[layer.kind]), role: 'whole' };
    this.places.set(layer.node, place);
    const { group, role } = place;
    this.groups.add(group);
    const isTrits = isTernary(layer.weight.constant!);
    group.nodes.set(layer.node, role === 'hidden' ? 'hidden' : 'filters');
    if (role !== 'ternary') group.filterSize = layer.inputs * elementCount(layer.kernel);
    if (role === 'hidden') group.hidden = layer.filters;
    else group.filters += layer.filters;
    if (role === 'fp' || (role === 'whole' && !isTrits)) group.fullPrecision += layer.filters;
    if (!this.counted.has(layer.weight)) this.takeWeight(group, layer, isTrits);
    const bias = layer.node.inputs[2];
    if (bias?.constant) this.takeOther(group, bias);
  }

  private takeWeight(group: Group, layer: Layer, isTrits: boolean): void {
    this.counted.add(layer.weight);
    const tensor = layer.weight.constant!;
    if (!isTrits) {
      group.weights += tensor.data.length;
      const bits = this.bits.get(layer.node.name);
      if (bits) group.weightsByBits = countByBits(bits, tensor.data.length / bits.length);
      return;
    }
    group.trits += tensor.data.length;
    group.matrices.push(countTernary(tensor));
  }

  private takeOther(group: Group, value: Value): void {
    if (this.counted.has(value)) return;
    this.counted.add(value);
    group.others += value.constant!.data.length;
  }

  /** The place of the layer whose output, through operators without weights, reaches `value`. */
  private placeBehind(value: Value): Place | undefined {
    const passed: Node[] = [];
    let node = value.producer;
    while (node && !this.places.has(node) && !this.behind.has(node)) {
      passed.push(node);
      node = node.inputs[0]?.producer;
    }
    const place = node && (this.places.get(node) ?? this.behind.get(node));
    for (const other of passed) this.behind.set(other, place);
    return place;
  }

  /** A product or sum behind a layer: a scale `a`, an output scale, or a leftover of either kind. */
  takeChannelOp(node: Node): void {
    const op = channelOp(node);
    const place = op && this.placeBehind(op.x);
    if (!place) return;
    const { group, role } = place;
    const values = node.inputs.find((i) => i !== op.x)!;
    if (op.op === 'Add' || role === 'hidden' || group.trits === 0) {
      if (op.op === 'Add') group.nodes.set(node, 'biases');
      else if (role === 'hidden') group.nodes.set(node, 'scales');
      this.takeOther(group, values);
      return;
    }
    group.nodes.set(node, 'output-scales');
    if (!this.counted.has(values)) {
      this.counted.add(values);
      group.outputScales += values.constant!.data.length;
    }
  }

  /**
   * Bounds of a ReLU6 behind a bank: 6 over the scale of the filter, where that scale was moved on. They stand for the
   * scales of its ternary filters and are counted as such; for full-precision ones the bound is the common 6.
   */
  takeBounds(node: Node): void {
    const bounds = channelBounds(node);
    const x = node.inputs.find((i) => i !== bounds);
    const group = bounds && x && this.placeBehind(x)?.group;
    if (!group || group.trits === 0 || this.counted.has(bounds)) return;
    this.counted.add(bounds);
    group.outputScales += group.filters - group.fullPrecision;
  }
}

/** The constant of a Min or Max that bounds each channel by its own value. */
function channelBounds({ op, inputs }: Node): Value | undefined {
  if (op !== 'Min' && op !== 'Max') return undefined;
  const bounds = inputs.filter((i) => i?.constant);
  return inputs.length === 2 && bounds.length === 1 && bounds[0]!.constant!.data.length > 1 ? bounds[0] : undefined;
}

/** All layers in execution order, and how many float values of rank 1 and more belong to none. */
export function groupLayers(graph: Graph): { readonly groups: readonly Group[]; readonly rest: number } {
  const collector = new Collector(graph);
  for (const node of graph.nodes) {
    collector.takeChannelOp(node);
    collector.takeBounds(node);
  }
  const others = graph.initializers.filter((v) => v.dtype === 'float32' && v.uses.size > 0 && v.shape.length > 0);
  const rest = others.filter((v) => !collector.counted.has(v));
  return {
    groups: [...collector.groups],
    rest: rest.reduce((total, v) => total + v.constant!.data.length, 0),
  };
}
