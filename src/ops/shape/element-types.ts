/** The numbers under which ONNX's attributes (`Cast.to`, `QuantizeLinear.output_dtype`) name element types. */

import type { DType } from '../../ir/index.ts';

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

/** The element type with ONNX's number `code`; undefined for one that tensors here cannot have. */
export function dtypeOfElementCode(code: number): DType | undefined {
  return dtypes.get(code);
}
