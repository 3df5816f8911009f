/**
 * The graph: values with identity, a producer and uses; nodes in execution order; inputs and outputs.
 * It knows ONNX's operator model (named operators, positional optional inputs, typed attributes, initializers)
 * and nothing of its file format. Long, and one idea: what holds values, nodes and the graph together is kept in one place.
 */

import { Budget } from './budget.ts';
import { TritbankError } from './errors.ts';
import type { DType, Tensor } from './tensor.ts';

/** A dimension: a size, or the name of a symbolic one (`'N'` for the batch). */
export type Dim = number | string;
export type Shape = readonly Dim[];

export interface TensorType {
  readonly dtype: DType;
  /** Absent while the rank is unknown. */
  readonly shape?: Shape;
}

export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: Tensor };

export type Attributes = Readonly<Record<string, Attribute>>;

export const int = (value: number): Attribute => ({ kind: 'int', value });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const str = (value: string): Attribute => ({ kind: 'string', value });
export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });
export const floats = (value: readonly number[]): Attribute => ({ kind: 'floats', value });
export const tensorAttribute = (value: Tensor): Attribute => ({ kind: 'tensor', value });

/** What Node prints an object with, as test runners do with `toJSON`: a graph holds all of itself in each of its parts. */
const inspected = Symbol.for('nodejs.util.inspect.custom');

/** One tensor in the graph: a graph input, an initializer (then `constant` is set) or a node's output. */
export class Value {
  type: TensorType | undefined;
  /** The initializer's data; such a value has no producer. */
  constant: Tensor | undefined;
  producer: Node | undefined;
  /** Nodes that read this value, once per input slot that does. */
  readonly uses = new Set<Node>();

  /** @internal use `Graph.input`, `Graph.initializer` or `Graph.add` */
  constructor(
    readonly graph: Graph,
    public name: string,
    type?: TensorType,
  ) {
    this.type = type;
  }

  /** The shape, or an E_SHAPE error that names the value when shape inference has not found it. */
  get shape(): Shape {
    if (this.type?.shape) return this.type.shape;
    throw new TritbankError('E_SHAPE', `value '${this.name}'`, 'expected a known shape, found none');
  }

  /** The shape with every dimension fixed, or an E_SHAPE error. */
  get dims(): readonly number[] {
    const shape = this.shape;
    if (shape.every((d): d is number => typeof d === 'number')) return shape as readonly number[];
    throw new TritbankError('E_SHAPE', `value '${this.name}'`, `expected fixed sizes, found [${shape.join(', ')}]`);
  }

  get dtype(): DType {
    return this.type?.dtype ?? this.constant?.dtype ?? 'float32';
  }

  [inspected](): string {
    return `Value '${this.name}'`;
  }

  toJSON(): string {
    return this[inspected]();
  }

  /** Makes every reader of this value, and the graph's output list, read `other` instead. */
  replaceAllUsesWith(other: Value): void {
    if (other === this) return;
    for (const node of this.uses) {
      for (let i = 0; i < node.inputs.length; i++) if (node.inputs[i] === this) node.inputs[i] = other;
      other.uses.add(node);
    }
    this.uses.clear();
    const { outputs } = this.graph;
    for (let i = 0; i < outputs.length; i++) if (outputs[i] === this) outputs[i] = other;
  }
}

/** One operator application. */
export class Node {
  readonly inputs: (Value | undefined)[] = [];
  readonly outputs: (Value | undefined)[] = [];

  /** @internal use `Graph.add` */
  constructor(
    readonly graph: Graph,
    readonly op: string,
    public name: string,
    public attributes: Attributes,
    readonly domain: string,
  ) {}

  /** For messages: `node 'conv_1' (Conv)`. */
  get label(): string {
    return `node '${this.name}' (${this.domain ? `${this.domain}.` : ''}${this.op})`;
  }

  [inspected](): string {
    return `Node ${this.label}`;
  }

  toJSON(): string {
    return this[inspected]();
  }

  /** Input `index`, or an E_GRAPH error where the operator needs one and the graph has none. */
  input(index: number): Value {
    const value = this.inputs[index];
    if (!value) throw new TritbankError('E_GRAPH', this.label, `expected an input ${index}, found none`);
    return value;
  }

  output(index = 0): Value {
    const value = this.outputs[index];
    if (!value) throw new TritbankError('E_GRAPH', this.label, `expected an output ${index}, found none`);
    return value;
  }

  setInput(index: number, value: Value | undefined): void {
    const previous = this.inputs[index];
    this.inputs[index] = value;
    if (previous && !this.inputs.includes(previous)) previous.uses.delete(this);
    if (value) value.uses.add(this);
  }

