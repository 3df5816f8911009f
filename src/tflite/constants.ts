/**
 * Constants of a TensorFlow Lite file as tensors of the graph. What is stored with a scale becomes the real numbers that
 * it stands for, `scale (stored - zero point)` in float32; half-precision numbers become float32; whole numbers without a
 * scale stay what they are.
 */

import { type DType, decodeHalf, elementCount, type Tensor, TritbankError, viewBytes } from '../ir/index.ts';
import type { TensorType, TfliteTensor } from './schema.ts';

/** The element type of a tensor in the graph. Undefined for types that no classifier computes with. */
export function dtypeOf({ type, quantization }: TfliteTensor): DType | undefined {
  return quantization && isStored(type) ? 'float32' : dtypes[type];
}

const dtypes: { readonly [K in TensorType]?: DType } = {
  FLOAT32: 'float32',
  FLOAT16: 'float32',
  BFLOAT16: 'float32',
  FLOAT64: 'float32',
  INT64: 'int64',
  INT32: 'int32',
  INT16: 'int16',
  INT8: 'int8',
  UINT8: 'uint8',
  BOOL: 'bool',
};

/** Types that carry scales. */
const isStored = (type: TensorType) => ['INT32', 'INT64', 'INT16', 'INT8', 'UINT8', 'INT4'].includes(type);

/** Whether the numbers that are computed are stored in few bits, by a scale. */
export const isQuantized = ({ type, quantization }: TfliteTensor): boolean =>
  quantization !== undefined && ['INT16', 'INT8', 'UINT8'].includes(type);

const bytesOf: { readonly [K in TensorType]?: number } = {
  FLOAT64: 8,
  INT64: 8,
  FLOAT32: 4,
  INT32: 4,
  FLOAT16: 2,
  BFLOAT16: 2,
  INT16: 2,
  INT8: 1,
  UINT8: 1,
  BOOL: 1,
  INT4: 0.5,
};

type Numbers = ArrayLike<number | bigint>;

const bfloat = (bits: number) => new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;

/** Two to a byte, the lower half first. */
function nibbles(data: Uint8Array, count: number): Int8Array {
  return Int8Array.from({ length: count }, (_, i) => ((data[i >> 1]! >> (i % 2 === 0 ? 0 : 4)) << 28) >> 28);
}

/** The numbers as they are stored. */
function storedNumbers(type: TensorType, data: Uint8Array, count: number): Numbers | undefined {
  switch (type) {
    case 'FLOAT32':
      return viewBytes('float32', data);
    case 'FLOAT64':
      return viewBytes('float64', data);
    case 'FLOAT16':
      return Float32Array.from(viewBytes('float16', data), decodeHalf);
    case 'BFLOAT16':
      return Float32Array.from(viewBytes('uint16', data), bfloat);
    case 'INT64':
      return viewBytes('int64', data);
    case 'INT32':
      return viewBytes('int32', data);
    case 'INT16':
      return viewBytes('int16', data);
    case 'INT8':
      return viewBytes('int8', data);
    case 'UINT8':
    case 'BOOL':
      return data;
    case 'INT4':
      return nibbles(data, count);
    default:
      return undefined;
  }
}

/** The constant that a tensor holds; undefined for one without data. E_FORMAT for data of another size. */
export function constantOf(tensor: TfliteTensor): Tensor | undefined {
  const { name, type, shape, data, quantization } = tensor;
  const count = elementCount(shape);
  if (data.length === 0 && count > 0) return undefined;
  const where = `tensor '${name}'`;
  const dtype = dtypeOf(tensor);
  const bytes = Math.ceil(count * (bytesOf[type] ?? 0));
  if (dtype && bytes !== data.length) {
    throw new TritbankError(
      'E_FORMAT',
      where,
      `expected ${bytes} bytes for [${shape.join(', ')}], found ${data.length}`,
    );
  }
  const stored = dtype && storedNumbers(type, data, count);
  if (!stored) throw new TritbankError('E_UNSUPPORTED', where, `expected numbers, found ${type}`);
  if (quantization && isStored(type)) return { dtype: 'float32', dims: shape, data: dequantize(stored, tensor) };
  if (dtype === 'float32') return { dtype, dims: shape, data: Float32Array.from(stored as ArrayLike<number>) };
  // copies: the graph outlives the file's bytes
  return { dtype, dims: shape, data: (stored as Int32Array).slice() } as Tensor;
}

function dequantize(stored: Numbers, { name, shape, quantization }: TfliteTensor): Float32Array {
  const { scale, zeroPoint, axis } = quantization!;
  const along = shape.length === 1 ? 0 : axis;
  const positions = scale.length === 1 ? 1 : shape[along];
  if (positions !== scale.length) {
    const found = `${scale.length} for [${shape.join(', ')}] along axis ${axis}`;
    throw new TritbankError('E_FORMAT', `tensor '${name}'`, `expected a scale for each position, found ${found}`);
  }
  const inner = positions === 1 ? stored.length : elementCount(shape.slice(along + 1));
  const real = new Float32Array(stored.length);
  for (let start = 0, position = 0; start < real.length; start += inner, position = (position + 1) % positions) {
    const [step, zero] = [scale[position]!, zeroPoint[position]!];
    for (let i = start; i < start + inner; i++) real[i] = step * (Number(stored[i]) - zero);
  }
  return real;
}
