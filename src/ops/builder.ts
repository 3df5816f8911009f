/**
 * Emits nodes into a graph, each with its inferred type: the vocabulary of gradient rules, rewrites and networks.
 * Scalars and shape constants are shared within a graph, so that rules can ask for them freely.
 */

import {
  type Attribute,
  type Attributes,
  type DType,
  elementCodeOf,
  float,
  type Graph,
  i64,
  int,
  ints,
  type Node,
  scalar,
  type Tensor,
  type Value,
} from '../ir/index.ts';
import { allReduce, markerDomain, straightThrough } from './names.ts';
import { inferNode } from './shape.ts';

/** A value, or a number that becomes a constant. */
export type Operand = Value | number;

const sharedConstants = new WeakMap<Graph, Map<string, Value>>();

export class Builder {
  /**
   * @param graph  where nodes go
   * @param prefix  put before the names of emitted nodes, f. ex. `'conv_1/'`
   * @param before  insert before this node instead of at the end
   */
  constructor(
    readonly graph: Graph,
    readonly prefix = '',
    public before?: Node,
  ) {}

  /** A builder of the same graph and place with another prefix. */
  named(prefix: string): Builder {
    return new Builder(this.graph, prefix, this.before);
  }

  /** Emits a node with one output and returns that output. */
  op(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}, name?: string): Value {
    return this.node(op, inputs, attributes, 1, name).output();
  }

  /** Emits a node with `outputs` outputs (a count, or their names). */
  node(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes = {},
    outputs: number | readonly string[] = 1,
    name?: string,
    domain = '',
  ): Node {
    const fullName = this.prefix + (name ?? op.toLowerCase());
    const node = this.graph.add(op, inputs, attributes, { name: fullName, outputs, domain, before: this.before });
    inferNode(node);
    return node;
  }

  /** An initializer of its own under `name`. */
  constant(name: string, tensor: Tensor): Value {
    return this.graph.initializer(this.prefix + name, tensor);
  }

  /** A float32 scalar constant, shared in the graph. */
  scalar(value: number): Value {
    return this.shared(`scalar_${value}`, () => scalar(value));
  }

  /** A one-dimensional int64 constant, shared in the graph. */
  i64(values: readonly number[]): Value {
    return this.shared(`shape_${values.join('_')}`, () => i64(values));
  }

  private shared(key: string, make: () => Tensor): Value {
    const table = sharedConstants.get(this.graph) ?? new Map<string, Value>();
    sharedConstants.set(this.graph, table);
    let value = table.get(key);
    if (!value || this.graph.find(value.name) !== value) {
      value = this.graph.initializer(key, make());
      table.set(key, value);
    }
    return value;
  }

  private operand(x: Operand): Value {
    return typeof x === 'number' ? this.scalar(x) : x;
  }

  add = (x: Operand, y: Operand) => this.op('Add', [this.operand(x), this.operand(y)]);
  sub = (x: Operand, y: Operand) => this.op('Sub', [this.operand(x), this.operand(y)]);
  mul = (x: Operand, y: Operand) => this.op('Mul', [this.operand(x), this.operand(y)]);
  div = (x: Operand, y: Operand) => this.op('Div', [this.operand(x), this.operand(y)]);
  min = (x: Operand, y: Operand) => this.op('Min', [this.operand(x), this.operand(y)]);
  max = (x: Operand, y: Operand) => this.op('Max', [this.operand(x), this.operand(y)]);
  pow = (x: Operand, y: Operand) => this.op('Pow', [this.operand(x), this.operand(y)]);
  greater = (x: Operand, y: Operand) => this.op('Greater', [this.operand(x), this.operand(y)]);
  less = (x: Operand, y: Operand) => this.op('Less', [this.operand(x), this.operand(y)]);
  where = (c: Value, x: Operand, y: Operand) => this.op('Where', [c, this.operand(x), this.operand(y)]);
  neg = (x: Value) => this.op('Neg', [x]);
  abs = (x: Value) => this.op('Abs', [x]);
  sign = (x: Value) => this.op('Sign', [x]);
  exp = (x: Value) => this.op('Exp', [x]);
  log = (x: Value) => this.op('Log', [x]);
  sqrt = (x: Value) => this.op('Sqrt', [x]);
  reciprocal = (x: Value) => this.op('Reciprocal', [x]);
  relu = (x: Value) => this.op('Relu', [x]);
  cast = (x: Value, to: DType) => this.op('Cast', [x], { to: int(elementCodeOf(to)) });
  matmul = (x: Value, y: Value) => this.op('MatMul', [x, y]);

  /** `alpha op(x) op(y) + beta c`; x and y are matrices. */
  gemm(
    x: Value,
    y: Value,
    options: { c?: Value; transA?: boolean; transB?: boolean; alpha?: number; beta?: number } = {},
  ): Value {
    const attributes: Record<string, Attribute> = {};
    if (options.transA) attributes.transA = int(1);
    if (options.transB) attributes.transB = int(1);
    if (options.alpha !== undefined) attributes.alpha = float(options.alpha);
    if (options.beta !== undefined) attributes.beta = float(options.beta);
    return this.op('Gemm', options.c ? [x, y, options.c] : [x, y], attributes);
  }

  transpose = (x: Value, perm: readonly number[]) => this.op('Transpose', [x], { perm: ints(perm) });

  /** Reshape to a constant shape: 0 keeps a dimension, -1 infers one. */
  reshape = (x: Value, dims: readonly number[]) => this.op('Reshape', [x, this.i64(dims)]);

  reduceSum = (x: Value, axes: readonly number[], keepdims = false) => this.reduce('ReduceSum', x, axes, keepdims);
  reduceMean = (x: Value, axes: readonly number[], keepdims = false) => this.reduce('ReduceMean', x, axes, keepdims);

  /** Any Reduce operator over constant axes; no axes at all means every axis. */
  reduce(op: string, x: Value, axes: readonly number[] | undefined, keepdims: boolean): Value {
    return this.op(op, axes ? [x, this.i64(axes)] : [x], { keepdims: int(keepdims ? 1 : 0) });
  }

  concat = (values: readonly Value[], axis: number) => this.op('Concat', values, { axis: int(axis) });

  slice = (
    x: Value,
    range: { starts: readonly number[]; ends: readonly number[]; axes: readonly number[]; steps?: readonly number[] },
  ) =>
    this.op('Slice', [
      x,
      this.i64(range.starts),
      this.i64(range.ends),
      this.i64(range.axes),
      ...(range.steps ? [this.i64(range.steps)] : []),
    ]);

  /** The marker `AllReduce(x)`: the sum over all ranks. */
  allReduce = (x: Value) => this.node(allReduce, [x], {}, 1, undefined, markerDomain).output();

  /** The marker `StraightThrough(x, q)`: value q, gradient to x. */
  straightThrough = (x: Value, q: Value) => this.node(straightThrough, [x, q], {}, 1, undefined, markerDomain).output();
}