  /** Lets the node read nothing any more; its input slots stay. */
  clearInputs(): void {
    for (const input of this.inputs) input?.uses.delete(this);
    this.inputs.fill(undefined);
  }

  int(name: string, fallback?: number): number {
    return this.attribute(name, 'int', fallback) as number;
  }
  float(name: string, fallback?: number): number {
    return this.attribute(name, 'float', fallback) as number;
  }
  string(name: string, fallback?: string): string {
    return this.attribute(name, 'string', fallback) as string;
  }
  ints(name: string, fallback?: readonly number[]): readonly number[] {
    return this.attribute(name, 'ints', fallback) as readonly number[];
  }
  floats(name: string, fallback?: readonly number[]): readonly number[] {
    return this.attribute(name, 'floats', fallback) as readonly number[];
  }
  has(name: string): boolean {
    return name in this.attributes;
  }

  private attribute(name: string, kind: Attribute['kind'], fallback: unknown): unknown {
    const attribute = this.attributes[name];
    if (attribute?.kind === kind) return attribute.value;
    if (attribute) {
      throw new TritbankError(
        'E_GRAPH',
        `${this.label} attribute ${name}`,
        `expected ${kind}, found ${attribute.kind}`,
      );
    }
    if (fallback === undefined)
      throw new TritbankError('E_GRAPH', this.label, `expected an attribute ${name}, found none`);
    return fallback;
  }
}

export interface NodeOptions {
  readonly name?: string;
  readonly domain?: string;
  /** Output count, or the wanted output names (an empty name omits an optional output). Default 1. */
  readonly outputs?: number | readonly string[];
  /** Insert before this node instead of at the end. */
  readonly before?: Node | undefined;
}

/** A network: nodes in execution order over named values. Mutable; passes rewrite it or a `clone()`. */
export class Graph {
  nodes: Node[] = [];
  readonly inputs: Value[] = [];
  outputs: Value[] = [];
  /** Free-form key/value pairs stored with the model (ONNX `metadata_props`). */
  readonly metadata = new Map<string, string>();
  /** What reading changed, a sentence each, for whoever reads a file to tell. Not stored with the model. */
  readonly notes: string[] = [];
  /** Documentation string of the model. */
  doc = '';
  /** What may be computed of its constants; a file's is limited. */
  budget = Budget.unlimited;
  private readonly byName = new Map<string, Value>();
  private readonly nodeNames = new Set<string>();
  private readonly members = new Set<Node>();
  private readonly counters = new Map<string, number>();

  constructor(
    public name = 'graph',
    /** Version of the default operator set that the nodes are written for. */
    public opset = 20,
  ) {}

  [inspected](): string {
    return `Graph '${this.name}' of ${this.nodes.length} nodes`;
  }

  toJSON(): string {
    return this[inspected]();
  }

  /** All values that exist: inputs, initializers and outputs of nodes. */
  get values(): IterableIterator<Value> {
    return this.byName.values();
  }

  /** Values with constant data, in creation order. */
  get initializers(): Value[] {
    return [...this.byName.values()].filter((v) => v.constant);
  }

  find(name: string): Value | undefined {
    return this.byName.get(name);
  }

  /** The value called `name`, or an E_GRAPH error. */
  value(name: string): Value {
    const value = this.byName.get(name);
    if (!value) throw new TritbankError('E_GRAPH', `graph '${this.name}'`, `expected a value '${name}', found none`);
    return value;
  }

  /** Adds a graph input. */
  input(name: string, dtype: DType, shape?: Shape): Value {
    const value = this.newValue(name, shape ? { dtype, shape } : { dtype });
    this.inputs.push(value);
    return value;
  }

  /** Adds an initializer. The name is made unique when taken. */
  initializer(name: string, tensor: Tensor): Value {
    const value = this.newValue(this.freshName(name), { dtype: tensor.dtype, shape: tensor.dims });
    value.constant = tensor;
    return value;
  }

