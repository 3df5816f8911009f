import { describe, expect, it } from 'vitest';
import { type DType, dtypes, type NumericDType, type Tensor } from '../ir/index.ts';
import { decode } from './decode.ts';
import { encode, type Init } from './proto.ts';
import { tensorProto } from './schema.ts';
import { readTensor, writeTensor } from './tensors.ts';
import { codeToDtype, dtypeToCode } from './types.ts';

const throughFile = (init: Init<typeof tensorProto>) => decode(tensorProto, encode(tensorProto, init), 't');
const read = (init: Init<typeof tensorProto>) => readTensor(throughFile(init), 't');

const samples: { [T in DType]: Tensor<T> } = {
  float32: { dtype: 'float32', dims: [3], data: Float32Array.of(-0, Number.NaN, 1e-45) },
  float64: { dtype: 'float64', dims: [2], data: Float64Array.of(Math.PI, Number.NEGATIVE_INFINITY) },
  float16: { dtype: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0xfe01) },
  bfloat16: { dtype: 'bfloat16', dims: [2], data: Uint16Array.of(0x3f80, 0xffff) },
  int8: { dtype: 'int8', dims: [2], data: Int8Array.of(-128, 127) },
  int16: { dtype: 'int16', dims: [2], data: Int16Array.of(-32768, 32767) },
  int32: { dtype: 'int32', dims: [2], data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
  int64: { dtype: 'int64', dims: [3], data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, -1n) },
  uint8: { dtype: 'uint8', dims: [2, 1], data: Uint8Array.of(0, 255) },
  uint16: { dtype: 'uint16', dims: [2], data: Uint16Array.of(0, 65535) },
  uint32: { dtype: 'uint32', dims: [2], data: Uint32Array.of(0, 2 ** 32 - 1) },
  uint64: { dtype: 'uint64', dims: [2], data: BigUint64Array.of(0n, 2n ** 64n - 1n) },
  bool: { dtype: 'bool', dims: [2], data: Uint8Array.of(0, 1) },
  string: { dtype: 'string', dims: [2], data: ['', 'grün'] },
};

/** The `*_data` form of a sample, which the writer never uses. */
function asList(tensor: Tensor): Init<typeof tensorProto> {
  const head = { dims: tensor.dims.map(BigInt), dataType: dtypeToCode(tensor.dtype) };
  const items = Array.from(tensor.data as ArrayLike<number | bigint>);
  switch (tensor.dtype as NumericDType) {
    case 'float32':
      return { ...head, floatData: items.map(Number) };
    case 'float64':
      return { ...head, doubleData: items.map(Number) };
    case 'int64':
      return { ...head, int64Data: items.map(BigInt) };
    case 'uint32':
    case 'uint64':
      return { ...head, uint64Data: items.map(BigInt) };
    default:
      return { ...head, int32Data: items.map(Number) };
  }
}

describe('tensors', () => {
  it.each(dtypes)('%s keeps its bits as raw data', (dtype) => {
    expect(read(writeTensor('w', samples[dtype]))).toEqual(samples[dtype]);
  });

  it.each(dtypes.filter((d) => d !== 'string'))('%s keeps its bits as a list', (dtype) => {
    expect(read(asList(samples[dtype]))).toEqual(samples[dtype]);
  });

  it('has one code per element type', () => {
    expect(dtypes.map((dtype) => codeToDtype(dtypeToCode(dtype), 't'))).toEqual(dtypes);
  });

  it('reads empty tensors and scalars', () => {
    expect(read({ dataType: 1, dims: [0n, 3n] })).toEqual({ dtype: 'float32', dims: [0, 3], data: new Float32Array() });
    expect(read({ dataType: 7, int64Data: [-5n] })).toEqual({ dtype: 'int64', dims: [], data: BigInt64Array.of(-5n) });
  });
});
