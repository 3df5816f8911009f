/**
 * QuantizeLinear and DequantizeLinear where tensors become 8-bit integers, in the places where a runtime can compute on
 * the integers. Each of these steps leaves the function that the graph computes as it is:
 *
 *   Q(bound(x)) = Q(x)                        for bounds that lie outside of what the levels cover
 *   Q(Concat(x, y)) = Concat(Q(x), Q(y))      and so for all operators that only move or choose elements
 *   Q(DQ(q)) = q                              with the same levels
 */

import type { Graph, Node, Value } from '../../../ir/index.ts';
import { traitsOf } from '../../../ops/index.ts';
import { soleReader } from '../../../passes/channels.ts';
import type { Emitter } from '../emitter.ts';
import { isMoving } from './choose.ts';
import type { Levels, TensorPlan } from './ranges.ts';
import { type Bounds, boundsOf } from './sources.ts';

/** Levels as constants of the graph. */
export interface Constants {
  readonly levels: Levels;
  readonly scale: Value;
  readonly zero: Value;
}

/** A tensor behind DequantizeLinear. */
export interface Dequantized {
  readonly constants: Constants;
  readonly means: Float64Array | undefined;
}

export class Quantization {
  private readonly constants = new Map<string, Constants>();
  /** The levels behind each DequantizeLinear. */
  private readonly known = new Map<Value, Dequantized>();

  constructor(
    private readonly graph: Graph,
    private readonly to: Emitter,
  ) {}

  /** What is known of a dequantized tensor. */
  get(value: Value | undefined): Dequantized | undefined {
    return value && this.known.get(value);
  }

  /** Makes everything that reads `value` read it quantized. */
  quantize(value: Value, { levels, means }: TensorPlan): void {
    const { graph, to } = this;
    const constants = this.constantsOf(levels);
    const readers = [...value.uses];
    to.before = value.producer ? graph.nodes[graph.nodes.indexOf(value.producer) + 1] : graph.nodes[0];
    const q = to.node('QuantizeLinear', [value, constants.scale, constants.zero]);
    const dequantized = to.op('DequantizeLinear', [q.output(), constants.scale, constants.zero]);
    this.known.set(dequantized, { constants, means });
    for (const reader of readers) {
      for (const [i, input] of reader.inputs.entries()) if (input === value) reader.setInput(i, dequantized);
    }
    graph.outputs = graph.outputs.map((o) => (o === value ? dequantized : o));
    this.raise(q, constants);
  }

  private constantsOf(levels: Levels): Constants {
    const { scale, zero } = levels;
    const key = `${scale}:${zero}`;
    const before = this.constants.get(key);
    if (before) return before;
    const made: Constants = {
      levels,
      scale: this.to.constant(`s${this.constants.size}`, { dtype: 'float32', dims: [], data: Float32Array.of(scale) }),
      zero: this.to.shared(`z${zero}`, () => ({ dtype: 'uint8', dims: [], data: Uint8Array.of(zero) })),
    };
    this.constants.set(key, made);
    return made;
  }

  /** Moves a QuantizeLinear towards the inputs. */
  private raise(q: Node, constants: Constants): void {
    const { graph } = this;
    for (;;) {
      const x = q.input(0);
      const node = x.producer;
      if (this.known.get(x)?.constants === constants) {
        q.output().replaceAllUsesWith(node!.input(0));
        graph.remove(q);
        return;
      }
      if (!node || soleReader(x) !== q) return;
      const bounds = boundsOf(node);
      if (bounds && isRedundant(bounds, constants.levels)) {
        q.setInput(0, node.input(0));
        graph.remove(node);
        continue;
      }
      if (isMoving(node)) this.exchange(q, node, constants);
      return;
    }
  }

  /** Q(f(x)) becomes f(Q(x)). */
  private exchange(q: Node, node: Node, constants: Constants): void {
    const { graph, to } = this;
    const data = traitsOf(node).moves === 'all' ? node.inputs : node.inputs.slice(0, 1);
    to.before = node;
    const raised: Node[] = [];
    const quantized = data.map((x) => {
      if (this.known.get(x!)?.constants === constants) return x!.producer!.input(0);
      const part = to.node('QuantizeLinear', [x, constants.scale, constants.zero]);
      raised.push(part);
      return part.output();
    });
    const moved = to.op(node.op, [...quantized, ...node.inputs.slice(data.length)], node.attributes);
    q.output().replaceAllUsesWith(moved);
    graph.remove(q);
    graph.remove(node);
    for (const part of raised) this.raise(part, constants);
  }
}

/** True when the levels cover nothing outside of the bounds, so that rounding to them implies the bounds. */
function isRedundant({ low, high }: Bounds, { scale, zero }: Levels): boolean {
  const level = (x: number) => Math.round(Math.fround(x) / scale) + zero;
  return low.every((l) => level(l) <= 0) && high.every((h) => level(h) >= 255);
}
