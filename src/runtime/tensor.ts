/**
 * Tensors as users of onnxruntime know them: an element type, a typed array, dimensions. Constants of graphs are the
 * plain data of `ir/tensor.ts`.
 */

import { elementCount, TritbankError } from '../ir/index.ts';

/** The typed array of each element type. Results of int64 are given as int32. */
export interface Storage {
  float32: Float32Array;
  int8: Int8Array;
  uint8: Uint8Array;
  int32: Int32Array;
  bool: Uint8Array;
}

export type TensorDataType = keyof Storage;

const constructors = {
  float32: Float32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  bool: Uint8Array,
} as const;

export const isTensorDataType = (type: string): type is TensorDataType => Object.hasOwn(constructors, type);

/** What networks take; they may give all types. */
export const isInputType = (type: string): type is 'float32' | 'int8' | 'uint8' =>
  type === 'float32' || type === 'int8' || type === 'uint8';

/**
 * A dense tensor, row-major.
 *
 * @example
 * import { Tensor } from 'tritbank/runtime';
 *
 * const image = new Tensor('float32', new Float32Array(3 * 224 * 224), [1, 3, 224, 224]);
 */
export class Tensor<T extends TensorDataType = TensorDataType> {
  readonly type: T;
  readonly data: Storage[T];
  readonly dims: readonly number[];

  /** `data` is not copied. E_USAGE for an unknown type, E_SHAPE for data that do not fit the dimensions. */
  constructor(type: T, data: Storage[T] | readonly number[], dims: readonly number[] = [data.length]) {
    if (!isTensorDataType(type)) {
      const known = Object.keys(constructors).join(', ');
      throw new TritbankError('E_USAGE', 'tensor', `expected a type of ${known}, found '${String(type)}'`);
    }
    const kind = constructors[type];
    const isFitting = data instanceof kind || Array.isArray(data);
    if (!isFitting) {
      const found = Object.prototype.toString.call(data).slice(8, -1);
      throw new TritbankError('E_SHAPE', 'tensor', `expected ${kind.name} for ${type as string}, found ${found}`);
    }
    if (!Array.isArray(dims) || dims.some((d) => !Number.isInteger(d) || d < 0)) {
      throw new TritbankError('E_SHAPE', 'tensor', `expected dimensions of at least 0, found [${String(dims)}]`);
    }
    if (elementCount(dims) !== data.length) {
      const message = `expected ${elementCount(dims)} elements for [${dims.join(', ')}], found ${data.length}`;
      throw new TritbankError('E_SHAPE', 'tensor', message);
    }
    this.type = type;
    this.data = (data instanceof kind ? data : kind.from(data as readonly number[])) as Storage[T];
    this.dims = [...dims];
  }

  /** The number of elements. */
  get size(): number {
    return this.data.length;
  }

  /** The same elements, not copied, under other dimensions. E_SHAPE for dimensions of another number of elements. */
  reshape(dims: readonly number[]): Tensor<T> {
    return new Tensor(this.type, this.data, dims);
  }
}

/** A zero-filled array of a type. */
export const allocateData = (type: TensorDataType, length: number): Storage[TensorDataType] =>
  new constructors[type](length);
