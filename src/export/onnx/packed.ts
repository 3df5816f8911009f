/**
 * Weights of few values, several to a byte, and back by standard operators that depend on constants alone, so that a
 * runtime computes them once, when it loads the model:
 *
 *   Cast(bytes, int32) -> Gather(table [codes, per byte]) -> Reshape [-1] -> Slice [0, n) -> Reshape to the weight's shape
 *
 * (without the middle two where n fills its bytes). Gather takes no uint8.
 */

import { elementCount, i64, type Tensor, type Value } from '../../ir/index.ts';
import type { Emitter } from './emitter.ts';

/** A way to pack: digits of `base`, the first one lowest, each a value plus `offset`. */
export interface Packing {
  readonly name: string;
  readonly base: number;
  readonly perByte: number;
  readonly offset: number;
}

/** Five trits, 3^5 = 243 <= 256: 1.6 bits a weight, whose entropy is at most 1.585. */
export const fiveTrits: Packing = { name: 'trits', base: 3, perByte: 5, offset: 1 };

/** Two integers of four bits, from -8 to 7. */
export const nibbles: Packing = { name: 'nibbles', base: 16, perByte: 2, offset: 8 };

/** The bytes of such values, `[ceil(n / perByte)]`; the last one is filled up with zeros. */
export function packValues(values: ArrayLike<number>, { base, perByte, offset }: Packing): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / perByte));
  for (let byte = 0; byte < bytes.length; byte++) {
    let code = 0;
    for (let i = perByte - 1; i >= 0; i--) code = base * code + (values[byte * perByte + i] ?? 0) + offset;
    bytes[byte] = code;
  }
  return bytes;
}

/** The values of each byte, `[base^perByte, perByte]`. */
function makeTable({ base, perByte, offset }: Packing): Tensor {
  const codes = base ** perByte;
  const value = (at: number) => (Math.floor(Math.floor(at / perByte) / base ** (at % perByte)) % base) - offset;
  const data = Int8Array.from({ length: codes * perByte }, (_, at) => value(at));
  return { dtype: 'int8', dims: [codes, perByte], data };
}

/** Emits a weight: its bytes as the constant `name`, unpacked to `dims` in elements of `dtype`. */
export function emitPacked(
  to: Emitter,
  name: string,
  values: ArrayLike<number>,
  dims: readonly number[],
  dtype: 'float32' | 'int8',
  packing: Packing,
): Value {
  const bytes = packValues(values, packing);
  const packed = to.constant(name, { dtype: 'uint8', dims: [bytes.length], data: bytes });
  const own = to.shared(packing.name, () => makeTable(packing));
  const table = dtype === 'int8' ? own : to.once(packing.name, () => to.cast(own, dtype));
  const indices = to.cast(packed, 'int32');
  const rows = to.op('Gather', [table, indices]);
  const shape = to.shared(dims.join('x'), () => i64(dims));
  const count = elementCount(dims);
  if (count % packing.perByte === 0) return to.op('Reshape', [rows, shape]);
  const flat = to.op('Reshape', [rows, to.shared('-1', () => i64([-1]))]);
  const cut = to.op('Slice', [flat, to.shared('0', () => i64([0])), to.shared(`${count}`, () => i64([count]))]);
  return to.op('Reshape', [cut, shape]);
}
