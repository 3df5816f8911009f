/**
 * What a rule of an operator sees: its inputs as values or constants, the sizes that the file declares, the fields of its
 * options, and a builder. Values keep the file's order of axes, [N, H, W, C]; layers that are bound to the other order
 * are put between transpositions.
 */

import { type Attributes, int, type Tensor, TritbankError, toNumbers, type Value } from '../ir/index.ts';
import type { Builder } from '../ops/builder.ts';
import { permuteTensor, type Window } from '../ops/channels-last.ts';
import type { TfliteOperator, TfliteTensor } from './schema.ts';

/** Where values of tensors come from. */
export interface Values {
  /** E_FORMAT for an index without a tensor. */
  tensor(index: number): TfliteTensor;
  /** E_FORMAT for a tensor that nothing computes. */
  value(index: number): Value;
  constant(index: number): Tensor | undefined;
}

export class Context {
  constructor(
    readonly operator: TfliteOperator,
    readonly b: Builder,
    private readonly values: Values,
  ) {}

  fail(expected: string, found: string): TritbankError {
    return new TritbankError('E_UNSUPPORTED', '', `expected ${expected}, found ${found}`);
  }

  /** Whether input `k` is given. */
  has(k: number): boolean {
    return (this.operator.inputs[k] ?? -1) >= 0;
  }

  private index(k: number): number {
    if (!this.has(k)) throw new TritbankError('E_FORMAT', '', `expected an input ${k}, found none`);
    return this.operator.inputs[k]!;
  }

  x = (k = 0): Value => this.values.value(this.index(k));
  /** All inputs; E_FORMAT where they are not `count` many. */
  inputs(count?: number): Value[] {
    const { inputs } = this.operator;
    if (count === undefined || inputs.length === count) return inputs.map((_, k) => this.x(k));
    throw new TritbankError('E_FORMAT', '', `expected ${count} inputs, found ${inputs.length}`);
  }
  constant = (k: number): Tensor | undefined => this.values.constant(this.index(k));
  input = (k = 0): TfliteTensor => this.values.tensor(this.index(k));

  /** The sizes of input `k`. E_FORMAT where they are not `rank` many. */
  sizes(k: number, rank?: number): readonly number[] {
    const { shape, name } = this.input(k);
    if (rank === undefined || shape.length === rank) return shape;
    throw new TritbankError('E_FORMAT', `tensor '${name}'`, `expected ${rank} axes, found [${shape.join(', ')}]`);
  }

  output(k = 0): TfliteTensor {
    const index = this.operator.outputs[k];
    if (index === undefined) throw new TritbankError('E_FORMAT', '', `expected an output ${k}, found none`);
    return this.values.tensor(index);
  }

  /** A constant input of whole numbers: axes, sizes, pads. E_UNSUPPORTED where it is computed. */
  numbers(k: number): number[] {
    const tensor = this.constant(k);
    if (tensor) return this.whole(toNumbers(tensor));
    throw this.fail(`a constant input ${k}`, 'one that is computed');
  }

  /** E_FORMAT for what are no whole numbers. */
  whole<T extends readonly number[]>(numbers: T): T {
    if (numbers.every(Number.isSafeInteger)) return numbers;
    throw new TritbankError('E_FORMAT', '', `expected whole numbers, found ${numbers.join(', ')}`);
  }

  /** Axes counted from the front. E_FORMAT for those outside of `rank`. */
  axes(numbers: readonly number[], rank: number): number[] {
    return numbers.map((axis) => {
      const counted = axis < 0 ? axis + rank : axis;
      if (Number.isInteger(counted) && counted >= 0 && counted < rank) return counted;
      throw new TritbankError('E_FORMAT', '', `expected an axis of ${rank}, found ${axis}`);
    });
  }

  /** Fields of the options by their number in the schema. */
  int8 = (field: number, fallback = 0): number => this.operator.options?.int8(field, fallback) ?? fallback;
  int32 = (field: number, fallback = 0): number => this.operator.options?.int32(field, fallback) ?? fallback;
  float32 = (field: number, fallback = 0): number => this.operator.options?.float32(field, fallback) ?? fallback;
  bool = (field: number): boolean => this.operator.options?.bool(field) ?? false;
  int32s = (field: number): number[] => this.operator.options?.int32s(field) ?? [];

  /** Weights with their axes as ONNX has them. */
  weight(k: number, perm: readonly number[]): Value {
    this.sizes(k, perm.length);
    const tensor = this.constant(k);
    if (!tensor) return this.b.transpose(this.x(k), perm);
    return this.b.constant('weight', permuteTensor(tensor, perm));
  }

  /** The biases of `filters`, where there are any. Whole numbers without a scale have that of input times weights. */
  bias(k: number): Value | undefined {
    if (!this.has(k)) return undefined;
    const tensor = this.constant(k);
    const [input, weight] = [this.input(0).quantization, this.input(1).quantization];
    if (!tensor || tensor.dtype === 'float32' || !input || !weight)
      return tensor ? this.named('bias', tensor) : this.x(k);
    const scaleOf = (i: number) => input.scale[0]! * weight.scale[weight.scale.length === 1 ? 0 : i]!;
    const data = Float32Array.from(toNumbers(tensor), (stored, i) => stored * scaleOf(i));
    return this.named('bias', { dtype: 'float32', dims: tensor.dims, data });
  }

  private named(name: string, tensor: Tensor): Value {
    return this.b.constant(name, tensor);
  }

  /** The window of a layer whose options have padding, width and height strides in their first fields. */
  window(kernel: readonly number[], dilations: readonly number[] = [1, 1]): Window {
    const strides = [this.int32(2), this.int32(1)];
    return { kernel, strides, dilations, padding: this.int8(0) === 0 ? 'SAME' : 'VALID' };
  }

  /** Height and width of an image as they are known: open ones by name. */
  spatial(x: Value): readonly (number | string)[] {
    return x.shape.slice(1, 3);
  }

  op = (name: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value =>
    this.b.op(name, inputs, attributes);

  clip = (x: Value, low: number, high: number): Value => this.op('Clip', [x, this.b.scalar(low), this.b.scalar(high)]);
  squeeze = (x: Value, axes: readonly number[]): Value => this.op('Squeeze', [x, this.b.i64(axes)]);
  unsqueeze = (x: Value, axes: readonly number[]): Value => this.op('Unsqueeze', [x, this.b.i64(axes)]);
  softmax = (name: string, x: Value): Value => this.op(name, [x], { axis: int(-1) });
}

/** One value, or one for each output of the operator. */
export type Rule = (c: Context) => Value | readonly Value[];
