/** ONNX's numbers for element types (TensorProto.DataType), as files and attributes like `Cast.to` use them. */

import type { DType } from './tensor.ts';

const codes: { readonly [K in DType]: number } = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
};

const dtypes = new Map(Object.entries(codes).map(([dtype, code]) => [code, dtype as DType]));

/** ONNX's number of an element type. */
export function elementCodeOf(dtype: DType): number {
  return codes[dtype];
}

/** The element type with ONNX's number `code`; undefined for one that tensors here cannot have. */
export function dtypeOfElementCode(code: number): DType | undefined {
  return dtypes.get(code);
}
