/**
 * Builds the graph operator by operator: which value each tensor of the file has become. Sizes that a rule computes are
 * compared with those that the file declares.
 */

import {
  type Dim,
  type Graph,
  type Shape,
  type Tensor,
  type TensorType,
  TritbankError,
  toNumbers,
  type Value,
} from '../ir/index.ts';
import { Builder } from '../ops/builder.ts';
import { constantOf, dtypeOf, isQuantized } from './constants.ts';
import { Context, type Values } from './context.ts';
import { activate } from './operators/elementwise.ts';
import { operatorRules } from './operators/index.ts';
import { activations, type TfliteModel, type TfliteOperator, type TfliteTensor } from './schema.ts';

/** Whole numbers are int64 in the graph, as ONNX wants sizes and axes. */
function widen(tensor: Tensor): Tensor {
  if (tensor.dtype !== 'int32') return tensor;
  return { dtype: 'int64', dims: tensor.dims, data: BigInt64Array.from(toNumbers(tensor), BigInt) };
}

/** The part of a name that tells: converters join the names of what they fuse. */
const shortName = (name: string) => name.split(';')[0]!;

export class Emitter implements Values {
  private readonly values = new Map<number, Value>();
  private readonly constants = new Map<number, Tensor>();

  constructor(
    private readonly model: TfliteModel,
    readonly graph: Graph,
    private readonly options: { readonly isBatchFree: boolean; readonly storesActivations: boolean },
  ) {}

  tensor(index: number): TfliteTensor {
    const tensor = this.model.tensors[index];
    if (tensor) return tensor;
    throw new TritbankError('E_FORMAT', '', `expected one of ${this.model.tensors.length} tensors, found ${index}`);
  }

  constant(index: number): Tensor | undefined {
    const known = this.constants.get(index);
    if (known) return known;
    const made = constantOf(this.tensor(index));
    if (!made) return undefined;
    const tensor = widen(made);
    this.constants.set(index, tensor);
    return tensor;
  }

  value(index: number): Value {
    const known = this.values.get(index);
    if (known) return known;
    const tensor = this.constant(index);
    const { name } = this.tensor(index);
    if (!tensor)
      throw new TritbankError('E_FORMAT', `tensor '${name}'`, 'expected an operator that computes it, found none');
    const value = this.graph.initializer(shortName(name), tensor);
    this.values.set(index, value);
    return value;
  }

  /** Gives a tensor the value of a graph's input. */
  bind(index: number, value: Value): void {
    this.values.set(index, value);
  }

  /** Emits one operator. */
  emit(operator: TfliteOperator): void {
    const rule = operatorRules.get(operator.name)!;
    const [first = -1] = operator.outputs;
    if (this.passConstant(operator)) return;
    const b = new Builder(this.graph, `${shortName(this.tensor(first).name)}/`);
    const c = new Context(operator, b, this);
    const results = rule.emit(c);
    for (const [k, y] of (Array.isArray(results) ? (results as Value[]) : [results as Value]).entries()) {
      const index = operator.outputs[k];
      if (index === undefined) throw new TritbankError('E_FORMAT', '', `expected an output ${k}, found none`);
      const code = rule.activation === undefined ? 0 : c.int8(rule.activation);
      const activation = activations[code];
      if (!activation) throw new TritbankError('E_FORMAT', '', `expected an activation, found ${code}`);
      const active = activate(c, y, activation);
      const isOpen = rule.activation !== undefined && activation === 'NONE';
      this.define(index, this.restrict(c, active, this.tensor(index), isOpen));
    }
  }

  /** Weights that are stored in few bits go through an operator of their own, which changes none of what they stand for. */
  private passConstant({ name, inputs, outputs }: TfliteOperator): boolean {
    if (name !== 'DEQUANTIZE') return false;
    const constant = this.constant(inputs[0] ?? -1);
    if (constant?.dtype !== 'float32') return false;
    this.constants.set(outputs[0] ?? -1, constant);
    return true;
  }

  private define(index: number, value: Value): void {
    if (this.values.has(index)) {
      throw new TritbankError(
        'E_FORMAT',
        `tensor '${this.tensor(index).name}'`,
        'expected one operator that computes it, found two',
      );
    }
    this.settleType(value, this.tensor(index));
    this.values.set(index, value);
  }

  /** Takes the declared sizes where none are known, and refuses others. */
  private settleType(value: Value, tensor: TfliteTensor): void {
    const declared = this.shapeOf(tensor);
    const found = value.type?.shape;
    if (!found) {
      const type: TensorType = { dtype: dtypeOf(tensor) ?? 'float32', shape: declared };
      value.type = type;
      return;
    }
    const isOpen = tensor.shape.length === 0 || tensor.signature.some((size, i) => i > 0 && size < 0);
    const differs = (dim: Dim, i: number) =>
      typeof dim === 'number' && typeof declared[i] === 'number' && dim !== declared[i];
    if (isOpen || (found.length === declared.length && !found.some(differs))) return;
    const [expected, computed] = [declared, found].map((shape) => `[${shape.join(', ')}]`);
    throw new TritbankError(
      'E_FORMAT',
      `tensor '${tensor.name}'`,
      `expected ${expected} as it says, found ${computed}`,
    );
  }

  private shapeOf({ shape }: TfliteTensor): Shape {
    return this.options.isBatchFree && shape[0] === 1 ? ['N', ...shape.slice(1)] : shape;
  }

  /**
   * What the range of the stored numbers does: nothing is below their least one, so that a range that begins at zero is a
   * ReLU, and one that ends at 6 a ReLU6. `storesActivations` keeps all of it, with its steps.
   */
  private restrict(c: Context, y: Value, tensor: TfliteTensor, isOpen: boolean): Value {
    const { quantization, type } = tensor;
    if (!quantization || !isQuantized(tensor) || quantization.scale.length !== 1) return y;
    const [scale, zeroPoint] = [quantization.scale[0]!, quantization.zeroPoint[0]!];
    if (this.options.storesActivations && type !== 'INT16') return storeAndRead(c, y, { scale, zeroPoint, type });
    const least = type === 'UINT8' ? 0 : type === 'INT8' ? -128 : Number.NaN;
    if (!isOpen || zeroPoint !== least) return y;
    return Math.abs(255 * scale - 6) < 0.01 ? c.clip(y, 0, 6) : c.b.relu(y);
  }
}

interface Stored {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly type: string;
}

function storeAndRead({ b, op }: Context, y: Value, { scale, zeroPoint, type }: Stored): Value {
  const point: Tensor =
    type === 'UINT8'
      ? { dtype: 'uint8', dims: [], data: Uint8Array.of(zeroPoint) }
      : { dtype: 'int8', dims: [], data: Int8Array.of(zeroPoint) };
  const step = [b.scalar(scale), b.constant('zero_point', point)];
  return op('DequantizeLinear', [op('QuantizeLinear', [y, ...step]), ...step]);
}