  /**
   * Appends a node (or inserts it before `options.before`). Inputs are values, or `undefined` for an omitted
   * optional input. Returns the node; its outputs have fresh names derived from the node's.
   */
  add(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes = {},
    options: NodeOptions = {},
  ): Node {
    const name = this.freshNodeName(options.name ?? op.toLowerCase());
    const node = new Node(this, op, name, attributes, options.domain ?? '');
    for (const input of inputs) {
      if (input && input.graph !== this) throw new Error(`internal: ${node.label} reads a value of another graph`);
      node.inputs.push(input);
      input?.uses.add(node);
    }
    const wanted = options.outputs ?? 1;
    if (typeof wanted === 'number') {
      for (let i = 0; i < wanted; i++) {
        node.outputs.push(this.newOutput(node, this.freshName(i === 0 ? name : `${name}_out${i}`)));
      }
    } else {
      for (const output of wanted) node.outputs.push(output === '' ? undefined : this.newOutput(node, output));
    }
    this.members.add(node);
    if (options.before) this.nodes.splice(this.nodes.indexOf(options.before), 0, node);
    else this.nodes.push(node);
    return node;
  }

  /** Whether the node was not removed. */
  has(node: Node): boolean {
    return this.members.has(node);
  }

  /** Removes a node whose outputs nobody reads any more. */
  remove(node: Node): void {
    this.detach(node);
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  /**
   * Lets `decide` take out nodes one after the other, as `remove` does, and shortens `nodes` once at the end: for passes
   * that remove many. Until then `nodes` has those that were taken out, too.
   */
  removeMany<T>(decide: (remove: (node: Node) => void) => T): T {
    try {
      return decide((node) => this.detach(node));
    } finally {
      this.nodes = this.nodes.filter((node) => this.members.has(node));
    }
  }

  private detach(node: Node): void {
    for (const output of node.outputs) {
      if (!output) continue;
      if (output.uses.size > 0 || this.outputs.includes(output)) {
        throw new Error(`internal: removed ${node.label} while '${output.name}' is in use`);
      }
      this.byName.delete(output.name);
    }
    node.clearInputs();
    this.nodeNames.delete(node.name);
    this.members.delete(node);
  }

  /** Removes an initializer or graph input that nobody reads. */
  removeValue(value: Value): void {
    if (value.uses.size > 0 || value.producer || this.outputs.includes(value)) {
      throw new Error(`internal: removed value '${value.name}' while it is in use`);
    }
    this.byName.delete(value.name);
    const index = this.inputs.indexOf(value);
    if (index >= 0) this.inputs.splice(index, 1);
  }

  /** Gives a value another, unused name. */
  rename(value: Value, name: string): void {
    if (value.name === name) return;
    if (this.byName.has(name)) throw new Error(`internal: value name '${name}' is taken`);
    this.byName.delete(value.name);
    value.name = name;
    this.byName.set(name, value);
  }

  /** A value name not in use: `base`, or `base_1`, `base_2` ... */
  freshName(base: string): string {
    return this.fresh(base, this.byName);
  }

  /** A deep copy that shares constant tensors' data. */
  clone(): Graph {
    const copy = new Graph(this.name, this.opset);
    copy.doc = this.doc;
    copy.notes.push(...this.notes);
    copy.budget = this.budget.renewed();
    for (const [key, value] of this.metadata) copy.metadata.set(key, value);
    for (const v of this.inputs) copy.inputs.push(copy.newValue(v.name, v.type));
    for (const v of this.byName.values()) {
      if (v.constant && !copy.find(v.name)) copy.newValue(v.name, v.type);
      if (v.constant) copy.value(v.name).constant = v.constant;
    }
    for (const node of this.nodes) {
      const outputs = node.outputs.map((o) => o?.name ?? '');
      const inputs = node.inputs.map((i) => i && copy.value(i.name));
      const added = copy.add(node.op, inputs, node.attributes, { name: node.name, domain: node.domain, outputs });
      for (const [i, output] of node.outputs.entries()) {
        const target = added.outputs[i];
        if (output && target) target.type = output.type;
      }
    }
    copy.outputs = this.outputs.map((o) => copy.value(o.name));
    return copy;
  }

  private fresh(base: string, taken: { has(name: string): boolean }): string {
    if (!taken.has(base)) return base;
    let n = this.counters.get(base) ?? 1;
    while (taken.has(`${base}_${n}`)) n++;
    this.counters.set(base, n + 1);
    return `${base}_${n}`;
  }

  private freshNodeName(base: string): string {
    const name = this.fresh(base, this.nodeNames);
    this.nodeNames.add(name);
    return name;
  }

  private newValue(name: string, type?: TensorType): Value {
    if (this.byName.has(name)) {
      throw new TritbankError('E_GRAPH', `value '${name}'`, 'expected one definition of each name, found two');
    }
    const value = new Value(this, name, type);
    this.byName.set(name, value);
    return value;
  }

  private newOutput(node: Node, name: string): Value {
    const value = this.newValue(name);
    value.producer = node;
    return value;
  }
}
