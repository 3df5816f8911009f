/**
 * Element types and constant tensors. A tensor is plain data: dims and a typed array in row-major order.
 * Half-precision values are kept as their 16-bit patterns.
 */

export const dtypes = [
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
  'string',
] as const;

export type DType = (typeof dtypes)[number];

/** The typed array of each element type. */
export interface Elements {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
  string: string[];
}

export type NumericDType = Exclude<DType, 'string'>;
export type TensorData = Elements[DType];

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** A constant: `data.length` equals the product of `dims`. */
export interface Tensor<T extends DType = DType> {
  readonly dtype: T;
  readonly dims: readonly number[];
  readonly data: Elements[T];
}

/** Number of elements of a tensor with these dimensions (1 for a scalar). */
export function elementCount(dims: readonly number[]): number {
  let n = 1;
  for (const d of dims) n *= d;
  return n;
}

/** Bytes per element; 0 for strings, which have no fixed size. */
export function bytesPerElement(dtype: DType): number {
  return dtype === 'string' ? 0 : constructors[dtype].BYTES_PER_ELEMENT;
}

/** A zero-filled typed array of `length` elements for `dtype`. */
export function allocate<T extends NumericDType>(dtype: T, length: number): Elements[T] {
  return new constructors[dtype](length) as Elements[T];
}

/** Reads little-endian bytes as elements of `dtype`, copying so that the result is aligned and owned. */
export function fromBytes<T extends NumericDType>(dtype: T, bytes: Uint8Array): Elements[T] {
  const copy = bytes.slice();
  return new constructors[dtype](copy.buffer) as Elements[T];
}

/** Little-endian bytes as elements of `dtype`, without copying where they are aligned. */
export function viewBytes<T extends NumericDType>(dtype: T, bytes: Uint8Array): Elements[T] {
  const size = bytesPerElement(dtype);
  if (bytes.byteOffset % size !== 0) return fromBytes(dtype, bytes);
  return new constructors[dtype](bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / size) as Elements[T];
}

/** The little-endian bytes of a numeric tensor, without copying. */
export function toBytes(tensor: Tensor): Uint8Array {
  if (tensor.dtype === 'string') throw new Error('internal: string tensors have no fixed byte layout');
  const data = tensor.data as Exclude<TensorData, string[]>;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * A float32 tensor, row-major: `data` has as many elements as the product of `dims`. Without `data`, zeros.
 *
 * @example
 * import { f32 } from 'tritbank/graph';
 *
 * const matrix = f32([2, 3], [1, 2, 3, 4, 5, 6]);
 * const zeros = f32([1, 3, 32, 32]);
 */
export function f32(dims: readonly number[], data?: ArrayLike<number>): Tensor<'float32'> {
  return { dtype: 'float32', dims, data: data ? Float32Array.from(data) : new Float32Array(elementCount(dims)) };
}

/**
 * A float32 scalar: a tensor without dimensions.
 *
 * @example
 * import { scalar } from 'tritbank/graph';
 *
 * const { dims, data } = scalar(0.5);
 * console.log(dims.length, data[0]); // 0, 0.5
 */
export function scalar(value: number): Tensor<'float32'> {
  return { dtype: 'float32', dims: [], data: Float32Array.of(value) };
}

/**
 * An int64 tensor of whole numbers, by default of one dimension, the form in which ONNX takes shapes, axes and pads.
 *
 * @example
 * import { Graph, i64 } from 'tritbank/graph';
 *
 * const graph = new Graph('flatten');
 * const shape = graph.initializer('shape', i64([0, -1]));
 * graph.outputs = [graph.add('Reshape', [graph.input('x', 'float32', ['N', 3, 8, 8]), shape]).output()];
 */
export function i64(values: readonly number[], dims: readonly number[] = [values.length]): Tensor<'int64'> {
  return { dtype: 'int64', dims, data: BigInt64Array.from(values, (v) => BigInt(v)) };
}

/** The elements as JavaScript numbers; half-precision patterns are decoded, booleans are 0 or 1. */
export function toNumbers(tensor: Tensor): number[] {
  if (tensor.dtype === 'string') throw new Error('internal: string tensor read as numbers');
  if (tensor.dtype === 'float16') return Array.from(tensor.data as Uint16Array, decodeHalf);
  if (tensor.dtype === 'bfloat16') return Array.from(tensor.data as Uint16Array, decodeBfloat);
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

/** IEEE 754 half-precision bits to a number. */
export function decodeHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : (sign * fraction) / 2 ** 24;
}

function decodeBfloat(bits: number): number {
  return new Float32Array(new Uint32Array([bits << 16]).buffer)[0]!;
}
