/**
 * The way of an order of channels through a graph, from the layer that has it to where it is taken up or where the
 * original order is needed. Nothing changes while it is looked for.
 */

import type { Node, Value } from '../../ir/index.ts';
import { constantOf, soleReader } from '../channels.ts';
import { isSame, type Order } from './order.ts';
import { type Change, type Passage, passageOf, reorderOutputs } from './rules.ts';

/** True when `node` reads, over any number of nodes, what `source` computes. */
function dependsOn(node: Node, source: Node): boolean {
  const seen = new Set<Node>([node]);
  for (const next of seen) {
    if (next === source) return true;
    for (const value of next.inputs) if (value?.producer) seen.add(value.producer);
  }
  return false;
}

/** All that has to change for one layer, found before anything does. */
/** Nodes between a gate and the layer that computes it. */
const maxDepth = 1000;

export class Walk {
  /** Other layers whose filters changed places, once `apply` has run. */
  readonly moved = new Map<string, Order>();
  /** Gathers of channels that take the order up. */
  readonly gathers = new Set<Node>();
  /** Values whose original order is needed, with the nodes that need it. */
  readonly needed = new Map<Value, Node[]>();
  private readonly orders = new Map<Value, Order>();
  private readonly changes: Change[] = [];

  constructor(
    private readonly layer: Node,
    order: Order,
  ) {
    const { nodes, outputs } = layer.graph;
    this.orders.set(layer.output(), order);
    for (const node of nodes.slice(nodes.indexOf(layer) + 1)) this.visit(node);
    for (const value of outputs) if (this.orders.has(value)) this.need(value);
  }

  orderOf(value: Value): Order {
    return this.orders.get(value)!;
  }

  apply(): void {
    for (const change of this.changes) change();
  }

  private need(value: Value, reader?: Node): void {
    const readers = this.needed.get(value) ?? [];
    this.needed.set(value, reader ? [...readers, reader] : readers);
  }

  private visit(node: Node): void {
    const reordered = node.inputs.filter((value) => value !== undefined && this.orders.has(value));
    if (reordered.length === 0) return;
    const passage = passageOf(node, (value) => this.orders.get(value)) ?? this.passGate(node);
    if (!passage) {
      for (const value of new Set(reordered)) this.need(value!, node);
      return;
    }
    if (passage.order) this.orders.set(node.output(), passage.order);
    this.changes.push(this.record(node, passage));
  }

  private record(node: Node, { order, change }: Passage): Change {
    if (node.op === 'Gather') this.gathers.add(node);
    return () => {
      change();
      if (order && node.op === 'Conv') this.moved.set(node.name, order);
    };
  }

  /** Rule 3: a product with a gate, or a sum with one value per channel. */
  private passGate(node: Node): Passage | undefined {
    const operands = node.inputs as readonly Value[];
    const x = operands.find((value) => this.orders.has(value));
    const gate = operands.find((value) => !this.orders.has(value));
    if (!x || !gate || node.domain !== '' || (node.op !== 'Mul' && node.op !== 'Add')) return undefined;
    // the operands of a residual connection have one size
    const isOne = (value: Value) => value.type?.shape?.slice(2).every((size) => size === 1);
    if (node.op === 'Add' && (!isOne(gate) || isOne(x))) return undefined;
    const order = this.orderOf(x);
    const orderOf = (value: Value) => (value === gate ? order : this.orders.get(value));
    const passage = passageOf(node, orderOf);
    const brought = passage && this.bring(gate, order);
    if (!brought) return undefined;
    const change = () => {
      for (const apply of brought) apply();
      passage.change();
    };
    return { order, change };
  }

  /** What brings a value with one reader into `order`, back to the layer that computes it from this one's output. */
  private bring(value: Value, order: Order, depth = 0): readonly Change[] | undefined {
    if (depth > maxDepth) return undefined;
    const node = value.producer;
    if (!node || !soleReader(value)) return undefined;
    const reorder = reorderOutputs(node, order);
    if (reorder) {
      if (!dependsOn(node, this.layer)) return undefined;
      if (node.op === 'Gather') this.gathers.add(node);
      const change = () => {
        reorder();
        if (node.op !== 'Gather') this.moved.set(node.name, order);
      };
      return [change];
    }
    const source = node.inputs.find((input) => input && !constantOf(input));
    const passage = source && passageOf(node, (input) => (input === source ? order : this.orders.get(input)));
    if (!passage?.order || !isSame(passage.order, order)) return undefined;
    const before = this.bring(source!, order, depth + 1);
    return before && [...before, this.record(node, passage)];
  }
}
