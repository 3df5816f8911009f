/**
 * Emits the small nodes of an export, of which there are several for each layer: values between them get names of two or
 * three characters, the nodes none, since a small model's file would else be names for a good part. What a reader looks
 * for, layers and stored weights, keeps its name.
 */

import {
  type Attributes,
  type DType,
  elementCodeOf,
  type Graph,
  int,
  type Node,
  type Tensor,
  type Value,
} from '../../ir/index.ts';
import { inferNode } from '../../ops/shape.ts';

export class Emitter {
  readonly nodes = new Set<Node>();
  private readonly made = new Map<string, Value>();
  private count = 0;

  constructor(
    readonly graph: Graph,
    /** New nodes go before this one, or to the end. */
    public before?: Node,
  ) {}

  /** Emits a node with one output. */
  op(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value {
    return this.node(op, inputs, attributes).output();
  }

  node(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Node {
    const { graph, before } = this;
    const node = graph.add(op, inputs, attributes, { name: this.freshName(), outputs: [this.freshName()], before });
    inferNode(node);
    this.nodes.add(node);
    return node;
  }

  cast(x: Value, dtype: DType): Value {
    return this.op('Cast', [x], { to: int(elementCodeOf(dtype)) });
  }

  /** A constant of its own. */
  constant(name: string, tensor: Tensor): Value {
    return this.graph.initializer(name, tensor);
  }

  /** A constant that is made once for each name. */
  shared(name: string, make: () => Tensor): Value {
    return this.once(`constant ${name}`, () => this.graph.initializer(name, make()));
  }

  /** What `make` emits, once for each key. */
  once(key: string, make: () => Value): Value {
    const known = this.made.get(key);
    if (known) return known;
    const value = make();
    this.made.set(key, value);
    return value;
  }

  /** A short name that no value has. */
  freshName(): string {
    for (;;) {
      const name = `_${(this.count++).toString(36)}`;
      if (!this.graph.find(name)) return name;
    }
  }
}
