/**
 * Five trits to a byte, and back by standard operators. A byte is sum_i (t_i + 1) 3^i over its five trits, the first
 * one lowest; 3^5 = 243 <= 256, so that a weight takes 1.6 bits where its entropy is at most 1.585. The last byte is
 * filled up with zeros.
 *
 *   Cast(bytes, int32) -> Gather(table [243, 5]) -> Reshape [-1] -> Slice [0, n) -> Reshape to the weight's shape
 *
 * (without the middle two where n is a multiple of five) depends on constants alone, so that a runtime computes it once,
 * when it loads the model. Gather takes no uint8.
 * Left out: codes that use how often each trit occurs.
 */

import { type DType, elementCodeOf, elementCount, i64, int, type Tensor, type Value } from '../../ir/index.ts';
import type { Emitter } from './emitter.ts';

const tritsPerByte = 5;
const codes = 3 ** tritsPerByte;

/** The bytes of ternary values, `[ceil(n / 5)]`. */
export function packTrits(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / tritsPerByte));
  for (let byte = 0; byte < bytes.length; byte++) {
    let code = 0;
    for (let i = tritsPerByte - 1; i >= 0; i--) code = 3 * code + (values[byte * tritsPerByte + i] ?? 0) + 1;
    bytes[byte] = code;
  }
  return bytes;
}

/** The trits of each byte, `[243, 5]`. */
function makeTable(): Tensor {
  const trit = (at: number) => (Math.floor(Math.floor(at / tritsPerByte) / 3 ** (at % tritsPerByte)) % 3) - 1;
  const data = Int8Array.from({ length: codes * tritsPerByte }, (_, at) => trit(at));
  return { dtype: 'int8', dims: [codes, tritsPerByte], data };
}

const castTo = (to: Emitter, x: Value, dtype: DType) => to.op('Cast', [x], { to: int(elementCodeOf(dtype)) });

/** Emits a ternary weight: its bytes as the constant `name`, unpacked to `dims` in elements of `dtype`. */
export function emitTrits(
  to: Emitter,
  name: string,
  values: ArrayLike<number>,
  dims: readonly number[],
  dtype: 'float32' | 'int8',
): Value {
  const bytes = packTrits(values);
  const packed = to.constant(name, { dtype: 'uint8', dims: [bytes.length], data: bytes });
  const trits = to.shared('trits', makeTable);
  const table = dtype === 'int8' ? trits : to.once('trits', () => castTo(to, trits, dtype));
  const indices = castTo(to, packed, 'int32');
  const rows = to.op('Gather', [table, indices]);
  const shape = to.shared(dims.join('x'), () => i64(dims));
  const count = elementCount(dims);
  if (count % tritsPerByte === 0) return to.op('Reshape', [rows, shape]);
  const flat = to.op('Reshape', [rows, to.shared('-1', () => i64([-1]))]);
  const cut = to.op('Slice', [flat, to.shared('0', () => i64([0])), to.shared(`${count}`, () => i64([count]))]);
  return to.op('Reshape', [cut, shape]);
}
