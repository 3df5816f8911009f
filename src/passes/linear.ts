/**
 * Conv and Gemm as rewrites see them: `y = W x + b` with constant W `[filters, inputs]` and b. What differs (groups,
 * layouts, where the bias is) is told here once. Left out: Gemm with alpha or beta other than 1 or transposed x.
 */

import { elementCount, f32, type Node, type Value } from '../ir/index.ts';
import { constantOf } from './channels.ts';

/** Calls `f` for each weight with its filter and its input channel. */
type EachWeight = (f: (index: number, filter: number, input: number) => void) => void;

export class Linear {
  private constructor(
    readonly node: Node,
    /** The initializer with the weights. */
    readonly weight: Value,
    readonly filters: number,
    readonly inputs: number,
    private readonly each: EachWeight,
  ) {}

  /** The view of a node, or undefined if it is no such operator or its weights or bias are not constant. */
  static of(node: Node | undefined): Linear | undefined {
    if (node?.domain !== '' || (node.op !== 'Conv' && node.op !== 'Gemm')) return undefined;
    const weight = constantOf(node.inputs[1]);
    if (weight?.dtype !== 'float32' || (node.inputs[2] && !constantOf(node.inputs[2]))) return undefined;
    const linear = node.op === 'Conv' ? Linear.ofConv(node) : Linear.ofGemm(node);
    const bias = node.inputs[2]?.constant?.dims;
    if (!linear || !bias) return linear;
    return elementCount(bias) === linear.filters && bias.at(-1) === linear.filters ? linear : undefined;
  }

  private static ofConv(node: Node): Linear | undefined {
    const weight = node.input(1);
    const [filters, perGroup, ...kernel] = weight.constant!.dims as [number, number, ...number[]];
    const group = node.int('group', 1);
    const positions = elementCount(kernel);
    const size = perGroup * positions;
    return new Linear(node, weight, filters, perGroup * group, (f) => {
      for (let m = 0; m < filters; m++) {
        const first = Math.floor((m * group) / filters) * perGroup;
        for (let i = 0; i < size; i++) f(m * size + i, m, first + Math.floor(i / positions));
      }
    });
  }

  private static ofGemm(node: Node): Linear | undefined {
    if (node.int('transA', 0) || node.float('alpha', 1) !== 1) return undefined;
    if (node.float('beta', 1) !== 1) return undefined;
    const weight = node.input(1);
    const [rows, columns] = weight.constant!.dims as [number, number];
    const each = (f: (index: number, row: number, column: number) => void) => {
      for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) f(r * columns + c, r, c);
    };
    if (node.int('transB', 0)) return new Linear(node, weight, rows, columns, each);
    return new Linear(node, weight, columns, rows, (f) => each((index, input, filter) => f(index, filter, input)));
  }

  /** True when no other node reads the weights, so that they may be changed. */
  get ownsWeight(): boolean {
    return this.weight.uses.size === 1 && !this.node.graph.outputs.includes(this.weight);
  }

  /** True when every output sees real inputs only, so that a constant input gives the same constant everywhere. */
  get isUnpadded(): boolean {
    if (this.node.op === 'Gemm') return true;
    const automatic = this.node.string('auto_pad', 'NOTSET');
    if (automatic === 'VALID') return true;
    if (automatic !== 'NOTSET') return this.weight.constant!.dims.slice(2).every((k) => k === 1);
    return this.node.ints('pads', []).every((p) => p === 0);
  }

  get hasBias(): boolean {
    return this.node.inputs[2] !== undefined;
  }

  /** The bias of each filter; zeros where the node has none. */
  get bias(): Float64Array {
    const constant = this.node.inputs[2]?.constant;
    return constant ? Float64Array.from(constant.data as Float32Array) : new Float64Array(this.filters);
  }

  set bias(values: Float64Array) {
    const { node } = this;
    const old = node.inputs[2];
    const tensor = f32([values.length], values);
    if (old && old.uses.size === 1 && old.shape.length === 1 && !node.graph.outputs.includes(old)) {
      old.constant = tensor;
      return;
    }
    const bias = node.graph.initializer(old ? old.name : `${node.name}_bias`, tensor);
    if (node.inputs.length < 3) node.inputs.push(undefined);
    node.setInput(2, bias);
  }

  removeBias(): void {
    if (!this.hasBias) return;
    this.node.setInput(2, undefined);
    this.node.inputs.length = 2;
  }

  /** Which filters have a weight other than 0. */
  get weighs(): readonly boolean[] {
    const found = Array<boolean>(this.filters).fill(false);
    const data = this.weight.constant!.data as Float32Array;
    this.each((index, filter) => {
      if (data[index] !== 0) found[filter] = true;
    });
    return found;
  }

  /** Multiplies the weights of each filter. Zero factors give +0. */
  scaleFilters(factors: Float64Array): void {
    this.map((w, filter) => w * factors[filter]!);
  }

  /** Multiplies the weights of each input channel. */
  scaleInputs(factors: Float64Array): void {
    this.map((w, _, input) => w * factors[input]!);
  }

  private map(f: (weight: number, filter: number, input: number) => number): void {
    const { dims, data } = this.weight.constant!;
    const result = new Float32Array(data.length);
    this.each((index, filter, input) => {
      result[index] = f((data as Float32Array)[index]!, filter, input) + 0;
    });
    this.weight.constant = f32(dims, result);
  }

  /** `W t` for an input that is `t` everywhere: the sum over kernel positions too. Only where `isUnpadded`. */
  response(t: Float64Array): Float64Array {
    const result = new Float64Array(this.filters);
    const data = this.weight.constant!.data as Float32Array;
    this.each((index, filter, input) => {
      result[filter]! += data[index]! * t[input]!;
    });
    return result;
  }
}
